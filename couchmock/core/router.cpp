#include "couchmock/core/api.hpp"
#include "couchmock/core/multipart.hpp"

namespace davenport::couchmock::api {
namespace {

bool is_all_docs(std::string_view name) {
    return name == "_all_docs" || name == "_design_docs" || name == "_local_docs";
}

void list(Server& server, Call& call, Database& database, std::string_view name, std::string_view prefix) {
    const auto& path = call.path();
    const bool multiple = path.back() == "queries";
    if (name == "_local_docs")
        local_documents(server, call, database);
    else
        all_docs(server, call, database, name == "_design_docs" ? "_design/" : prefix, multiple);
}

/// What lies below a design document besides its attachments needs JavaScript, but for its description.
bool design_path(Call& call, const std::string& name) {
    if (name == "_view" || name == "_show" || name == "_list" || name == "_update" || name == "_rewrite" ||
        name == "_search" || name == "_nouveau")
        no_javascript(name);
    if (name != "_info") return false;
    if (call.method() != "GET") throw method_not_allowed("GET");
    no_javascript(name);
}

void partition(Server& server, Call& call, Database& database) {
    const auto& path = call.path();
    if (!database.settings().partitioned) throw bad_request("database is not partitioned");
    if (path.size() < 3) throw bad_request("Partition must not be empty");
    const auto prefix = path[2] + ':';
    if (path.size() == 3) {
        partition_info(call, database, prefix);
    } else if (path[3] == "_all_docs") {
        list(server, call, database, "_all_docs", prefix);
    } else if (path[3] == "_find" || path[3] == "_explain") {
        if (!find_path(server, call, database, path[3], prefix)) throw not_found();
    } else if (path[3] == "_design") {
        no_javascript("_view");
    } else {
        throw not_found();
    }
}

void document_path(Server& server, Call& call, Database& database) {
    const auto& path = call.path();
    const auto& first = path[1];
    auto id = first;
    std::size_t used = 2;
    if (first == "_local") {
        if (path.size() == 2) throw bad_request("Invalid _local document id.");
        if (path.size() > 3) throw bad_request("_local documents do not accept attachments.");
        local_document(server, call, database, "_local/" + path[2]);
        return;
    }
    if (first.starts_with("_local/")) {
        if (path.size() > 2) throw bad_request("_local documents do not accept attachments.");
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
    if (id.starts_with("_design/") && design_path(call, path[used])) return;
    std::string name;
    for (auto i = used; i < path.size(); ++i) name += (i == used ? "" : "/") + path[i];
    attachment(server, call, database, id, name);
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
    require_member(call, database);
    if (path.size() == 1) {
        database_root(server, call, database);
        return;
    }
    const auto& name = path[1];
    if (!name.starts_with('_'))
        document_path(server, call, database);
    else if (name == "_bulk_docs")
        bulk_docs(server, call, database);
    else if (name == "_changes")
        changes(server, call, database);
    else if (is_all_docs(name))
        list(server, call, database, name, {});
    else if (name == "_bulk_get")
        bulk_get(server, call, database);
    else if (name == "_revs_diff")
        revs_diff(server, call, database);
    else if (name == "_missing_revs")
        missing_revs(server, call, database);
    else if (name == "_purge")
        purge(server, call, database);
    else if (name == "_partition")
        partition(server, call, database);
    else if (name == "_temp_view")
        no_javascript(name);
    else if (!database_path(server, call, database, name) && !find_path(server, call, database, name, {}))
        document_path(server, call, database);
}

/// A browser that may not is sent to the page where it can log in.
ApiError for_browser(const Call& call, ApiError error) {
    if (error.status != 401 || call.path().empty() || !accepts(call.header("accept"), "text/html") ||
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

void route(Server& server, Call& call) {
    try {
        if (!call.well_formed()) throw bad_request("invalid_url_encoding");
        const auto& path = call.path();
        if (!path.empty() && path.front() == "_mock") {
            control(server, call);
            return;
        }
        if (cors(server, call)) return;
        authenticate(server, call);
        if (path.empty()) {
            server_root(server, call);
            return;
        }
        const auto& first = path.front();
        if (first.starts_with('_') && !is_database_name(first)) {
            if (server_path(server, call, first)) return;
            require_server_admin(call);
        }
        database_request(server, call);
    } catch (const ApiError& error) {
        call.respond_error(for_browser(call, error));
    }
}

}  // namespace davenport::couchmock::api
