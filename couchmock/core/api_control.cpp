#include "couchmock/core/api.hpp"
#include "couchmock/core/archive.hpp"
#include "node/base/json.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace davenport::couchmock::api {
namespace {

/// Every document is gone, as if the databases had been dropped and made anew with the same names.
void wipe(Server& server, Call& call) {
    std::vector<Database::Settings> all;
    for (const auto& [name, database] : server.databases) all.push_back(database->settings());
    for (const auto& settings : all) {
        server.drop(settings.name, call.now());
        if (settings.name.starts_with('_'))
            server.create(settings.name, settings.shards, settings.partitioned, call.now());
    }
    call.respond_json(200, fmt::format(R"({{"ok":true,"databases":{}}})", all.size()));
}

/// Whoever asks says it all: the injector fills in default values.
void amnesia(Server& server, Call& call, const boost::json::value& wanted, bool locals_too) {
    const auto rows = base::int_member(wanted, "rows").value_or(0);
    const auto name = base::string_member(wanted, "database");
    std::size_t forgotten = 0;
    for (const auto& [key, database] : server.databases) {
        if (key.starts_with('_') || (name && key != *name)) continue;
        forgotten += database->forget(static_cast<std::size_t>(std::max<std::int64_t>(rows, 0)));
        if (locals_too) database->clear_locals();
        database->retag();
    }
    call.respond_json(200, fmt::format(R"({{"ok":true,"rows":{}}})", forgotten));
}

/// A store whose files were moved to another machine has another uuid there; its feeds begin anew for who
/// asks with an old seq.
void restart(Server& server, Call& call, const boost::json::value& wanted) {
    const auto uuid = base::string_member(wanted, "uuid");
    if (uuid && *uuid != server.uuid) {
        server.uuid = *uuid;
        if (!server.setting("couchdb", "uuid").empty()) server.settings["couchdb"]["uuid"] = *uuid;
        server.settings_changed = true;
        for (const auto& [name, database] : server.databases) database->retag();
    }
    call.respond_json(200, R"({"ok":true})");
}

/// A member of the cluster goes, or comes back. `by`: what for; a member is back when nothing keeps it away.
void move_member(Server& server, Call& call, bool goes, const boost::json::value& wanted) {
    const auto number = base::int_member(wanted, "member").value_or(0);
    const auto by = static_cast<std::uint64_t>(base::int_member(wanted, "by").value_or(0));
    const base::Duration lag{base::int_member(wanted, "delay_us").value_or(0)};
    if (!server.cluster.is_cluster())
        throw bad_request("there is one member: start couchmock with --members");
    if (goes && (number < 1 || std::cmp_greater(number, server.cluster.size())))
        throw bad_request(fmt::format("`member` must be a whole number, 1 to {}", server.cluster.size()));
    if (goes)
        server.take_member_away(static_cast<MemberIndex>(number - 1), by, base::bool_member(wanted, "empty"));
    else
        server.give_members_back(by, lag, call.now().time);
    call.respond_json(200, R"({"ok":true})");
}

/// The whole memory as one JSON text, to be put back later or elsewhere.
void state(Server& server, Call& call) {
    if (call.method() == "GET") {
        call.respond_json(200, archive::to_json(server));
    } else if (call.method() == "PUT") {
        if (!archive::from_json(server, call.body(), call.now()))
            throw bad_request("this is no state of a mock");
        if (server.cluster.is_cluster())
            for (const auto& [name, database] : server.databases) database->make_copies(server.cluster.up());
        call.respond_json(200, R"({"ok":true})");
    } else {
        throw method_not_allowed("GET,PUT");
    }
}

}  // namespace

void control(Server& server, Call& call) {
    const auto& path = call.path();
    const auto body = base::parse_json(call.request().body).value_or(nullptr);
    const auto what = path.size() > 2 && path[1] == "store" ? std::string_view{path[2]} : std::string_view{};
    if (path.size() == 2 && path[1] == "state") {
        state(server, call);
        return;
    }
    if (what.empty()) throw not_found("no such control path");
    if (call.method() != "POST") throw method_not_allowed("POST");
    if (what == "wipe")
        wipe(server, call);
    else if (what == "amnesia")
        amnesia(server, call, body, base::bool_member(body, "local", true));
    else if (what == "failover")
        amnesia(server, call, body, false);
    else if (what == "restart")
        restart(server, call, body);
    else if (what == "document_edit" || what == "document_delete" || what == "document_purge" ||
             what == "document_conflict")
        change_by_hand(server, call, what, body);
    else if (what == "member_down" || what == "member_up")
        move_member(server, call, what == "member_down", body);
    else if (what == "crash")
        call.respond_json(200, R"({"ok":true})");  // what is in memory was acknowledged or never asked for
    else
        throw not_found("no such act");
}

}  // namespace davenport::couchmock::api
