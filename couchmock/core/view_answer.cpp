#include "couchmock/core/view_answer.hpp"

#include "couchmock/core/document_json.hpp"
#include "couchmock/core/document_query.hpp"
#include "couchmock/core/edit_reader.hpp"
#include "couchmock/core/json_slices.hpp"
#include "node/base/json.hpp"

#include <algorithm>
#include <unordered_map>

namespace davenport::couchmock {
namespace {

namespace json = boost::json;

constexpr std::string_view lowest_id;
constexpr std::string_view highest_id = "\xFF";

std::string sort_key_of(const json::value& key, Collation collation, std::string_view partition) {
    std::string out;
    if (!partition.empty()) {
        out = partition;
        out += '\0';
    }
    append_sort_key(out, key, collation);
    return out;
}

void append_current(std::string& out, const Database& database, std::string_view id,
                    const DocumentView& view) {
    const auto* document = database.find(id);
    if (!document || document->tree.deleted())
        out += "null";
    else
        append_document(out, *document, document->tree.winner(), view);
}

/// A row's value may name another document, of which it then shows the newest revision, or one that it names.
/// False when it names none.
bool append_linked(std::string& out, const Database& database, const json::value& value) {
    const auto* id = base::member(value, "_id");
    if (!id) return false;
    const auto rev = base::string_member(value, "_rev");
    const auto* document = id->is_string() ? database.find(std::string_view{id->get_string()}) : nullptr;
    if (!document || (!rev && document->tree.deleted())) {
        out += "null";
        return true;
    }
    const auto node = rev ? document->tree.find(read_revision(*rev)) : document->tree.winner();
    if (node == RevTree::none || !document->tree.at(node).leaf)
        out += "null";
    else
        append_document(out, *document, node);
    return true;
}

}  // namespace

ViewReader::ViewReader(const Database& database, View& view, const ViewQuery& query, std::string partition)
    : database_(database),
      view_(view),
      query_(query),
      partition_(std::move(partition)),
      reduces_(couchmock::reduces(query, view.reducer.has_value())) {
    check_range();
}

void ViewReader::check_range() const {
    const auto& list = query_.list;
    if (list.keys || !list.start || !list.end || *list.start == *list.end) return;
    const auto start = sort_key_of(*list.start, view_.collation, {});
    const auto end = sort_key_of(*list.end, view_.collation, {});
    const bool rising =
        start < end || (start == end && query_.start_id.value_or("") < query_.end_id.value_or("\xFF"));
    if (rising == list.descending)
        throw ApiError{400,
                       "query_parse_error",
                       std::string{"No rows can match your key range, reverse your start_key and end_key or "
                                   "set descending="} +
                           (list.descending ? "false" : "true"),
                       {},
                       false,
                       72864418};
}

ViewReader::Range ViewReader::range_of(const json::value* start, const json::value* end) const {
    const auto& rows = view_.rows;
    const bool inclusive = query_.list.inclusive_end;
    Range range{0, rows.size()};
    if (!partition_.empty()) {
        const auto prefix = partition_ + '\0';
        range = {rows.lower_bound(prefix, lowest_id), rows.behind_prefix(prefix)};
    }
    const auto key = [&](const json::value* value) {
        return sort_key_of(*value, view_.collation, partition_);
    };
    const std::string_view end_id = query_.end_id                         ? std::string_view{*query_.end_id}
                                    : query_.list.descending == inclusive ? lowest_id
                                                                          : highest_id;
    if (query_.list.descending) {
        if (start) range.last = rows.upper_bound(key(start), query_.start_id.value_or("\xFF"));
        if (end)
            range.first = inclusive ? rows.lower_bound(key(end), end_id) : rows.upper_bound(key(end), end_id);
    } else {
        if (start) range.first = rows.lower_bound(key(start), query_.start_id.value_or(""));
        if (end)
            range.last = inclusive ? rows.upper_bound(key(end), end_id) : rows.lower_bound(key(end), end_id);
    }
    range.last = std::max(range.first, range.last);
    return range;
}

std::vector<ViewReader::Range> ViewReader::ranges() const {
    const auto& list = query_.list;
    if (!list.keys) return {range_of(list.start ? &*list.start : nullptr, list.end ? &*list.end : nullptr)};
    std::vector<Range> out;
    for (const auto& key : *list.keys) out.push_back(range_of(&key, &key));
    // A key that was given twice has all its rows where it stands last.
    std::unordered_map<std::string, std::size_t> last_of;
    std::vector<std::string> texts;
    for (const auto& key : *list.keys) {
        last_of[base::write_json(key)] = texts.size();
        texts.push_back(base::write_json(key));
    }
    std::vector<std::size_t> order;
    for (const auto& text : texts) order.push_back(last_of.at(text));
    std::vector<std::size_t> places(out.size());
    for (std::size_t i = 0; i < places.size(); ++i) places[i] = i;
    std::ranges::stable_sort(places, {}, [&](std::size_t i) { return order[i]; });
    std::vector<Range> sorted;
    sorted.reserve(places.size());
    for (const auto place : places) sorted.push_back(out[place]);
    if (list.descending) std::ranges::reverse(sorted);
    return sorted;
}

std::size_t ViewReader::rows_before(std::size_t place, std::size_t shard) const {
    const auto& rows = view_.rows;
    const auto number = static_cast<std::uint32_t>(shard);
    const auto above = rows.count_before(place, number);
    return query_.list.descending ? rows.count_before(rows.size(), number) - above : above;
}

/// Every shard looks for the keys in their order, and says what stands before the first row that it has.
std::size_t ViewReader::offset_of_keys(const std::vector<Range>& all) const {
    if (all.empty()) return 0;
    const auto& rows = view_.rows;
    std::size_t sum = 0;
    for (std::size_t shard = 0; shard < database_.shard_count(); ++shard) {
        const auto number = static_cast<std::uint32_t>(shard);
        const auto has_row = [&](const Range& range) {
            return rows.count_before(range.first, number) < rows.count_before(range.last, number);
        };
        const auto found = std::ranges::find_if(all, has_row);
        const auto& range = found == all.end() ? all.back() : *found;
        sum += rows_before(query_.list.descending ? range.last : range.first, shard);
    }
    return sum;
}

ViewHead ViewReader::head() const {
    if (reduces_) return {};
    const auto all = ranges();
    auto total = view_.rows.size();
    std::size_t offset = 0;
    if (!partition_.empty()) {  // one shard is asked
        const auto shard = database_.shard_of(partition_ + ":x");
        const bool down = query_.list.descending;
        offset = all.empty() ? 0 : rows_before(down ? all.front().last : all.front().first, shard);
        total = view_.rows.count_before(total, static_cast<std::uint32_t>(shard));
    } else if (query_.list.keys) {
        offset = offset_of_keys(all);
    } else {
        offset = query_.list.descending ? total - all.front().last : all.front().first;
    }
    const auto skip = std::min<std::uint64_t>(query_.list.skip, total);
    return {total, std::min<std::size_t>(total, offset + skip)};
}

void ViewReader::read(const std::function<void(std::string)>& show) const {
    auto skip = query_.list.skip;
    auto limit = query_.list.limit;
    for (const auto& range : ranges())
        reduces_ ? read_groups(range, skip, limit, show) : read_rows(range, skip, limit, show);
}

void ViewReader::read_rows(const Range& range, std::uint64_t& skip, std::uint64_t& limit,
                           const std::function<void(std::string)>& show) const {
    const auto count = range.last - range.first;
    const auto passed = std::min<std::uint64_t>(skip, count);
    skip -= passed;
    for (auto i = static_cast<std::size_t>(passed); i < count && limit > 0; ++i, --limit) {
        std::string text;
        append_row(text, view_.rows.at(query_.list.descending ? range.last - 1 - i : range.first + i));
        show(std::move(text));
    }
}

void ViewReader::append_row(std::string& out, const ViewRow& row) const {
    out += "{\"id\":";
    base::append_json_string(out, row.id);
    out += ",\"key\":" + row.key + ",\"value\":" + row.value;
    if (query_.list.include_docs) {
        out += ",\"doc\":";
        const auto value = row.value.starts_with('{') ? base::parse_json(row.value) : std::nullopt;
        if (!value || !append_linked(out, database_, *value))
            append_current(out, database_, row.id, query_.list.view);
    }
    out += '}';
}

// ---- groups

std::string_view ViewReader::group_prefix(std::size_t place) const {
    const std::string_view key = view_.rows.at(place).sort_key;
    if (query_.groups_whole()) return key;
    const auto skipped = partition_.empty() ? 0 : partition_.size() + 1;
    return key.substr(0, skipped + sort_key_prefix(key.substr(skipped), query_.level()).size());
}

std::size_t ViewReader::group_end(std::size_t place, const Range& range) const {
    if (!query_.groups_whole() && query_.level() == 0) return range.last;
    const auto& rows = view_.rows;
    const auto own = group_prefix(place);
    // Whole keys and prefixes alike: no sort key is the beginning of another.
    if (place + 1 >= range.last || !rows.at(place + 1).sort_key.starts_with(own)) return place + 1;
    return std::min(range.last, rows.behind_prefix(own));
}

std::size_t ViewReader::group_begin(std::size_t place, const Range& range) const {
    if (!query_.groups_whole() && query_.level() == 0) return range.first;
    const auto& rows = view_.rows;
    const auto own = group_prefix(place);
    return std::max(range.first, rows.lower_bound(own, lowest_id));
}

std::string ViewReader::group_key(std::size_t place) const {
    const auto& row = view_.rows.at(place);
    if (query_.groups_whole()) return row.key;
    if (query_.level() == 0) return "null";
    const auto parts = row.key.starts_with('[') ? slice_array(row.key) : std::nullopt;
    if (!parts || parts->size() <= query_.level()) return row.key;
    std::string out = "[";
    for (std::size_t i = 0; i < query_.level(); ++i) {
        if (i > 0) out += ',';
        out += (*parts)[i];
    }
    return out + ']';
}

void ViewReader::read_groups(const Range& range, std::uint64_t& skip, std::uint64_t& limit,
                             const std::function<void(std::string)>& show) const {
    auto rest = range;
    while (rest.first < rest.last && limit > 0) {
        auto group = rest;
        if (query_.list.descending) {
            group.first = group_begin(rest.last - 1, rest);
            rest.last = group.first;
        } else {
            group.last = group_end(rest.first, rest);
            rest.first = group.last;
        }
        if (skip > 0) {
            --skip;
            continue;
        }
        --limit;
        const auto reduction = view_.reducer->reduce_range(view_.rows, group.first, group.last);
        if (const auto reason = Reducer::overflow_of(reduction))
            show(R"({"key":null,"error":"reduce_overflow_error","reason":)" + std::string{*reason} + '}');
        else
            show("{\"key\":" + group_key(group.first) + ",\"value\":" + reduction + '}');
    }
}

}  // namespace davenport::couchmock
