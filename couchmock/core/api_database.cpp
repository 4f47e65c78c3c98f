#include "couchmock/core/api.hpp"
#include "couchmock/core/document_text.hpp"
#include "couchmock/core/scripts.hpp"
#include "node/base/json.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace davenport::couchmock::api {
namespace {

constexpr std::string_view default_security =
    R"({"members":{"roles":["_admin"]},"admins":{"roles":["_admin"]}})";

/// Of `q` and `n`. CouchDB has no bound, and dies of a large one.
constexpr int shape_max = 1024;

std::optional<int> positive(std::string_view text) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value <= 0 || value > shape_max)
        return std::nullopt;
    return value;
}

int read_shape(const Call& call, std::string_view name, int otherwise) {
    const auto* text = call.find(name);
    if (!text) return otherwise;
    const auto value = positive(*text);
    if (!value) throw bad_request("The `" + std::string{name} + "` value should be a positive integer.");
    return *value;
}

/// A list of strings under `name`, or nothing there.
bool is_names(const boost::json::value& object, std::string_view name) {
    const auto* list = base::member(object, name);
    if (!list) return true;
    return list->is_array() &&
           std::ranges::all_of(list->get_array(), [](const auto& item) { return item.is_string(); });
}

void security(const Server& server, Call& call, Database& database) {
    if (call.method() == "GET") {
        call.respond_json(200, database.security.empty() ? std::string{default_security} : database.security);
        return;
    }
    if (call.method() != "PUT") throw method_not_allowed("PUT,GET");
    if (database.keeps_users && !server.setting_is("couchdb", "users_db_security_editable", false))
        throw ApiError{403, "forbidden", "You can't edit the security object of the user database.", {}};
    const auto& body = call.body();
    auto text = compact_json(body);
    if (!text) throw bad_request("invalid UTF-8 JSON");
    const auto value = base::parse_json(body);
    bool valid = value && value->is_object();
    for (const auto* group : {"admins", "members", "readers"}) {
        const auto* part = valid ? base::member(*value, group) : nullptr;
        valid =
            valid && (!part || (part->is_object() && is_names(*part, "names") && is_names(*part, "roles")));
    }
    try {
        require_database_admin(call, database);
    } catch (const ApiError&) {
        valid = false;  // CouchDB's shards refuse, and what is left of that is this
    }
    if (!valid) throw ApiError{500, "error", "no_majority", {}};
    database.security = std::move(*text);
    database.note_setting();
    call.respond_json(200, R"({"ok":true})");
}

void limit(Call& call, Database& database, std::uint64_t& value, std::string_view methods, bool is_revs) {
    if (call.method() == "GET") {
        call.respond_json(200, std::to_string(value));
        return;
    }
    if (call.method() != "PUT") throw method_not_allowed(methods);
    const auto body = base::parse_json(call.body());
    if (!body) throw bad_request("invalid UTF-8 JSON");
    if (!body->is_int64() || body->get_int64() <= 0) {
        if (!is_revs) throw bad_request("`purged_infos_limit` must be positive integer");
        throw ApiError{500, "unknown_error", "function_clause", {}};
    }
    require_database_admin(call, database);
    value = static_cast<std::uint64_t>(body->get_int64());
    database.note_setting();
    call.respond_json(200, R"({"ok":true})");
}

/// What is done at once here, and is only begun there.
void job(Call& call) {
    if (call.method() != "POST") throw method_not_allowed("POST");
    call.respond_json(202, R"({"ok":true})");
}

void compact(Call& call, Database& database) {
    if (call.method() != "POST") throw method_not_allowed("POST");
    call.require_json_type();
    if (call.path().size() > 2) {
        const auto* design = database.find("_design/" + call.path()[2]);
        if (!design || design->tree.deleted()) throw not_found(design ? "deleted" : "missing");
    } else {
        database.compact();
    }
    call.respond_json(202, R"({"ok":true})");
}

std::string shard_range(const Database& database, std::size_t shard) {
    const auto count = database.shard_count();
    const auto begin = (std::uint64_t{1} << 32) * shard / count;
    const auto end = (std::uint64_t{1} << 32) * (shard + 1) / count - 1;
    return fmt::format("{:08x}-{:08x}", begin, end);
}

/// Who has a shard: every member does.
std::string shard_nodes(const Cluster& cluster) {
    if (!cluster.is_cluster()) return R"(["couchdb@127.0.0.1"])";
    std::string out;
    for (MemberIndex i = 0; i < cluster.size(); ++i)
        out += (out.empty() ? "[\"" : ",\"") + Cluster::name_of(i) + '"';
    return out + ']';
}

void shards(const Server& server, Call& call, const Database& database) {
    if (call.path().size() > 3) throw not_found();
    call.names_request = call.method() != "GET";
    if (call.method() != "GET") throw method_not_allowed("GET");
    const auto nodes = shard_nodes(server.cluster);
    if (call.path().size() == 3) {
        const auto range = shard_range(database, database.shard_of(call.path()[2]));
        call.respond_json(200, fmt::format(R"({{"range":"{}","nodes":{}}})", range, nodes));
        return;
    }
    const auto count = database.shard_count();
    std::string json = "{\"shards\":{";
    for (std::size_t i = 0; i < count; ++i) {
        fmt::format_to(std::back_inserter(json), "{}\"{}\":{}", i ? "," : "", shard_range(database, i),
                       nodes);
    }
    call.respond_json(200, json + "}}");
}

}  // namespace

bool is_database_name(std::string_view name) {
    if (name == "_users" || name == "_replicator" || name == "_global_changes") return true;
    if (name.empty() || name.front() < 'a' || name.front() > 'z') return false;
    return std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
               std::string_view{"_$()+-/"}.find(c) != std::string_view::npos;
    });
}

void create_database(Server& server, Call& call) {
    require_server_admin(call);
    const auto& name = call.path().front();
    const int q = read_shape(
        call, "q", static_cast<int>(server.setting_number("cluster", "q", server.config.default_shards)));
    read_shape(call, "n", 1);
    const auto* partitioned = call.find("partitioned");
    if (partitioned && *partitioned != "true" && *partitioned != "false")
        throw bad_request("Invalid `partitioned` parameter");
    if (!is_database_name(name))
        throw ApiError{400,
                       "illegal_database_name",
                       "Name: '" + name +
                           "'. Only lowercase characters (a-z), digits (0-9), and any of the characters _, "
                           "$, (, ), +, -, "
                           "and / are allowed. Must begin with a letter.",
                       {}};
    const auto suffix =
        std::string_view{name}.substr(name.rfind('/') + 1);  // couch_partition:validate_dbname
    const bool is_system = name == "_global_changes" || name == "_nodes" || name == "_dbs" ||
                           suffix == "_replicator" || suffix == "_users";
    if (is_system && partitioned && *partitioned == "true")
        throw bad_request("Cannot partition a system database");
    if (server.find(name))
        throw ApiError{412, "file_exists", "The database could not be created, the file already exists.", {}};
    server.create(name, q, partitioned && *partitioned == "true", call.now());
    call.respond_json(201, R"({"ok":true})", {{"Location", call.base_url() + '/' + url_encode(name)}});
}

void drop_database(Server& server, Call& call) {
    if (call.find("rev"))
        throw bad_request(
            "You tried to DELETE a database with a ?=rev parameter. Did you mean to DELETE a document "
            "instead?");
    require_server_admin(call);
    static_cast<void>(server.database(call.path().front()));  // the 404
    server.drop(call.path().front(), call.now());
    call.respond_json(200, R"({"ok":true})");
}

std::string database_info(const Server& server, Database& database, MemberIndex member) {
    const auto& settings = database.settings();
    const auto& cluster = server.cluster;
    const auto sizes = database.sizes();
    std::string name;
    base::append_json_string(name, settings.name);
    return fmt::format(
        R"({{"instance_start_time":"{}","db_name":{},"purge_seq":"{}","update_seq":"{}",)"
        R"("sizes":{{"file":{},"external":{},"active":{}}},"props":{},"doc_del_count":{},"doc_count":{},)"
        R"("disk_format_version":8,"compact_running":false,"cluster":{{"q":{},"n":{},"w":{},"r":{}}}}})",
        settings.created_s, name, database.sequence_of_purges(),
        database.sequence(database.log(member).now(), member), sizes.file, sizes.external, sizes.active,
        settings.partitioned ? R"({"partitioned":true})" : "{}", database.deleted_count(),
        database.doc_count(), database.shard_count(), cluster.size(), cluster.quorum(), cluster.quorum());
}

void database_root(Server& server, Call& call, Database& database) {
    if (call.method() == "GET")
        call.respond_json(200, database_info(server, database, call.member));
    else if (call.method() == "POST")
        post_document(server, call, database);
    else
        throw method_not_allowed("DELETE,GET,HEAD,POST");
}

void shard_path(Server& server, Call& call, Database& database, std::string_view name) {
    if (name == "_compact")
        compact(call, database);
    else if (name == "_shards")
        shards(server, call, database);
    else
        job(call);
    if (name == "_view_cleanup") server.scripts->clean_up(database);
}

bool database_path(Server& server, Call& call, Database& database, std::string_view name) {
    if (name == "_security")
        security(server, call, database);
    else if (name == "_revs_limit")
        limit(call, database, database.revs_limit, "PUT,GET", true);
    else if (name == "_purged_infos_limit")
        limit(call, database, database.purged_infos_limit, "GET,PUT", false);
    else if (name == "_purged_infos")
        purged_infos(call, database);
    else if (name == "_ensure_full_commit") {
        if (call.method() != "POST") throw method_not_allowed("POST");
        call.require_json_type();
        call.respond_json(
            201, fmt::format(R"({{"ok":true,"instance_start_time":"{}"}})", database.settings().created_s));
    } else {
        return false;
    }
    return true;
}

}  // namespace davenport::couchmock::api
