#include "sim/virtual/stream_store.hpp"

#include "node/base/json.hpp"
#include "sim/virtual/parts.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

namespace davenport::sim::virtual_world {
namespace {

constexpr std::string_view answers = "answer.";
// Until a node's pings find that nobody is there.
constexpr Duration silence_found = std::chrono::seconds{5};
// Until a leader without followers finds that it is none.
constexpr Duration believes_for = std::chrono::seconds{10};
// nats-server's `sync_interval`.
constexpr Duration sync_interval = std::chrono::minutes{2};

}  // namespace

StreamStore::StreamStore(Parts& parts)
    : parts_{parts},
      servers_{static_cast<std::size_t>(parts.scenario.topology.servers),
               base::Random::stream(parts.plan.seed, "servers")} {}

// ---------------------------------------------------------------- the nodes

StreamStore::Connection* StreamStore::find(NodeIndex node, Number number) {
    const auto found = connections_.find(node);
    return found == connections_.end() || found->second.number != number ? nullptr : &found->second;
}

StreamStore::Connection* StreamStore::connection_of(Node& from, node::FetchId fetch) {
    if (down_ > 0) {
        from.count_request("refused");
        if (fetch != 0) fail(from, fetch, "connection refused");
        return nullptr;
    }
    if (const auto found = connections_.find(from.index()); found != connections_.end())
        return &found->second;
    const auto server = servers_.place();
    if (!server) {
        from.count_request("refused");
        if (fetch != 0) fail(from, fetch, "no server takes a connection");
        return nullptr;
    }
    return &(connections_[from.index()] = {.number = ++numbers_, .life = from.life(), .server = *server});
}

void StreamStore::fail(Node& node, node::FetchId fetch, const char* reason) {
    node.to_store().send(Way::down, 0, ToNode{node.index(), node.life(), node::FetchFailed{fetch, reason}});
}

void StreamStore::send_up(Node& from, Connection& connection, StreamRequest request) {
    const auto bytes = request.message.subject.size() + request.message.payload.size();
    connection.moved = parts_.engine.now;
    from.to_store().send(Way::up, connection.up, bytes,
                         ToStream{from.index(), connection.number, std::move(request)});
}

void StreamStore::ask(Node& from, node::Ask request) {
    auto* connection = connection_of(from, request.fetch);
    if (!connection) return;
    connection->asks.insert(request.fetch);
    request.message.reply = fmt::format("{}{}", answers, request.fetch);
    send_up(from, *connection, {StreamRequest::Kind::message, std::move(request.message)});
}

void StreamStore::subscribe(Node& from, node::Subscribe request) {
    auto* connection = connection_of(from, request.fetch);
    if (!connection) return;
    connection->subscriptions[request.subject] = request.fetch;
    send_up(from, *connection, {StreamRequest::Kind::subscribe, {.subject = std::move(request.subject)}});
}

void StreamStore::publish(Node& from, node::Publish request) {
    if (auto* connection = connection_of(from, 0))
        send_up(from, *connection, {StreamRequest::Kind::message, std::move(request.message)});
}

void StreamStore::cancel(Node& from, node::FetchId id) {
    const auto found = connections_.find(from.index());
    if (found == connections_.end()) return;
    auto& connection = found->second;
    if (connection.asks.erase(id) > 0) from.count_request("given up");
    for (auto one = connection.subscriptions.begin(); one != connection.subscriptions.end(); ++one) {
        if (one->second != id) continue;
        send_up(from, connection, {StreamRequest::Kind::unsubscribe, {.subject = one->first}});
        connection.subscriptions.erase(one);
        return;
    }
}

/// The next one is any that is there: see connection_of().
void StreamStore::change_server(Node& from) {
    if (servers_.size() > 1) cut(from.index(), "left for another server");
}

void StreamStore::on(ToStream& e) {
    const auto* connection = find(e.node, e.connection);
    if (!connection || connection->silent || down_ > 0) return;
    if (hangs_ > 0 || servers_.is_hung(connection->server)) {
        if (hangs_ > 0 || !answer_as_minority(connection->server, e)) held_.push_back(std::move(e));
        return;
    }
    switch (e.request.kind) {
        case StreamRequest::Kind::subscribe:
            servers_.stream().subscribe(e.connection, e.request.message.subject);
            return;
        case StreamRequest::Kind::unsubscribe:
            servers_.stream().unsubscribe(e.request.message.subject);
            return;
        case StreamRequest::Kind::message:
            const auto now = parts_.engine.clocks();
            if (now.time - synced_at_ >= sync_interval) {
                servers_.stream().sync();
                synced_at_ = now.time;
            }
            tell(servers_.publish(e.connection, e.request.message, now));
            return;
    }
}

bool StreamStore::answer_as_minority(ModelCluster::Server server, const ToStream& e) {
    constexpr std::array read_there = {"$JS.API.STREAM.INFO.", "$JS.API.STREAM.MSG.GET.",
                                       "$JS.API.DIRECT.GET."};
    const auto found = minorities_.find(server);
    const auto& message = e.request.message;
    if (found == minorities_.end() || parts_.engine.now >= found->second.until ||
        e.request.kind != StreamRequest::Kind::message ||
        std::ranges::none_of(read_there,
                             [&](const char* subject) { return message.subject.starts_with(subject); }))
        return false;
    auto& node = parts_.nodes[e.node];
    auto& connection = connections_.at(e.node);
    for (auto& one : found->second.stream.publish(e.connection, message, parts_.engine.clocks())) {
        const auto bytes = one.message.subject.size() + one.message.payload.size();
        node.to_store().send(Way::down, connection.down, bytes,
                             FromStream{e.node, e.connection, std::move(one.inbox), std::move(one.message)});
    }
    return true;
}

void StreamStore::tell(ModelJetStream::Deliveries deliveries) {
    for (auto& one : deliveries) {
        for (auto& [index, connection] : connections_) {
            if (connection.number != one.to || connection.silent) continue;
            if (servers_.is_hung(connection.server)) {
                stuck_[connection.server].push_back(std::move(one));
                break;
            }
            auto& node = parts_.nodes[index];
            const auto bytes = one.message.subject.size() + one.message.payload.size();
            connection.moved = parts_.engine.now;
            node.to_store().send(
                Way::down, connection.down, bytes,
                FromStream{index, connection.number, std::move(one.inbox), std::move(one.message)});
            break;
        }
    }
    watch_server();
}

void StreamStore::on(FromStream& e) {
    auto* connection = find(e.node, e.connection);
    if (!connection || connection->silent) return;
    auto& node = parts_.nodes[e.node];
    const auto to_node = [&](node::Event event) {
        ToNode told{e.node, connection->life, std::move(event)};
        node.on(told);
    };
    if (e.inbox.starts_with(answers)) {
        const auto fetch = std::stoull(e.inbox.substr(answers.size()));
        if (connection->asks.erase(fetch) == 0) return;
        node.count_request(e.message.status == 0 ? "200" : std::to_string(e.message.status));
        to_node(node::Answered{fetch, std::move(e.message)});
    } else if (const auto found = connection->subscriptions.find(e.inbox);
               found != connection->subscriptions.end()) {
        std::vector<base::NatsMessage> one;
        one.push_back(std::move(e.message));
        to_node(node::Delivered{found->second, std::move(one)});
    }
}

void StreamStore::watch_server() {
    const auto next = servers_.next_time();
    if (!next || alarm_ == next) return;
    alarm_ = next;
    parts_.engine.at(*next, StreamTimer{static_cast<std::uint64_t>(next->time_since_epoch().count())});
}

void StreamStore::on(const StreamTimer& e) {
    if (!alarm_ || static_cast<std::uint64_t>(alarm_->time_since_epoch().count()) != e.at) return;
    alarm_.reset();
    if (hangs_ > 0 || down_ > 0) return;
    tell(servers_.on_time(parts_.engine.clocks()));
}

// ---------------------------------------------------------------- connections

void StreamStore::cut(NodeIndex index, const char* reason) {
    const auto found = connections_.find(index);
    if (found == connections_.end()) return;
    const auto connection = std::move(found->second);
    connections_.erase(found);
    servers_.stream().disconnected(connection.number);
    auto& node = parts_.nodes[index];
    if (node.life() != connection.life) return;
    for (const auto fetch : connection.asks) {
        node.count_request("reset");
        fail(node, fetch, reason);
    }
    for (const auto& [subject, fetch] : connection.subscriptions) fail(node, fetch, reason);
}

void StreamStore::cut_all(const char* reason) {
    for (auto& node : parts_.nodes) cut(node.index(), reason);
}

void StreamStore::abandon(Node& of) {
    const auto found = connections_.find(of.index());
    if (found == connections_.end()) return;
    servers_.stream().disconnected(found->second.number);
    connections_.erase(found);
}

std::int64_t StreamStore::count(const Node& of) const { return connections_.contains(of.index()) ? 1 : 0; }

std::int64_t StreamStore::reset(Node& of) {
    const auto met = count(of);
    cut(of.index(), "connection reset");
    return met;
}

std::int64_t StreamStore::silence(Node& of) {
    const auto found = connections_.find(of.index());
    if (found == connections_.end()) return 0;
    found->second.silent = true;
    parts_.engine.soon(silence_found, StreamSilent{of.index(), found->second.number});
    return 1;
}

void StreamStore::on(const StreamSilent& e) {
    const auto* connection = find(e.node, e.connection);
    if (connection && (connection->silent || servers_.is_hung(connection->server)))
        cut(e.node, "no answer to a ping");
}

std::int64_t StreamStore::cut_idle(Node& of, Duration idle, bool silently) {
    const auto found = connections_.find(of.index());
    if (found == connections_.end() || found->second.silent || found->second.moved + idle > parts_.engine.now)
        return 0;
    return silently ? silence(of) : reset(of);
}

// ---------------------------------------------------------------- faults

std::int64_t StreamStore::begin_fault(const StreamFault& fault) {
    const auto& kind = fault.kind;
    const auto now = parts_.engine.clocks();
    const auto met = static_cast<std::int64_t>(connections_.size());
    if (kind.starts_with("server.")) return begin_at_one(fault);
    if (kind == "store.hang") return ++hangs_, 1;
    if (kind == "store.wipe") return servers_.delete_stream() ? 1 : 0;
    if (kind == "feed.cut") {
        auto told = servers_.stream().drop_consumers();
        const auto dropped = static_cast<std::int64_t>(told.size());
        tell(std::move(told));
        return dropped;
    }
    cut_all("connection reset");
    if (kind == "store.down") ++down_;
    if (kind == "store.amnesia") {
        const auto lost = static_cast<std::int64_t>(servers_.lose_unsynced(now));
        watch_server();
        return lost;
    }
    servers_.restart(now);
    watch_server();
    return std::max<std::int64_t>(met, 1);
}

void StreamStore::end_fault(const StreamFault& fault) {
    if (fault.kind.starts_with("server.")) return end_at_one(fault);
    if (fault.kind == "store.down" && --down_ == 0) {
        servers_.restart(parts_.engine.clocks());
        watch_server();
    }
    if (fault.kind != "store.hang" || --hangs_ > 0) return;
    take_held();
    if (!alarm_) tell(servers_.on_time(parts_.engine.clocks()));
}

std::int64_t StreamStore::begin_at_one(const StreamFault& fault) {
    const auto server = servers_.find(fault.server);
    if (!server) return 0;
    const auto now = parts_.engine.clocks();
    hit_[fault.name] = *server;
    if (fault.kind == "server.hang") {
        servers_.hang(*server, now);
        for (const auto& [index, connection] : connections_)
            if (connection.server == *server)
                parts_.engine.soon(silence_found, StreamSilent{index, connection.number});
    } else if (fault.kind == "server.partition") {
        // For its own clients it is there, and has nothing to say.
        if (cuts_[*server]++ == 0 && servers_.leader() == *server)
            minorities_.insert_or_assign(*server, Minority{servers_.stream(), now.time + believes_for});
        servers_.hang(*server, now);
    } else {
        servers_.kill(*server, now);
        stuck_.erase(*server);
        for (auto& node : parts_.nodes)
            if (const auto found = connections_.find(node.index());
                found != connections_.end() && found->second.server == *server)
                cut(node.index(), "connection reset");
    }
    watch_server();
    return 1;
}

void StreamStore::end_at_one(const StreamFault& fault) {
    const auto hit = hit_.extract(fault.name);
    if (hit.empty()) return;
    const auto server = hit.mapped();
    if (fault.kind == "server.down") {
        servers_.start(server, parts_.engine.clocks());
        return watch_server();
    }
    if (fault.kind == "server.partition" && --cuts_[server] == 0) minorities_.erase(server);
    auto told = servers_.resume(server, parts_.engine.clocks());
    if (!servers_.is_hung(server)) {
        auto stuck = stuck_.extract(server);
        if (!stuck.empty()) tell(std::move(stuck.mapped()));
        take_held();
    }
    tell(std::move(told));
}

/// What came while it hung.
void StreamStore::take_held() {
    for (auto& one : std::exchange(held_, {})) on(one);
}

// ---------------------------------------------------------------- the harness

base::HttpResponse StreamStore::all_documents() const {
    std::string rows;
    for (const auto& [sequence, stored] : servers_.stream().messages()) {
        if (!stored.subject.starts_with("chat.m.") || stored.payload.empty()) continue;
        const auto document = base::parse_json(stored.payload);
        if (!document) continue;
        rows += rows.empty() ? R"({"id":)" : R"(,{"id":)";
        base::append_json_string(rows, base::text_member(*document, "_id"));
        rows += ",\"doc\":" + stored.payload + '}';
    }
    return {200, {}, R"({"rows":[)" + rows + "]}"};
}

}  // namespace davenport::sim::virtual_world
