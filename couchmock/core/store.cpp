#include "couchmock/core/store.hpp"

#include "couchmock/core/accepted.hpp"
#include "couchmock/core/api.hpp"
#include "couchmock/core/archive.hpp"
#include "couchmock/core/replication_jobs.hpp"

#include <algorithm>
#include <utility>

namespace davenport::couchmock {

namespace {

bool is_control(const Call& call) { return !call.path().empty() && call.path().front() == "_mock"; }

/// What it writes goes to all replicas, and its answer says whether enough of them took it.
bool stores_something(const Call& call) {
    const auto& path = call.path();
    if (path.empty() || (path.front().starts_with('_') && !api::is_database_name(path.front()))) return false;
    const auto name = path.size() > 1 ? std::string_view{path[1]} : std::string_view{};
    if (call.method() == "POST") return path.size() == 1 || name == "_bulk_docs";
    if (call.method() != "PUT" && call.method() != "DELETE" && call.method() != "COPY") return false;
    return !name.starts_with('_') || name.starts_with("_local") || name.starts_with("_design");
}

void name_forwarded(const Server& server, Call& call) {
    const auto rename = [&](std::string_view key, std::string_view& header) {
        if (const auto name = server.setting("chttpd", key); !name.empty()) header = name;
    };
    rename("x_forwarded_host", call.forwarded.host);
    rename("x_forwarded_proto", call.forwarded.scheme);
    rename("x_forwarded_ssl", call.forwarded.tls);
}

}  // namespace

Store::Store(MockConfig config) : server_(std::move(config)) {}

void Store::restore(const std::vector<Record>& kept, RecordKeeper& keeper) {
    for (const auto& record : kept) archive::load(server_, record);
    server_.apply_settings();
    for (const auto& [name, database] : server_.databases) database->track_changes();
    server_.keeps_records = true;
    server_.settings_changed = kept.empty();
    keeper_ = &keeper;
}

Effects Store::handle(Event&& event, base::Now now) {
    server_.effects.clear();
    if (auto* requested = std::get_if<Requested>(&event)) {
        on_request(*requested, now);
    } else if (const auto* written = std::get_if<Written>(&event)) {
        if (!server_.feeds.on_written(written->exchange, now)) server_.bodies.on_written(written->exchange);
    } else if (const auto* abandoned = std::get_if<Abandoned>(&event)) {
        if (!server_.feeds.on_abandoned(abandoned->exchange))
            server_.bodies.on_abandoned(abandoned->exchange);
        server_.remote_replications->on_abandoned(abandoned->exchange);
    } else if (const auto* fetched = std::get_if<Fetched>(&event)) {
        server_.remote_replications->on_fetched(fetched->fetch, fetched->response, now);
    } else if (const auto* failed = std::get_if<FetchFailed>(&event)) {
        server_.remote_replications->on_failed(failed->fetch, failed->why, now);
    } else {
        timer_.reset();
        server_.heal_members(now.time);
        server_.feeds.on_time(now);
    }
    api::run_replications(server_, now);
    auto& changed = server_.changed;
    for (auto it = changed.begin(); it != changed.end(); ++it)  // a replication may have named one twice
        if (std::find(changed.begin(), it, *it) == it) server_.feeds.wake(**it, now);
    server_.changed.clear();
    if (keeper_) archive::save_changes(server_, *keeper_);
    set_timer();
    return std::exchange(server_.effects, {});
}

void Store::on_request(Requested& event, base::Now now) {
    if (server_.databases.empty()) make_system_databases(now);
    const bool plus_is_space =
        server_.settings.empty() || server_.setting_is("chttpd", "decode_plus_to_space", true);
    Call call{event.exchange, event.request, now, server_.effects, plus_is_space};
    call.client = std::move(event.client);
    if (!server_.settings.empty()) name_forwarded(server_, call);
    call.request_id = server_.request_id(call.header("x-couch-request-id"));
    if (server_.authority.empty()) server_.authority = call.header("host");
    if (!server_.cluster.is_cluster() || is_control(call)) {
        api::route(server_, call);
        return;
    }
    if (!server_.send_to_member(call)) return;
    api::route(server_, call);
    if (server_.cluster.has_quorum() || !stores_something(call)) return;
    for (auto& effect : server_.effects)
        if (auto* whole = std::get_if<Respond>(&effect)) make_accepted(whole->response);
}

void Store::make_system_databases(base::Now now) {
    for (const auto* name : {"_replicator", "_users"}) server_.create(name, 1, false, now);
    api::make_users_design(server_.database("_users"));
}

void Store::set_timer() {
    auto deadline = server_.feeds.deadline();
    for (const auto& other : {server_.cluster.deadline(), server_.remote_replications->deadline()})
        if (other && (!deadline || *other < *deadline)) deadline = other;
    if (!deadline || (timer_ && *timer_ <= *deadline)) return;
    timer_ = deadline;
    server_.effects.emplace_back(SetTimer{store_timer, *deadline});
}

}  // namespace davenport::couchmock
