#include "couchmock/core/all_docs_query.hpp"
#include "couchmock/core/api_show.hpp"
#include "couchmock/core/document_json.hpp"
#include "couchmock/core/edit_reader.hpp"
#include "node/base/json.hpp"

#include <iterator>
#include <utility>

#include <fmt/format.h>

namespace davenport::couchmock::api {
namespace {

namespace json = boost::json;

std::size_t rank_below(const LiveIndex& index, const json::value& key) {
    return side_of(key) < 0   ? 0
           : side_of(key) > 0 ? index.size()
                              : index.rank(std::string_view{key.get_string()});
}
std::size_t rank_through(const LiveIndex& index, const json::value& key) {
    return side_of(key) < 0   ? 0
           : side_of(key) > 0 ? index.size()
                              : index.rank_after(std::string_view{key.get_string()});
}

void append_row(std::string& out, const Document& document, const ListQuery& range) {
    const auto& tree = document.tree;
    out += "\r\n{\"id\":";
    const auto id_at = out.size();
    base::append_json_string(out, document.id);
    const auto id_size = out.size() - id_at;
    out += ",\"key\":";
    out.append(out, id_at, id_size);
    out += ",\"value\":{\"rev\":\"";
    append_revision(out, tree.at(tree.winner()).revision);
    out += tree.deleted() ? "\",\"deleted\":true}" : "\"}";
    if (range.include_docs) {
        out += ",\"doc\":";
        if (tree.deleted())
            out += "null";
        else
            append_document(out, document, tree.winner(), range.view);
    }
    out += '}';
}

void append_head(std::string& out, Database& database, const ListQuery& range, std::size_t total,
                 std::optional<std::size_t> offset) {
    fmt::format_to(std::back_inserter(out), "{{\"total_rows\":{},\"offset\":{},", total,
                   offset ? std::to_string(*offset) : "null");
    if (range.update_seq)
        out += offset ? "\"update_seq\":\"" +
                            database.sequence(database.log(range.member).now(), range.member) + "\","
                      : "\"update_seq\":null,";
    out += "\"rows\":[";
}

void append_range(std::string& out, Database& database, const ListQuery& range, std::string_view prefix) {
    const auto& index = database.live();
    const auto size = index.size();
    // [first, last) in rising order
    std::size_t first = 0;
    std::size_t last = size;
    std::size_t total = size;
    if (range.descending) {
        if (range.start) last = rank_through(index, *range.start);
        if (range.end)
            first = range.inclusive_end ? rank_below(index, *range.end) : rank_through(index, *range.end);
    } else {
        if (range.start) first = rank_below(index, *range.start);
        if (range.end)
            last = range.inclusive_end ? rank_through(index, *range.end) : rank_below(index, *range.end);
    }
    if (!prefix.empty()) {
        const auto begin = index.rank(prefix);
        std::string beyond{prefix};
        ++beyond.back();
        const auto end = index.rank(beyond);
        first = std::max(first, begin);
        last = std::min(last, end);
        // Of design documents CouchDB counts those alone, but what stands before them it counts whole.
        if (prefix == "_design/") total = end - begin;
    }
    const auto available = last > first ? last - first : 0;
    const auto before = range.descending ? size - last : first;
    append_head(out, database, range, total,
                static_cast<std::size_t>(
                    std::min<std::uint64_t>(before + std::min<std::uint64_t>(range.skip, total), total)));
    auto left = range.skip >= available ? 0 : std::min<std::uint64_t>(range.limit, available - range.skip);
    if (left == 0) out += "\r\n";
    auto cursor = index.at(range.descending ? last - 1 - std::min<std::uint64_t>(range.skip, last - 1)
                                            : first + range.skip);
    for (bool comma = false; left > 0; --left) {
        if (const auto& document = *cursor.get(); database.is_at(document, range.member)) {
            if (std::exchange(comma, true)) out += ',';
            append_row(out, document, range);
        }
        range.descending ? cursor.previous() : cursor.next();
    }
    out += "\r\n]}";
}

void append_keys(std::string& out, Database& database, const ListQuery& range, std::string_view prefix) {
    const bool designs_only = prefix == "_design/";
    auto total = database.doc_count();
    auto keys = *range.keys;
    if (designs_only) {
        const auto& index = database.live();
        total = index.rank("_design0") - index.rank("_design/");
        std::erase_if(keys, [](const json::value& key) {
            return !key.is_string() || !std::string_view{key.get_string()}.starts_with("_design/");
        });
    }
    if (!prefix.empty() && !designs_only)
        for (const auto& key : keys)
            if (key.is_string()) check_document_id(database, std::string_view{key.get_string()});
    append_head(out, database, range, total, std::nullopt);
    std::uint64_t shown = 0;
    for (std::size_t i = range.skip; i < keys.size() && shown < range.limit; ++i, ++shown) {
        if (shown > 0) out += ',';
        const auto& key = keys[range.descending ? keys.size() - 1 - i : i];
        const auto* document =
            key.is_string() ? database.find_at(std::string_view{key.get_string()}, range.replicas) : nullptr;
        if (document) {
            append_row(out, *document, range);
        } else {
            out += "\r\n{\"key\":" + base::write_json(key) + ",\"error\":\"not_found\"}";
        }
    }
    out += shown == 0 ? "\r\n\r\n]}" : "\r\n]}";
}

/// Of a partition: named in the path or in the query.
void bound(const Server& server, const Database& database, ListQuery& query, std::string_view prefix) {
    const bool in_partition = !query.partition.empty() || prefix.ends_with(':');
    apply_limit(server, database.settings().partitioned && in_partition, query);
}

void append_answer(std::string& out, Database& database, const ListQuery& range, std::string_view prefix) {
    if (!range.partition.empty() && !database.settings().partitioned)
        throw ApiError{400, "query_parse_error", "`partition` parameter is not supported on this db", {}};
    const auto of_partition = range.partition.empty() ? std::string{} : range.partition + ':';
    if (range.keys)
        append_keys(out, database, range, prefix);
    else
        append_range(out, database, range, prefix.empty() ? of_partition : prefix);
}

}  // namespace

std::string all_docs_answer(Database& database, const ListQuery& query) {
    std::string out;
    append_answer(out, database, query, {});
    return out;
}

void all_docs(Server& server, Call& call, Database& database, std::string_view prefix, bool multiple) {
    std::string out;
    if (multiple) {
        out = "{\"results\":[";
        for (auto& range : read_list_queries(call)) {
            range.member = call.member;
            range.replicas = call.replicas;
            bound(server, database, range, prefix);
            out += out.ends_with('[') ? "\r\n" : ",\r\n";
            append_answer(out, database, range, prefix);
        }
        server.send_chunked(call, out + "\r\n]}\n");
        return;
    }
    if (call.method() != "GET" && call.method() != "POST") throw method_not_allowed("GET,HEAD,POST");
    auto query = read_list_query(call, call.method() == "POST");
    query.member = call.member;
    query.replicas = call.replicas;
    bound(server, database, query, prefix);
    append_answer(out, database, query, prefix);
    server.send_chunked(call, out + '\n');
}

}  // namespace davenport::couchmock::api
