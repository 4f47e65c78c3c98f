#include "couchmock/core/api.hpp"
#include "node/base/json.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace davenport::couchmock::api {
namespace {

namespace json = boost::json;

constexpr std::string_view node_name = "couchdb@127.0.0.1";

void require_method(const Call& call, std::string_view method, std::string_view allowed) {
    if (call.method() != method) throw method_not_allowed(allowed);
}

/// GET alone, where CouchDB does not take HEAD either.
void require_get_only(const Call& call) {
    if (call.request().method != "GET") throw method_not_allowed("GET");
}

void uuids(Server& server, Call& call) {
    require_get_only(call);
    int count = 1;
    if (const auto* text = call.find("count")) {
        const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), count);
        if (error != std::errc{} || end != text->data() + text->size() || count < 0)
            throw bad_request("count must be a positive integer");
        if (count > 1000) throw bad_request("count parameter too large");
    }
    std::string json = "{\"uuids\":[";
    for (int i = 0; i < count; ++i) json += (i ? ",\"" : "\"") + server.new_uuid() + '"';
    json += "]}";
    auto etag = opaque_etag(json);
    call.respond_json(200, std::move(json), {{"Cache-Control", "no-cache"}, {"ETag", std::move(etag)}});
}

/// The databases' names that a query by key range asks for.
std::vector<std::string> names_in_range(const Server& server, const Call& call) {
    std::optional<std::string> start, end;
    bool descending = false, inclusive = true;
    std::size_t limit = SIZE_MAX, skip = 0;
    for (const auto& [name, value] : call.query()) {
        const auto key = [&, &text = value] {
            const auto read = base::parse_json(text);
            if (!read) throw bad_request("invalid UTF-8 JSON");
            return read->is_string() ? std::string{read->get_string()} : std::string{};
        };
        if (name == "startkey" || name == "start_key")
            start = key();
        else if (name == "endkey" || name == "end_key")
            end = key();
        else if (name == "key")
            start = end = key();
        else if (name == "descending")
            descending = value == "true";
        else if (name == "inclusive_end")
            inclusive = value != "false";
        else if (name == "limit" || name == "skip")
            std::from_chars(value.data(), value.data() + value.size(), name == "limit" ? limit : skip);
    }
    if (descending) std::swap(start, end);
    std::vector<std::string> names;
    for (const auto& [name, database] : server.databases) {
        if (start && (name < *start || (descending && !inclusive && name == *start))) continue;
        if (end && (name > *end || (!descending && !inclusive && name == *end))) continue;
        names.push_back(name);
    }
    if (descending) std::ranges::reverse(names);
    names.erase(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(std::min(skip, names.size())));
    if (names.size() > limit) names.resize(limit);
    return names;
}

void send_list(Server& server, Call& call, std::string out, bool with_etag) {
    base::Headers headers;
    if (with_etag) {
        std::string of;
        for (const auto& [name, database] : server.databases)
            of += fmt::format("{}/{}/", name, database->tag());
        headers.emplace_back("ETag", opaque_etag(of));
        if (answer_not_modified(call, headers.front().second)) return;
    }
    server.send_chunked(call, std::move(out), std::move(headers));
}

void all_dbs(Server& server, Call& call) {
    require_method(call, "GET", "GET,HEAD");
    require_server_admin(call);
    std::string out = "[";
    for (const auto& name : names_in_range(server, call)) {
        if (out.size() > 1) out += ',';
        base::append_json_string(out, name);
    }
    send_list(server, call, out + "]\n", true);
}

std::vector<std::string> read_keys(const json::value& keys) {
    if (!keys.is_array()) throw bad_request("`keys` member must be an array.");
    std::vector<std::string> names;
    for (const auto& key : keys.get_array())
        names.emplace_back(key.is_string() ? std::string_view{key.get_string()} : "");
    return names;
}

void dbs_info(Server& server, Call& call) {
    if (call.method() != "GET" && call.method() != "POST") throw method_not_allowed("GET,HEAD,POST");
    require_server_admin(call);
    std::vector<std::string> names;
    if (call.method() == "POST") {
        const auto body = base::parse_json(call.json_body());
        if (!body) throw bad_request("invalid UTF-8 JSON");
        const auto* keys = base::member(*body, "keys");
        if (!keys) throw bad_request("`keys` member must exist.");
        names = read_keys(*keys);
        if (names.size() > 100) throw bad_request("`max_db_number_for_dbs_info_req` is exceeded");
    } else if (const auto* keys = call.find("keys")) {
        const auto list = base::parse_json(*keys);
        if (!list) throw bad_request("invalid UTF-8 JSON");
        names = read_keys(*list);
    } else {
        names = names_in_range(server, call);
    }
    std::string out = "[";
    for (const auto& name : names) {
        if (out.size() > 1) out += ',';
        out += "{\"key\":";
        base::append_json_string(out, name);
        if (auto* database = server.find(name))
            out += ",\"info\":" + database_info(*database) + '}';
        else
            out += ",\"error\":\"not_found\"}";
    }
    send_list(server, call, out + "]\n", call.method() == "GET");
}

void node(Server& server, Call& call) {
    const auto& path = call.path();
    const auto what = path.size() > 2 ? std::string_view{path[2]} : std::string_view{};
    if (what == "_stats" || what == "_system" || what == "_prometheus") {
        if (!call.user.is_server_admin() && !call.user.has_role("_metrics"))
            throw ApiError{401, "unauthorized", "You are not a server admin or read-only metrics user", {}};
    } else {
        require_server_admin(call);
    }
    if (path.size() > 1 && path[1] != "_local" && path[1] != node_name)
        throw not_found("no such node: " + path[1]);
    if (path.size() == 2) {
        call.respond_json(200, fmt::format(R"({{"name":"{}"}})", node_name));
    } else if (what == "_stats") {
        const auto& leaf = path.back();
        if (leaf == "database_writes")
            call.respond_json(
                200, R"({"value":0,"type":"counter","desc":"number of times a database was changed"})");
        else if (leaf == "bulk_requests")
            call.respond_json(200, R"({"value":0,"type":"counter","desc":"number of bulk requests"})");
        else
            call.respond_json(200, path.size() == 3 ? "{\"couchdb\":{}}" : "null");
    } else if (what == "_config") {
        configuration(server, call);
    } else if (what == "_system") {
        call.respond_json(200,
                          fmt::format(R"({{"uptime":0,"memory":{{}},"feeds":{}}})", server.feeds.size()));
    } else {
        throw ApiError{400,
                       "illegal_database_name",
                       "Name: '" + std::string{what} +
                           "'. Only lowercase characters (a-z), digits (0-9), and any of the characters _, "
                           "$, (, ), +, -, "
                           "and / are allowed. Must begin with a letter.",
                       {}};
    }
}

/// There is no replicator that goes on by itself, and so no job of one.
void scheduler(Server& server, Call& call) {
    require_server_admin(call);
    require_method(call, "GET", "GET,HEAD");
    if (call.path().size() < 2 || call.path()[1] == "jobs")
        call.respond_json(200, R"({"total_rows":0,"offset":0,"jobs":[]})");
    else
        server.send_chunked(call, "{\"total_rows\":0,\"offset\":0,\"docs\":[\r\n\r\n]}\n");
}

}  // namespace

void server_root(Server& server, Call& call) {
    require_method(call, "GET", "GET,HEAD");
    call.respond_json(
        200,
        fmt::format(
            R"({{"couchdb":"Welcome","version":"3.5.0","git_sha":"11f0d36","uuid":"{}",)"
            R"("features":["access-ready","partitioned","pluggable-storage-engines","reshard","scheduler"],)"
            R"("vendor":{{"name":"The Apache Software Foundation"}}}})",
            server.uuid));
}

bool server_path(Server& server, Call& call, std::string_view name) {
    if (name == "_up") {
        require_method(call, "GET", "GET,HEAD");
        call.respond_json(200, R"({"status":"ok","seeds":{}})");
    } else if (name == "_session") {
        session(server, call);
    } else if (name == "_uuids") {
        uuids(server, call);
    } else if (name == "_all_dbs") {
        all_dbs(server, call);
    } else if (name == "_dbs_info") {
        dbs_info(server, call);
    } else if (name == "_membership") {
        require_server_admin(call);
        require_get_only(call);
        call.respond_json(200, fmt::format(R"({{"all_nodes":["{0}"],"cluster_nodes":["{0}"]}})", node_name));
    } else if (name == "_active_tasks") {
        require_method(call, "GET", "GET,HEAD");
        require_server_admin(call);
        call.respond_json(200, "[]");
    } else if (name == "_node") {
        node(server, call);
    } else if (name == "_replicate") {
        replicate(server, call);
    } else if (name == "_scheduler") {
        scheduler(server, call);
    } else if (name == "_reshard") {
        require_server_admin(call);
        call.respond_json(
            200,
            R"({"state":"running","state_reason":null,"completed":0,"failed":0,"running":0,"stopped":0,"total":0})");
    } else {
        return false;
    }
    return true;
}

}  // namespace davenport::couchmock::api
