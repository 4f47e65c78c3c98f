#include "couchmock/core/all_docs_query.hpp"
#include "couchmock/core/api.hpp"
#include "couchmock/core/api_replicate.hpp"
#include "node/base/json.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace davenport::couchmock::api {
namespace {

namespace json = boost::json;

/// Of a server that is no cluster.
constexpr std::string_view single_node_name = "couchdb@127.0.0.1";

/// Of the member that answers.
std::string node_name(const Server& server, const Call& call) {
    return server.cluster.is_cluster() ? Cluster::name_of(call.member == whole_cluster ? 0 : call.member)
                                       : std::string{single_node_name};
}

void require_method(const Call& call, std::string_view method, std::string_view allowed) {
    if (call.method() != method) throw method_not_allowed(allowed);
}

/// GET alone, where CouchDB does not take HEAD either.
void require_get_only(const Call& call) {
    if (call.request().method != "GET") throw method_not_allowed("GET");
}

void uuids(Server& server, Call& call) {
    call.names_request = false;
    require_method(call, "GET", "GET");
    const auto* text = call.find("count");
    std::int64_t count = 1;
    if (text) {
        const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), count);
        if (error != std::errc{} || end != text->data() + text->size()) count = -1;
    }
    if (count > server.setting_number("uuids", "max_count", 1000))
        throw bad_request("count parameter too large");
    if (count < 0) throw bad_request("count must be a positive integer");
    std::string json = "{\"uuids\":[";
    for (std::int64_t i = 0; i < count; ++i)
        json += (i ? ",\"" : "\"") + server.new_document_id(call.now()) + '"';
    json += "]}";
    auto etag = opaque_etag(json);
    call.respond_json(200, std::move(json),
                      {{"Cache-Control", "no-cache"},
                       {"Expires", "Mon, 01 Jan 1990 00:00:00 GMT"},
                       {"Pragma", "no-cache"},
                       {"ETag", std::move(etag)}});
}

/// The databases' names that a query by key range asks for.
std::vector<std::string> names_in_range(const Server& server, Call& call) {
    auto query = read_list_query(call, false);
    std::vector<std::string> names;
    if (query.keys) {
        for (const auto& key : *query.keys)
            if (key.is_string() && server.find(std::string_view{key.get_string()}))
                names.emplace_back(key.get_string());
    } else {
        for (const auto& [name, database] : server.databases)
            if (is_in_range(query, name)) names.push_back(name);
    }
    if (query.descending) std::ranges::reverse(names);
    const auto skipped = static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(query.skip, names.size()));
    names.erase(names.begin(), names.begin() + skipped);
    if (names.size() > query.limit) names.resize(query.limit);
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
    std::vector<std::string> names;
    if (call.method() == "POST") {
        const auto body = base::parse_json(call.json_body());
        if (!body) throw bad_request("invalid UTF-8 JSON");
        const auto* keys = base::member(*body, "keys");
        if (!keys) throw bad_request("`keys` member must exist.");
        names = read_keys(*keys);
        const auto names_max = server.setting_number("chttpd", "max_db_number_for_dbs_info_req", 100);
        if (std::cmp_greater(names.size(), names_max)) throw bad_request("too_many_keys");
    } else {
        names = names_in_range(server, call);
    }
    std::string out = "[";
    for (const auto& name : names) {
        if (out.size() > 1) out += ',';
        out += "{\"key\":";
        base::append_json_string(out, name);
        if (auto* database = server.find(name))
            out += ",\"info\":" + database_info(server, *database, call.member) + '}';
        else
            out += ",\"error\":\"not_found\"}";
    }
    send_list(server, call, out + "]\n", call.method() == "GET");
}

std::string stats_json() {
    return R"({"database_writes":{"value":0,"type":"counter","desc":"number of times a database was changed"},)"
           R"("httpd":{"bulk_requests":{"value":0,"type":"counter","desc":"number of bulk requests"}}})";
}

void stats(Call& call) {
    require_method(call, "GET", "GET");
    const auto& path = call.path();  // _node/NODE/_stats[/...]
    auto value = base::parse_json("{\"couchdb\":" + stats_json() + "}").value();
    for (std::size_t i = 3; i < path.size(); ++i) {
        const auto* inner = base::member(value, path[i]);
        json::value next = inner ? *inner : json::value{};
        value = std::move(next);
    }
    call.respond_json(200, base::write_json(value));
}

/// The node's own figures, as Prometheus reads them: those that a mock has.
void prometheus(const Server& server, Call& call) {
    require_method(call, "GET", "GET");
    std::string out = "# TYPE couchdb_uptime_seconds counter\ncouchdb_uptime_seconds 0\n";
    out += fmt::format("# TYPE couchdb_databases_total gauge\ncouchdb_databases_total {}\n",
                       server.databases.size());
    out += fmt::format(
        "# TYPE couchdb_httpd_clients_requesting_changes gauge\ncouchdb_httpd_clients_requesting_changes "
        "{}\n",
        server.feeds.size());
    call.respond(200, std::move(out), call.plain_headers({{"Content-Type", "text/plain"}}));
}

void node(Server& server, Call& call) {
    const auto& path = call.path();
    if (path.size() == 1) throw bad_request("Incomplete path to _node request");
    const auto what = path.size() > 2 ? std::string_view{path[2]} : std::string_view{};
    const auto name = node_name(server, call);
    // CouchDB's own tests call the node so.
    const bool of_tests = path[1] == "node1@127.0.0.1" && !server.cluster.is_cluster();
    if (path[1] != "_local" && path[1] != name && !of_tests) throw not_found("no such node: " + path[1]);
    if (path.size() == 2) {
        call.respond_json(200, fmt::format(R"({{"name":"{}"}})", name));
    } else if (what == "_stats") {
        stats(call);
    } else if (what == "_config") {
        configuration(server, call);
    } else if (what == "_system" && path.size() == 3) {
        require_method(call, "GET", "GET");
        call.respond_json(200,
                          fmt::format(R"({{"uptime":0,"memory":{{}},"feeds":{}}})", server.feeds.size()));
    } else if (what == "_prometheus" && path.size() == 3) {
        prometheus(server, call);
    } else if (what == "_versions" && path.size() == 3) {
        require_method(call, "GET", "GET");
        call.respond_json(
            200,
            R"({"erlang":{"version":"25.3.2.15","supported_hashes":["sha","sha224","sha256","sha384",)"
            R"("sha512","blake2s","blake2b","md5","ripemd160"]},"collation_driver":{"name":"libicu",)"
            R"("library_version":"72.1","collator_version":"153.120","collation_algorithm_version":"15"},)"
            R"("javascript_engine":{"name":"quickjs","version":"2024-02-14"}})");
    } else if (what == "_smoosh" && path.size() == 4 && path[3] == "status") {
        require_method(call, "GET", "GET");
        call.respond_json(200, R"({"channels":{}})");
    } else {
        call.names_request = false;  // what is none of these goes to the node's older HTTP server
        throw ApiError{400,
                       "illegal_database_name",
                       "Name: '" + std::string{what} +
                           "'. Only lowercase characters (a-z), digits (0-9), and any of the characters _, "
                           "$, (, ), +, -, "
                           "and / are allowed. Must begin with a letter.",
                       {}};
    }
}

/// Those that are there, and those that belong to it.
void membership(const Server& server, Call& call) {
    call.names_request = call.request().method != "GET";
    if (call.path().size() > 1) throw not_found();
    require_get_only(call);
    const auto& cluster = server.cluster;
    std::vector<std::string> there, all;
    for (MemberIndex i = 0; i < cluster.size(); ++i) {
        all.push_back(cluster.is_cluster() ? Cluster::name_of(i) : std::string{single_node_name});
        if (cluster.is_up(i)) there.push_back(all.back());
    }
    call.respond_json(200, fmt::format(R"({{"all_nodes":["{}"],"cluster_nodes":["{}"]}})",
                                       fmt::join(there, "\",\""), fmt::join(all, "\",\"")));
}

void cluster_action(Call& call) {
    const auto body = base::parse_json(call.json_body());
    if (!body) throw bad_request("invalid UTF-8 JSON");
    if (!body->is_object()) throw bad_request("Request body must be a JSON object");
    const auto action = base::text_member(*body, "action");
    if (action == "enable_single_node")
        call.respond_json(201, R"({"ok":true})");
    else if (action == "finish_cluster")
        throw bad_request("Cluster is already finished");
    else if (action == "enable_cluster" || action == "add_node" || action == "remove_node" ||
             action == "receive_cookie")
        throw ApiError{501, "not_implemented", "couchmock is one node and stays so (" + action + ").", {}};
    else
        throw bad_request("Invalid Action'");
}

/// One node, or a cluster, that was set up as such and stays so.
void cluster_setup(const Server& server, Call& call) {
    if (call.method() == "GET")
        call.respond_json(200, server.cluster.is_cluster() ? R"({"state":"cluster_finished"})"
                                                           : R"({"state":"single_node_enabled"})");
    else if (call.method() == "POST")
        cluster_action(call);
    else
        throw method_not_allowed("GET,POST");
}

void up(const Server& server, Call& call) {
    require_method(call, "GET", "GET,HEAD");
    const auto mode = server.setting("couchdb", "maintenance_mode");
    if (mode == "true" || mode == "nolb")
        call.respond_json(404, mode == "true" ? R"({"status":"maintenance_mode"})" : R"({"status":"nolb"})");
    else
        call.respond_json(200, R"({"status":"ok","seeds":{}})");
}

void active_tasks(const Server& server, Call& call) {
    require_method(call, "GET", "GET,HEAD");
    require_server_admin(call);
    std::string out = "[";
    for (const auto& job : all_replications(server)) {
        if (!job.running) continue;
        const auto started_s = base::unix_ms(job.started) / 1000;
        json::object task{
            {"type", "replication"},
            {"node", node_name(server, call)},
            {"pid", "<0.1000.0>"},
            {"replication_id", job.id},
            {"source", job.source_url},
            {"target", job.target_url},
            {"continuous", job.continuous},
            {"database", job.document.empty() ? json::value(nullptr) : json::value("_replicator")},
            {"doc_id", job.document.empty() ? json::value(nullptr) : json::value(job.document)},
            {"user",
             job.user.empty() || !job.document.empty() ? json::value(nullptr) : json::value(job.user)},
            {"revisions_checked", job.counts.checked},
            {"missing_revisions_found", job.counts.found},
            {"docs_read", job.counts.read},
            {"docs_written", job.counts.written},
            {"doc_write_failures", job.counts.failed},
            {"changes_pending", base::parse_json(job.pending).value_or(nullptr)},
            {"checkpoint_interval", 30000},
            {"started_on", started_s},
            {"updated_on", started_s}};
        if (out.size() > 1) out += ',';
        out += base::write_json(task);
    }
    call.respond_json(200, out + ']');
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
        up(server, call);
    } else if (name == "_session") {
        session(server, call);
    } else if (name == "_uuids") {
        uuids(server, call);
    } else if (name == "_all_dbs") {
        all_dbs(server, call);
    } else if (name == "_dbs_info") {
        dbs_info(server, call);
    } else if (name == "_membership") {
        membership(server, call);
    } else if (name == "_cluster_setup") {
        cluster_setup(server, call);
    } else if (name == "_reload_query_servers") {
        if (call.method() != "POST") throw method_not_allowed("POST");
        call.require_json_type();
        call.respond_json(200, R"({"ok":true})");
    } else if (name == "_active_tasks") {
        active_tasks(server, call);
    } else if (name == "_node") {
        node(server, call);
    } else if (name == "_replicate") {
        replicate(server, call);
    } else if (name == "_scheduler") {
        scheduler(server, call);
    } else if (name == "_utils" && call.path().size() == 1) {
        require_method(call, "GET", "GET,HEAD");
        call.respond(301, {}, call.plain_headers({{"Location", call.base_url() + "/_utils/"}}));
    } else if (name == "_search_analyze") {
        if (call.method() != "GET" && call.method() != "POST") throw method_not_allowed("GET,POST");
        throw ApiError{503, "service unavailable", "Search is not available", {}};
    } else if (name == "_nouveau_analyze") {
        if (call.method() != "POST") throw method_not_allowed("POST");
        throw not_found();
    } else if (name == "_db_updates") {
        if (call.method() != "GET") throw method_not_allowed("GET");
        throw not_found("Database does not exist.");  // `_global_changes`, which is made by hand
    } else if (name == "_reshard") {
        if (call.path().size() > 1 && call.path()[1] == "jobs") {
            call.respond_json(200, R"({"jobs":[],"offset":0,"total_rows":0})");
            return true;
        }
        call.respond_json(
            200,
            R"({"state":"running","state_reason":null,"completed":0,"failed":0,"running":0,"stopped":0,"total":0})");
    } else {
        return false;
    }
    return true;
}

}  // namespace davenport::couchmock::api
