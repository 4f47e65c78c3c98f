#include "sim/virtual/stream_store.hpp"

#include "node/base/json.hpp"
#include "sim/virtual/parts.hpp"

#include <utility>

#include <fmt/format.h>

namespace davenport::sim::virtual_world {
namespace {

constexpr std::string_view answers = "answer.";
// Until a node's pings find that nobody is there.
constexpr Duration silence_found = std::chrono::seconds{5};
// nats-server's `sync_interval`.
constexpr Duration sync_interval = std::chrono::minutes{2};

}  // namespace

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
    auto& connection = connections_[from.index()];
    if (connection.number == 0) connection = {.number = ++numbers_, .life = from.life()};
    return &connection;
}

void StreamStore::fail(Node& node, node::FetchId fetch, const char* reason) {
    node.to_store.send(Way::down, 0, ToNode{node.index(), node.life(), node::FetchFailed{fetch, reason}});
}

void StreamStore::send_up(Node& from, Connection& connection, StreamRequest request) {
    const auto bytes = request.message.subject.size() + request.message.payload.size();
    connection.moved = parts_.engine.now;
    from.to_store.send(Way::up, connection.up, bytes,
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

void StreamStore::on(ToStream& e) {
    const auto* connection = find(e.node, e.connection);
    if (!connection || connection->silent || down_ > 0) return;
    if (hangs_ > 0) return held_.push_back(std::move(e));
    switch (e.request.kind) {
        case StreamRequest::Kind::subscribe:
            server_.subscribe(e.connection, e.request.message.subject);
            return;
        case StreamRequest::Kind::unsubscribe:
            server_.unsubscribe(e.request.message.subject);
            return;
        case StreamRequest::Kind::message:
            const auto now = parts_.engine.clocks();
            if (now.time - synced_at_ >= sync_interval) {
                server_.sync();
                synced_at_ = now.time;
            }
            tell(server_.publish(e.connection, e.request.message, now));
            return;
    }
}

void StreamStore::tell(ModelJetStream::Deliveries deliveries) {
    for (auto& one : deliveries) {
        for (auto& [index, connection] : connections_) {
            if (connection.number != one.to || connection.silent) continue;
            auto& node = parts_.nodes[index];
            const auto bytes = one.message.subject.size() + one.message.payload.size();
            connection.moved = parts_.engine.now;
            node.to_store.send(
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
    const auto next = server_.next_time();
    if (!next || alarm_ == next) return;
    alarm_ = next;
    parts_.engine.at(*next, StreamTimer{static_cast<std::uint64_t>(next->time_since_epoch().count())});
}

void StreamStore::on(const StreamTimer& e) {
    if (!alarm_ || static_cast<std::uint64_t>(alarm_->time_since_epoch().count()) != e.at) return;
    alarm_.reset();
    if (hangs_ > 0 || down_ > 0) return;
    tell(server_.on_time(parts_.engine.now));
}

// ---------------------------------------------------------------- connections

void StreamStore::cut(NodeIndex index, const char* reason) {
    const auto found = connections_.find(index);
    if (found == connections_.end()) return;
    const auto connection = std::move(found->second);
    connections_.erase(found);
    server_.disconnected(connection.number);
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
    server_.disconnected(found->second.number);
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
    if (find(e.node, e.connection)) cut(e.node, "no answer to a ping");
}

std::int64_t StreamStore::cut_idle(Node& of, Duration idle, bool silently) {
    const auto found = connections_.find(of.index());
    if (found == connections_.end() || found->second.silent || found->second.moved + idle > parts_.engine.now)
        return 0;
    return silently ? silence(of) : reset(of);
}

// ---------------------------------------------------------------- faults

std::int64_t StreamStore::begin_fault(std::string_view kind, base::Duration, std::int64_t) {
    const auto met = static_cast<std::int64_t>(connections_.size());
    if (kind == "store.hang") return ++hangs_, 1;
    if (kind == "store.wipe") return server_.delete_stream() ? 1 : 0;
    if (kind == "feed.cut") {
        auto told = server_.drop_consumers();
        const auto dropped = static_cast<std::int64_t>(told.size());
        tell(std::move(told));
        return dropped;
    }
    cut_all("connection reset");
    if (kind == "store.down") ++down_;
    if (kind == "store.amnesia") return static_cast<std::int64_t>(server_.lose_unsynced());
    server_.restart();
    return std::max<std::int64_t>(met, 1);
}

void StreamStore::end_fault(std::string_view kind) {
    if (kind == "store.down") --down_;
    if (kind != "store.hang" || --hangs_ > 0) return;
    for (auto& one : std::exchange(held_, {})) on(one);
    if (!alarm_) tell(server_.on_time(parts_.engine.now));
}

// ---------------------------------------------------------------- the harness

base::HttpResponse StreamStore::all_documents() const {
    std::string rows;
    for (const auto& [sequence, stored] : server_.messages()) {
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
