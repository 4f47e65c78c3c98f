#include "couchmock/core/api_design.hpp"
#include "couchmock/core/edit_reader.hpp"
#include "couchmock/core/multipart.hpp"
#include "node/base/text.hpp"

#include <utility>

namespace davenport::couchmock::api {
namespace {

bool is_all_docs(const std::vector<std::string>& path) {
    const auto& name = path[1];
    if (name != "_all_docs" && name != "_design_docs" && name != "_local_docs") return false;
    return path.size() == 2 || (path.size() == 3 && path[2] == "queries");
}

void list(Server& server, Call& call, Database& database, std::string_view name, std::string_view partition) {
    const bool multiple = call.path().back() == "queries";
    if (name == "_local_docs")
        local_documents(server, call, database, multiple);
    else
        all_docs(server, call, database, name == "_design_docs" ? "_design/" : partition, multiple);
}

void partition(Server& server, Call& call, Database& database) {
    const auto& path = call.path();
    if (path.size() == 2) throw bad_request("invalid_partition_req");
    if (path.size() == 3) {
        if (call.method() == "GET") {
            check_partition(path[2]);
            if (!database.settings().partitioned) throw bad_request("database is not partitioned");
            partition_info(call, database, path[2] + ':');
        } else if (call.method() == "POST" && path[2].starts_with('_')) {
            throw ApiError{400, "illegal_partition", "Partition must not start with an underscore", {}};
        } else {
            throw method_not_allowed("GET");
        }
        return;
    }
    if (!database.settings().partitioned) throw bad_request("database is not partitioned");
    check_partition(path[2]);
    if (const auto* also = call.find("partition"); also && *also != path[2])
        throw bad_request("Conflicting value for `partition` in query string");
    if (path[3] == "_all_docs" && path.size() == 4)
        list(server, call, database, "_all_docs", path[2] + ':');
    else if (path[3] == "_all_docs" && path.size() == 5 && path[4] == "queries")
        list(server, call, database, "_all_docs", path[2] + ':');
    else if (path[3] == "_find" || path[3] == "_explain" || path[3] == "_index")
        find_path(server, call, database, path[3], path[2]);
    else if (path[3] != "_design" || path.size() <= 6 || path[5] != "_view" ||
             !design_path(server, call, database, "_design/" + path[4], path[5], path[2]))
        throw not_found();
}

/// A design document's id with its slash encoded: CouchDB sends readers to the plain one.
void redirect_to_plain(Call& call) {
    auto target = call.request().target;
    for (std::size_t at = 0; at + 10 <= target.size(); ++at)
        if (base::equal_ignoring_case(std::string_view{target}.substr(at, 10), "_design%2F")) {
            target.replace(at, 10, "_design/");
            break;
        }
    call.respond(301, {}, call.plain_headers({{"Location", call.base_url() + target}}));
}

void document_path(Server& server, Call& call, Database& database) {
    const auto& path = call.path();
    const auto& first = path[1];
    auto id = first;
    std::size_t used = 2;
    if (first.starts_with("_design/") && call.method() == "GET") {
        redirect_to_plain(call);
        return;
    }
    if (first == "_local") {
        if (path.size() == 2) throw bad_request("Invalid _local document id.");
        if (path.size() > 3) throw bad_request("_local documents do not accept attachments.");
        local_document(server, call, database, "_local/" + path[2]);
        return;
    }
    if (first.starts_with("_local/") && path.size() == 2) {
        if (first == "_local/") throw bad_request("Invalid _local document id.");
        local_document(server, call, database, first);
        return;
    }
    if (first == "_design" && path.size() > 2) {
        id = "_design/" + path[2];
        used = 3;
    }
    if (path.size() == used) {
        document(server, call, database, id);
        return;
    }
    if (used == 3 && design_path(server, call, database, id, path[used], {})) return;
    std::string name;
    for (auto i = used; i < path.size(); ++i) name += (i == used ? "" : "/") + path[i];
    attachment(server, call, database, id, name);
}

/// The paths of a database that have exactly two parts. False when `name` is none of them.
bool two_part_path(Server& server, Call& call, Database& database, std::string_view name) {
    if (name == "_bulk_docs")
        bulk_docs(server, call, database);
    else if (name == "_bulk_get")
        bulk_get(server, call, database);
    else if (name == "_revs_diff")
        revs_diff(server, call, database);
    else if (name == "_missing_revs")
        missing_revs(server, call, database);
    else if (name == "_purge")
        purge(server, call, database);
    else
        return database_path(server, call, database, name);
    return true;
}

void database_request(Server& server, Call& call) {
    const auto& path = call.path();
    const auto method = call.method();
    if (path.size() == 1 && method == "PUT") {
        create_database(server, call);
        return;
    }
    if (path.size() == 1 && method == "DELETE") {
        drop_database(server, call);
        return;
    }
    auto& database = server.database(path.front());
    if (path.size() == 1) {
        database_root(server, call, database);
        return;
    }
    const auto& name = path[1];
    if (!name.starts_with('_'))
        document_path(server, call, database);
    else if (name == "_changes")
        changes(server, call, database);
    else if (is_all_docs(path))
        list(server, call, database, name, {});
    else if (name == "_partition")
        partition(server, call, database);
    else if (name == "_temp_view")
        throw ApiError{410, "gone", "Temporary views are not supported in CouchDB", {}};
    else if (name == "_compact" || name == "_view_cleanup" || name == "_shards" || name == "_sync_shards")
        shard_path(server, call, database, name);
    else if (!(path.size() == 2 && two_part_path(server, call, database, name)) &&
             !find_path(server, call, database, name, {}))
        document_path(server, call, database);
}

/// What is refused before anybody is asked who he is.
void check_limits(const Server& server, const Call& call) {
    const auto uri_max = server.setting_number("chttpd", "max_uri_length", INT64_MAX);
    if (std::cmp_greater(call.request().target.size(), uri_max))
        throw ApiError{414, "too_long", "the request uri is too long", {}};
    const auto body_max = server.setting_number("chttpd", "max_http_request_size", 4'294'967'296);
    if (std::cmp_greater(call.request().body.size(), body_max))
        throw ApiError{413, "too_large", "the request entity is too large", {}};
}

/// A browser that may not is asked for a name and a password, or sent to the page where it can log in.
ApiError for_browser(const Server& server, const Call& call, ApiError error) {
    if (error.status != 401) return error;
    auto challenge = call.header("x-couchdb-www-authenticate");
    if (challenge.empty()) challenge = server.setting("chttpd", "WWW-Authenticate");
    if (challenge.empty() && error.error == "unauthorized" &&
        server.setting_is("chttpd", "require_valid_user", false))
        challenge = "Basic realm=\"server\"";
    if (!challenge.empty()) error.headers.emplace_back("WWW-Authenticate", challenge);
    if (!challenge.empty() || call.path().empty() || !accepts(call.header("accept"), "text/html") ||
        accepts(call.header("accept"), "application/json"))
        return error;
    error.status = 302;
    error.headers.emplace_back(
        "Location", call.base_url() + "/_utils/session.html?return=" + url_encode(call.request().target) +
                        "&reason=" + url_encode(error.reason));
    return error;
}

}  // namespace

void no_javascript(std::string_view what) {
    throw ApiError{
        501,
        "not_implemented",
        "This server runs no JavaScript: no views, filter, show, list, update or validation functions (" +
            std::string{what} + ").",
        {}};
}

namespace {

/// What the call asks for, by its path, when it is known who asks.
void dispatch(Server& server, Call& call) {
    authorize(server, call);
    const auto& path = call.path();
    if (path.empty()) {
        server_root(server, call);
        return;
    }
    const auto& first = path.front();
    if (first.starts_with('_') && !is_database_name(first) && server_path(server, call, first)) return;
    if (server.setting("couchdb", "maintenance_mode") == "true")
        throw ApiError{412, "nodedown", "progress not possible", {}};
    database_request(server, call);
}

}  // namespace

void route_inside(Server& server, Call& call) {
    try {
        dispatch(server, call);
    } catch (const ApiError& error) {
        call.respond_error(error);
    } catch (const javascript::Failure& failure) {
        call.respond_error(to_api_error(failure));
    }
}

void route(Server& server, Call& call) {
    try {
        if (!call.well_formed()) throw bad_request("invalid_url_encoding");
        const auto& path = call.path();
        if (!path.empty() && path.front() == "_mock") {
            control(server, call);
            return;
        }
        if (!server.settings.empty()) check_limits(server, call);
        if (cors(server, call)) return;
        authenticate(server, call);
        dispatch(server, call);
    } catch (const ApiError& error) {
        call.respond_error(for_browser(server, call, error));
    } catch (const javascript::Failure& failure) {
        call.respond_error(for_browser(server, call, to_api_error(failure)));
    }
}

}  // namespace davenport::couchmock::api
