#include "couchmock/core/api.hpp"
#include "node/base/json.hpp"

/// Who may ask at all, before anything is looked at: chttpd_auth_request.
namespace davenport::couchmock::api {
namespace {

void require_metrics(const Call& call) {
    if (!call.user.is_server_admin() && !call.user.has_role("_metrics"))
        throw ApiError{401, "unauthorized", "You are not a server admin or read-only metrics user", {}};
}

void authorize_server_path(const Call& call) {
    const auto& path = call.path();
    const auto& first = path.front();
    if (path.size() == 1 && (first == "_up" || first == "_uuids" || first == "_session" ||
                             first == "_stats" || first == "_active_tasks" || first == "_dbs_info"))
        return;
    if (path.size() == 1 && first == "_replicate") {
        if (call.method() == "POST" && !base::parse_json(call.request().body))
            return;  // said before all else
        if (call.user.name.empty() && !call.user.is_server_admin())
            throw ApiError{401, "unauthorized", "You are not an authenticated user", {}};
    } else if (first == "_utils" && call.method() == "GET") {
        return;
    } else if (first == "_node" && path.size() > 2 &&
               (path[2] == "_stats" || path[2] == "_system" || path[2] == "_prometheus")) {
        require_metrics(call);
    } else {
        require_server_admin(call);
    }
}

void authorize_system_database(const Server& server, const Call& call) {
    const auto& path = call.path();
    const bool whole = path.size() == 1 && (call.method() == "PUT" || call.method() == "DELETE");
    const bool lists = path.size() > 1 && (path[1] == "_all_docs" || path[1] == "_changes");
    if (whole || lists)
        require_server_admin(call);
    else
        require_member(call, server.database(path.front()));
}

void authorize_database_path(const Server& server, const Call& call) {
    const auto& path = call.path();
    if (path.size() == 1 && (call.method() == "PUT" || call.method() == "DELETE")) {
        require_server_admin(call);
        return;
    }
    const auto what = path.size() > 1 ? std::string_view{path[1]} : std::string_view{};
    if (what == "_compact" || (what == "_view_cleanup" && path.size() == 2)) {
        const auto& database = server.database(path.front());
        require_member(call, database);
        if (!is_database_admin(call.user, database))
            throw ApiError{401, "unauthorized", "You are not a server or db admin.", {}};
    } else if (path.size() == 2 &&
               (what == "_sync_shards" || what == "_purge" || what == "_purged_infos_limit")) {
        require_server_admin(call);
    } else {
        require_member(call, server.database(path.front()));
    }
}

}  // namespace

void authorize(const Server& server, const Call& call) {
    const auto& path = call.path();
    if (path.empty() || path.front() == "favicon.ico") return;
    const auto& first = path.front();
    if (first == "_all_dbs" || first == "_dbs_info") {
        if (server.setting_is("chttpd", "admin_only_all_dbs", true)) require_server_admin(call);
    } else if (first == "_users" || first == "_replicator") {
        authorize_system_database(server, call);
    } else if (first.starts_with('_')) {
        authorize_server_path(call);
    } else {
        authorize_database_path(server, call);
    }
}

}  // namespace davenport::couchmock::api
