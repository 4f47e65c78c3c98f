#include "couchmock/core/api_design.hpp"
#include "couchmock/core/view_answer.hpp"
#include "node/base/json.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

namespace davenport::couchmock::api {
namespace {

namespace json = boost::json;

json::value read_body(Call& call) {
    auto body = base::parse_json(call.json_body());
    if (!body) throw bad_request("invalid UTF-8 JSON");
    if (!body->is_object()) throw bad_request("Request body must be a JSON object");
    return std::move(*body);
}

void refuse_partition(const ViewGroup& group, const Database& database, const std::string& partition) {
    const auto refused = [](std::string_view reason) {
        return ApiError{400, "query_parse_error", std::string{reason}, {}};
    };
    if (group.partitioned(database) && partition.empty())
        throw refused("`partition` parameter is mandatory for queries to this view.");
    if (!group.partitioned(database) && !partition.empty())
        throw refused("`partition` parameter is not supported in this design doc");
}

void append_answer(std::string& out, const ViewTarget& target, const ViewQuery& query) {
    const auto& [database, group, view, partition] = target;
    const ViewReader reader{database, view, query, partition};
    const auto head = reader.head();
    out += '{';
    if (head.total)
        fmt::format_to(std::back_inserter(out), "\"total_rows\":{},\"offset\":{},", *head.total,
                       *head.offset);
    if (query.list.update_seq) out += "\"update_seq\":\"" + database.sequence(group.position()) + "\",";
    out += "\"rows\":[\r\n";
    bool first = true;
    reader.read([&](const std::string& row) {
        if (!first) out += ",\r\n";
        first = false;
        out += row;
    });
    out += "\r\n]}";
}

/// For the next who asks: whoever asked now has his answer, whatever becomes of this.
void update_later(Server& server, const ViewTarget& target) {
    try {
        target.group.update(target.database);
    } catch (const javascript::Failure& failure) {
        server.effects.emplace_back(Log{"view: " + failure.error + ": " + failure.reason});
    }
}

}  // namespace

void apply_limit(const Server& server, bool partition, ListQuery& list) {
    const auto limit_max =
        server.setting_number("query_server_config", partition ? "partition_query_limit" : "query_limit", -1);
    if (limit_max < 0) return;
    const auto bound = static_cast<std::uint64_t>(limit_max);
    if (list.limit == ListQuery{}.limit) list.limit = bound;
    if (list.limit > bound)
        throw ApiError{
            400, "query_parse_error", "Limit is too large, must not exceed " + std::to_string(limit_max), {}};
}

ViewTarget open_view(Server& server, const Call& call, const Database& database, std::string_view design_id,
                     std::string_view name, const std::string& partition) {
    auto& group = server.scripts->views(database, design_id, call.now());
    auto* view = group.find(name);
    if (!view) throw not_found("missing_named_view");
    if (group.language() == "query") no_javascript("a view of Mango's");
    if (group.language() != "javascript") throw ApiError{500, "unknown_query_language", group.language(), {}};
    return {database, group, *view, partition};
}

void prepare_view(Server& server, const ViewTarget& target, ViewQuery& query) {
    apply_limit(server, target.group.partitioned(target.database), query.list);
    refuse_partition(target.group, target.database, target.partition);
    check_view_query(query, target.view.reducer.has_value());
    if (query.updates || target.group.position().empty()) target.group.update(target.database);
    write_log(server, target.group.engine());
}

void view(Server& server, Call& call, Database& database, std::string_view design_id,
          const std::string& partition) {
    const auto& path = call.path();
    const std::size_t at = path[1] == "_partition" ? 5 : 3;  // where "_view" stands
    const auto method = call.method();
    const bool multiple = path.size() == at + 3 && path.back() == "queries";
    if (multiple && method != "POST") throw method_not_allowed("POST");
    if ((method != "GET" && method != "POST") || (path.size() != at + 2 && !multiple))
        throw method_not_allowed("GET,POST,HEAD");
    std::optional<json::value> body;
    if (method == "POST") body = read_body(call);
    const auto target_of = [&](const ViewQuery& query) {
        const auto& named = partition.empty() ? query.list.partition : partition;
        return open_view(server, call, database, design_id, path[at + 1], named);
    };
    std::string out;
    if (multiple) {
        auto queries = read_view_queries(call, *body);
        if (queries.empty()) static_cast<void>(target_of({}));
        for (auto& query : queries) prepare_view(server, target_of(query), query);
        out = "{\"results\":[";
        for (const auto& query : queries) {
            out += out.ends_with('[') ? "\r\n" : ",\r\n";
            append_answer(out, target_of(query), query);
        }
        server.send_chunked(call, out + "\r\n]}\n");
        return;
    }
    if (body && base::member(*body, "queries"))
        throw bad_request("The `queries` parameter is no longer supported at this endpoint");
    auto query = read_view_query(call, body ? &*body : nullptr);
    const auto target = target_of(query);
    prepare_view(server, target, query);
    append_answer(out, target, query);
    server.send_chunked(call, out + '\n');
    if (query.updates_after) update_later(server, target);
}

void view_info(Server& server, Call& call, const Database& database, std::string_view design_id) {
    const auto& group = server.scripts->views(database, design_id, call.now());
    const auto updated = [&] {
        std::uint64_t sum = 0;
        for (const auto seq : group.position()) sum += seq;
        return sum;
    }();
    const auto pending = group.pending(database);
    std::string name, language;
    base::append_json_string(name, design_id.substr(std::string_view{"_design/"}.size()));
    base::append_json_string(language, group.language());
    call.respond_json(
        200, fmt::format(
                 R"({{"name":{},"view_index":{{"updates_pending":{{"minimum":{},"preferred":{},"total":{}}},)"
                 R"("waiting_commit":false,"waiting_clients":0,"updater_running":false,"update_seq":{},)"
                 R"("sizes":{{"file":{},"external":{},"active":{}}},"signature":"{}","purge_seq":{},)"
                 R"("language":{},"compact_running":false,"collator_versions":["153.120"]}}}})",
                 name, pending, pending, pending, updated, 8192 + 2 * group.bytes(), group.bytes(),
                 group.bytes(), group.signature(), database.purge_seq, language));
}

void write_log(Server& server, javascript::Engine& engine) {
    for (auto& line : engine.take_log()) server.effects.emplace_back(Log{"JavaScript: " + std::move(line)});
}

}  // namespace davenport::couchmock::api
