#include "sim/virtual/connections.hpp"

#include "sim/virtual/parts.hpp"

#include <algorithm>
#include <utility>

namespace davenport::sim::virtual_world {
namespace {

constexpr LinkId no_link = 0;  // a client without a WebSocket has no connection that lasts
constexpr Duration node_notices = std::chrono::seconds{60};  // its pings, every 30 s of silence, find it out
constexpr std::size_t silent_bytes_max = 256 * 1024;  // what the buffers of a half-open connection take

}  // namespace

// ---------------------------------------------------------------- the way there

template <class E>
void Connections::send(Way way, Node& node, ClientIndex client, LinkId id, InOrder& order, std::size_t bytes,
                       E&& event) {
    auto& path = node.to_clients;
    const auto own = own_links_.find(client);
    if (own == own_links_.end()) return path.send(way, order, bytes, std::forward<E>(event));
    auto& link = own->second;
    if (link.holds(way)) return link.wait(way, {node.index(), id, order, bytes, std::forward<E>(event)});
    path.send(way, order, bytes, std::forward<E>(event), link.time_for(parts_.engine, bytes));
}

void Connections::hold(ClientIndex client, Way way, bool held) {
    auto& link = own_link(client);
    link.hold(way, held);
    if (link.holds(way)) return;
    std::map<LinkId, InOrder> gone;  // what a connection carried before it ended keeps its order
    for (auto& waiting : link.take(way)) {
        const auto found = open_.find(waiting.connection);
        auto& order = found == open_.end() ? gone.try_emplace(waiting.connection, waiting.order).first->second
                      : way == Way::up     ? found->second.up
                                           : found->second.down;
        send(way, parts_.nodes[waiting.node], client, waiting.connection, order, waiting.bytes,
             std::move(waiting.event));
    }
}

// ---------------------------------------------------------------- WebSockets

LinkId Connections::open(ClientIndex client, const std::string& node) {
    const auto link = next_++;
    InOrder alone;
    if (auto* to = parts_.find_node(node))
        send(Way::up, *to, client, no_link, alone, 0, ConnectArrives{client, link, to->index()});
    else
        parts_.engine.soon(Duration{1000}, ToClient{client, link, client::Disconnected{"no such node"}});
    return link;
}

void Connections::on(ConnectArrives& e) {
    if (parts_.clients.link(e.client) != e.link) return;  // it gave up meanwhile
    auto& node = parts_.nodes[e.node];
    if (node.hold_if_paused(e)) return;
    InOrder alone;
    if (!node.accepts_connections())
        return send(Way::down, node, e.client, no_link, alone, 0,
                    ToClient{e.client, e.link, client::Disconnected{"connection refused"}});
    auto& connection = open_[e.link] = Connection{.client = e.client, .node = e.node, .life = node.life()};
    connection.moved = parts_.engine.now;
    send(Way::down, node, e.client, e.link, connection.down, 0,
         ToClient{e.client, e.link, client::Connected{}});
    node.handle(node::Opened{e.link, parts_.clients.name(e.client)});
}

void Connections::send_up(LinkId id, std::string frame) {
    const auto found = open_.find(id);
    if (found == open_.end()) return;
    auto& to = found->second;
    if (to.is_silent) return;
    const auto bytes = frame.size();
    to.moved = parts_.engine.now;
    send(Way::up, parts_.nodes[to.node], to.client, id, to.up, bytes,
         ToNode{to.node, to.life, node::Received{id, std::move(frame)}});
}

void Connections::send_down(Node& from, node::Send frames) {
    const auto found = open_.find(frames.session);
    if (found == open_.end()) return;
    std::size_t bytes = 0;
    for (const auto& batch : frames.frames) bytes += batch->size_bytes();
    auto& to = found->second;
    ToNode written{from.index(), from.life(), node::Written{frames.session}};
    if (to.is_silent) {
        to.unsent += bytes;
        if (to.unsent <= silent_bytes_max) parts_.engine.soon(Duration{0}, std::move(written));
        return;
    }
    to.moved = parts_.engine.now;
    send(Way::down, from, to.client, frames.session, to.down, bytes,
         FramesArrive{to.client, frames.session, std::move(frames.frames)});
    parts_.clients.write_to_socket(to.client, bytes, std::move(written));
}

void Connections::note_queues() {
    for (const auto id : find({}, [](const Connection& connection) { return connection.request == 0; })) {
        const auto& connection = open_.at(id);
        auto& node = parts_.nodes[connection.node];
        if (connection.life == node.life()) node.note_queue(connection.client, id);
    }
    for (auto& node : parts_.nodes) node.note_queues();
}

void Connections::drop(LinkId id, bool by_client, const std::string& reason) {
    const auto found = open_.extract(id);
    if (!found) return;
    auto& dropped = found.mapped();
    auto& node = parts_.nodes[dropped.node];
    if (parts_.looks_at_queues && dropped.request == 0 && dropped.life == node.life())
        node.note_queue(dropped.client, id);  // who is cut off has had the most just now
    if (dropped.is_silent) return;
    if (dropped.request != 0) {
        send(Way::down, node, dropped.client, id, dropped.down, 0,
             ToClient{dropped.client, no_link, client::Answered{dropped.request, reason, {}}});
    } else if (by_client) {
        send(Way::up, node, dropped.client, id, dropped.up, 0,
             ToNode{dropped.node, dropped.life, node::Closed{id}});
    } else {
        send(Way::down, node, dropped.client, id, dropped.down, 0,
             ToClient{dropped.client, id, client::Disconnected{reason}});
    }
}

// ---------------------------------------------------------------- all of some

std::vector<LinkId> Connections::find(const Which& which,
                                      const std::function<bool(const Connection&)>& also) const {
    std::vector<LinkId> ids;
    for (const auto& [id, connection] : open_) {
        const bool meant = (!which.node || connection.node == which.node->index()) &&
                           (!which.client || connection.client == *which.client);
        if (meant && also(connection)) ids.push_back(id);
    }
    std::ranges::sort(ids);
    return ids;
}

std::int64_t Connections::count(const Which& which) const {
    return std::ssize(find(which, [](const Connection&) { return true; }));
}

void Connections::reset(LinkId id, bool alive) {
    const auto& connection = open_.at(id);
    if (alive && connection.request == 0)
        parts_.engine.soon(Duration{0}, ToNode{connection.node, connection.life, node::Closed{id}});
    drop(id, false, "connection reset");
}

std::int64_t Connections::reset(const Which& which) {
    const auto ids = find(which, [](const Connection& connection) { return !connection.is_silent; });
    for (const auto id : ids) reset(id, true);
    return std::ssize(ids);
}

void Connections::silence(LinkId id) {
    auto& connection = open_.at(id);
    connection.is_silent = true;
    if (connection.request == 0)
        parts_.engine.soon(node_notices, ToNode{connection.node, connection.life, node::Closed{id}});
}

std::int64_t Connections::silence(const Which& which) {
    const auto ids = find(which, [](const Connection& connection) { return !connection.is_silent; });
    for (const auto id : ids) silence(id);
    return std::ssize(ids);
}

std::int64_t Connections::cut_idle(const Which& which, Duration idle, bool silently) {
    const auto ids = find(which, [&](const Connection& connection) {
        return !connection.is_silent && connection.moved + idle <= parts_.engine.now;
    });
    for (const auto id : ids) silently ? silence(id) : reset(id, true);
    return std::ssize(ids);
}

std::int64_t Connections::reset(Node& of, bool alive) {
    const auto ids = find({.node = &of}, [](const Connection&) { return true; });
    for (const auto id : ids) reset(id, alive);
    return std::ssize(ids);
}

std::int64_t Connections::count(const Node& of) const { return count(Which{.node = &of}); }

// ---------------------------------------------------------------- HTTP requests

void Connections::ask(ClientIndex client, client::Ask request) {
    parts_.engine.soon(request.patience,  // an answer that comes later is ignored
                       ToClient{client, no_link, client::Answered{request.request, "timeout", {}}});
    auto* node = parts_.find_node(request.node);
    if (!node) return;
    const auto bytes = request.http.body.size();
    InOrder alone;
    send(Way::up, *node, client, no_link, alone, bytes,
         RequestArrives{client, request.request, node->index(), std::move(request.http)});
}

void Connections::on(RequestArrives& e) {
    auto& node = parts_.nodes[e.node];
    if (node.hold_if_paused(e)) return;
    InOrder alone;
    if (!node.accepts_connections())
        return send(Way::down, node, e.client, no_link, alone, 0,
                    ToClient{e.client, no_link, client::Answered{e.request, "connection refused", {}}});
    const auto id = next_++;
    open_[id] = {.client = e.client,
                 .node = e.node,
                 .life = node.life(),
                 .request = e.request,
                 .moved = parts_.engine.now};
    node.handle(node::Requested{id, std::move(e.http), parts_.clients.name(e.client)});
}

void Connections::respond(LinkId id, base::HttpResponse response) {
    const auto found = open_.extract(id);
    if (!found) return;
    auto& asked = found.mapped();
    if (asked.is_silent) return;
    const auto bytes = response.body.size();
    send(Way::down, parts_.nodes[asked.node], asked.client, id, asked.down, bytes,
         ToClient{asked.client, no_link, client::Answered{asked.request, {}, std::move(response)}});
}

}  // namespace davenport::sim::virtual_world
