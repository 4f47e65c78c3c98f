#include "couchmock/core/api.hpp"
#include "couchmock/core/mango_explain.hpp"
#include "couchmock/core/mango_scan.hpp"
#include "node/base/json.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace davenport::couchmock::api {
namespace {

namespace json = boost::json;

constexpr std::string_view no_index_warning =
    "No matching index found, create an index to optimize query time.";
constexpr std::string_view scan_warning =
    "The number of documents examined is high in proportion to the number of results returned. Consider "
    "adding a more specific "
    "index to improve this.";

MangoQuery read_query(const Server& server, Call& call, std::string_view partition) {
    if (call.method() != "POST") throw method_not_allowed("POST");
    const auto body = base::parse_json(call.json_body());
    if (!body) throw bad_request("invalid UTF-8 JSON");
    if (!body->is_object()) throw bad_request("Request body must be a JSON object");
    if (const auto* given = call.find("partition"); given && partition.empty()) partition = *given;
    const auto limit = server.setting_number("mango", "default_limit", 25);
    return read_mango_query(*body, partition, static_cast<std::uint64_t>(std::max<std::int64_t>(limit, 0)));
}

std::string warnings(const Server& server, const MangoPlan& plan, const MangoQuery& query,
                     const MangoResult& result) {
    std::string out = unused_index_warning(plan, query);
    const auto warn = [&](std::string_view text) {
        if (!out.empty()) out += '\n';
        out += text;
    };
    if (plan.index->is_special()) warn(no_index_warning);
    const auto threshold = server.setting_number("mango", "index_scan_warning_threshold", 10);
    const auto returned = std::max<std::uint64_t>(result.documents.size(), 1);
    const auto scanned = query.r > 1 ? result.keys_examined : result.documents_examined;
    if (threshold > 0 && scanned > static_cast<std::uint64_t>(threshold) * returned) warn(scan_warning);
    return out;
}

std::string stats_json(const MangoQuery& query, const MangoResult& result) {
    const bool by_quorum = query.r > 1;
    return fmt::format(
        "{{\"total_keys_examined\":{},\"total_docs_examined\":{},\"total_quorum_docs_examined\":{},"
        "\"results_returned\":{},\"execution_time_ms\":0.1}}",
        result.keys_examined, by_quorum ? 0 : result.documents_examined, by_quorum ? result.keys_examined : 0,
        result.documents.size());
}

void find(Server& server, Call& call, const Database& database, std::string_view partition) {
    const auto query = read_query(server, call, partition);
    const auto indexes = indexes_of(database);
    const auto plan = plan_query(indexes, query, database.settings().partitioned, false);
    if (plan.nothing) {  // CouchDB does not even begin
        server.send_chunked(call, "{\"docs\":[\r\n]}\r\n\n");
        return;
    }
    if (!query.partition.empty() && !database.settings().partitioned)
        throw ApiError{400, "query_parse_error", "`partition` parameter is not supported on this db", {}};
    std::optional<MangoPlace> from;
    if (!query.bookmark.empty() && !(from = read_bookmark(query.bookmark)))
        throw ApiError{400,
                       "invalid_bookmark",
                       "Invalid bookmark value: " + base::write_json(json::string{query.bookmark}),
                       {}};
    const auto result = run_query(database, plan, query, from);
    std::string out = "{\"docs\":[";
    for (const auto& document : result.documents) {
        out += out.ends_with('[') ? "\r\n" : ",\r\n";
        base::append_json(out, document);
    }
    const auto bookmark = result.last              ? write_bookmark(*result.last)
                          : query.bookmark.empty() ? "nil"
                                                   : query.bookmark;
    out += "\r\n],\r\n\"bookmark\": \"" + bookmark + '"';
    if (query.execution_stats) out += ",\r\n\"execution_stats\": " + stats_json(query, result);
    if (const auto warning = warnings(server, plan, query, result); !warning.empty()) {
        out += ",\r\n\"warning\": ";
        base::append_json_string(out, warning);
    }
    server.send_chunked(call, out + "}\r\n\n");
}

void explain(Server& server, Call& call, const Database& database, std::string_view partition) {
    const auto query = read_query(server, call, partition);
    const auto indexes = indexes_of(database);
    const auto plan = plan_query(indexes, query, database.settings().partitioned, true);
    call.respond_json(200, explain_json(database, plan, query));
}

}  // namespace

bool find_path(Server& server, Call& call, Database& database, std::string_view name,
               std::string_view partition) {
    if (name == "_find")
        find(server, call, database, partition);
    else if (name == "_explain")
        explain(server, call, database, partition);
    else if (name == "_index")
        index_path(server, call, database);
    else
        return false;
    return true;
}

std::string list_indexes(const Call& call, const Database& database) {
    const auto wrong = [] {
        return ApiError{500, "invalid_list_index_params", "Index parameter ranges: limit > 1, skip > 0", {}};
    };
    const auto number = [&](std::string_view name, std::int64_t otherwise) {
        const auto* text = call.find(name);
        if (!text) return otherwise;
        std::int64_t value = 0;
        const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
        if (error != std::errc{} || end != text->data() + text->size()) throw wrong();
        return value;
    };
    const auto indexes = indexes_of(database);
    const auto total = static_cast<std::int64_t>(indexes.size());
    const auto limit = number("limit", total);
    const auto skip = std::min(number("skip", 0), total);
    if (limit < 1 || skip < 0) throw wrong();
    std::string out = fmt::format("{{\"total_rows\":{},\"indexes\":[", total);
    for (auto i = skip; i < total && i - skip < limit; ++i) {
        if (out.back() != '[') out += ',';
        out += index_json(indexes[static_cast<std::size_t>(i)]);
    }
    return out + "]}";
}

}  // namespace davenport::couchmock::api
