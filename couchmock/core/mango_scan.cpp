#include "couchmock/core/mango_scan.hpp"

#include "couchmock/core/collation.hpp"
#include "couchmock/core/document_json.hpp"
#include "node/base/http.hpp"
#include "node/base/json.hpp"

#include <algorithm>

namespace davenport::couchmock {
namespace {

namespace json = boost::json;

constexpr std::string_view bookmark_opening = "g1AAAA";  // as CouchDB's own begin

/// One row of an index, as a view would have it.
struct Row {
    json::value key;
    const Document* document;
    json::value value;       ///< the document
    bool is_design = false;  ///< looked at and never found
};

/// Ids are compared as bytes, keys of other indexes by collation.
int compare_keys(const json::value& a, const json::value& b, bool special) {
    if (special && a.is_string() && b.is_string()) return a.get_string().compare(b.get_string());
    return compare_json(a, b);
}

bool is_below(const Row& a, const Row& b, bool special) {
    if (const int order = compare_keys(a.key, b.key, special); order != 0) return order < 0;
    return a.document->id < b.document->id;
}

/// The rows that a view over this index has, in its order.
std::vector<Row> rows_of(const Database& database, const MangoIndex& index, const MangoQuery& query) {
    std::vector<Row> rows;
    std::vector<std::vector<std::string>> paths;
    for (const auto& [field, descending] : index.columns) paths.push_back(split_field(field));
    std::optional<Selector> partial;
    if (!index.partial.is_null()) partial.emplace(index.partial);
    const auto prefix = query.partition.empty() ? std::string{} : query.partition + ':';
    for (auto cursor = database.live().at(database.live().rank(prefix)); cursor.get(); cursor.next()) {
        const auto& document = *cursor.get();
        if (!document.id.starts_with(prefix)) break;
        if (document.id.starts_with("_design/")) {
            if (index.is_special()) rows.push_back({json::string{document.id}, &document, {}, true});
            continue;
        }
        std::string text;
        append_document(text, document, document.tree.winner(), {.conflicts = query.conflicts});
        auto value = base::parse_json(text);
        if (!value) continue;
        if (index.is_special()) {
            rows.push_back({json::string{document.id}, &document, std::move(*value)});
            continue;
        }
        json::array key;
        for (const auto& path : paths)
            if (const auto* field = find_field(*value, path)) key.push_back(*field);
        if (key.size() < paths.size() || (partial && !partial->matches(*value))) continue;
        rows.push_back({std::move(key), &document, std::move(*value)});
    }
    const bool special = index.is_special();
    if (!special)
        std::ranges::sort(rows, [&](const Row& a, const Row& b) { return is_below(a, b, special); });
    return rows;
}

/// Where a row's key lies: -1 before the ranges, 1 behind them. As for a view's keys, only the first range
/// that is open to one side bounds it there; what is behind it is for the selector.
int side_of(const json::value& key, const std::vector<FieldRange>& ranges, bool special) {
    const auto part = [&](std::size_t i) -> const json::value& { return special ? key : key.get_array()[i]; };
    for (std::size_t i = 0; i < ranges.size() && ranges[i].low; ++i) {
        const int order = compare_keys(part(i), *ranges[i].low, special);
        if (order < 0) return -1;
        if (order > 0) break;
    }
    for (std::size_t i = 0; i < ranges.size() && ranges[i].high; ++i) {
        const int order = compare_keys(part(i), *ranges[i].high, special);
        if (order > 0) return 1;
        if (order < 0) break;
    }
    return 0;
}

/// Whether a row stands before the place where a bookmark goes on.
bool is_passed(const Row& row, const MangoPlace& place, bool special, bool descending) {
    int order = compare_keys(row.key, place.key, special);
    if (order == 0) order = row.document->id.compare(place.id);
    return descending ? order > 0 : order < 0;
}

}  // namespace

std::string write_bookmark(const MangoPlace& place) {
    const json::array both{json::string{place.id}, place.key};
    return std::string{bookmark_opening} + base::base64url_encode(base::write_json(both));
}

std::optional<MangoPlace> read_bookmark(std::string_view text) {
    if (!text.starts_with(bookmark_opening)) return std::nullopt;
    const auto decoded = base::base64url_decode(text.substr(bookmark_opening.size()));
    const auto value = decoded ? base::parse_json(*decoded) : std::nullopt;
    if (!value || !value->is_array() || value->get_array().size() != 2 || !value->get_array()[0].is_string())
        return std::nullopt;
    return MangoPlace{value->get_array()[1], std::string{value->get_array()[0].get_string()}};
}

MangoResult run_query(const Database& database, const MangoPlan& plan, const MangoQuery& query,
                      const std::optional<MangoPlace>& from) {
    const auto& index = *plan.index;
    const bool special = index.is_special();
    const bool descending = !query.sort.empty() && query.sort.front().second;
    const bool covered = plan.covers(query);
    auto rows = rows_of(database, index, query);
    if (descending) std::ranges::reverse(rows);
    MangoResult result;
    bool passes_one = from.has_value();
    auto skip = query.skip;
    for (auto& row : rows) {
        if (side_of(row.key, plan.ranges, special) != 0) continue;
        if (from && is_passed(row, *from, special, descending)) continue;
        ++result.keys_examined;
        if (!covered) ++result.documents_examined;
        if (row.is_design || !query.selector.matches(row.value)) continue;
        if (passes_one) {
            passes_one = false;
            continue;
        }
        if (skip == 0 && result.documents.size() == query.limit) break;
        if (query.limit > 0) result.last = MangoPlace{row.key, std::string{row.document->id}};
        if (skip > 0) {
            --skip;
            continue;
        }
        result.documents.push_back(project(row.value, query.fields));
    }
    return result;
}

}  // namespace davenport::couchmock
