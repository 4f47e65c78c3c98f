#include "sim/virtual/connections.hpp"

#include "sim/virtual/parts.hpp"

namespace davenport::sim::virtual_world {
namespace {

constexpr LinkId no_link = 0;  // a client without a WebSocket has no connection that lasts

}  // namespace

// ---------------------------------------------------------------- WebSockets

LinkId Connections::open(ClientIndex client, const std::string& node) {
    const auto link = next_++;
    if (auto* to = parts_.find_node(node))
        to->to_clients.send(Way::up, 0, ConnectArrives{client, link, to->index()});
    else
        parts_.engine.soon(Duration{1000}, ToClient{client, link, client::Disconnected{"no such node"}});
    return link;
}

void Connections::on(ConnectArrives& e) {
    if (parts_.clients.link(e.client) != e.link) return;  // it gave up meanwhile
    auto& node = parts_.nodes[e.node];
    if (node.hold_if_paused(e)) return;
    if (!node.accepts_connections())
        return node.to_clients.send(Way::down, 0,
                                    ToClient{e.client, e.link, client::Disconnected{"connection refused"}});
    auto& connection = open_[e.link] = Connection{e.client, e.node, node.life()};
    node.to_clients.send(Way::down, connection.down, 0, ToClient{e.client, e.link, client::Connected{}});
    node.handle(node::Opened{e.link, parts_.clients.name(e.client)});
}

void Connections::send_up(LinkId id, std::string frame) {
    const auto found = open_.find(id);
    if (found == open_.end()) return;
    auto& to = found->second;
    const auto bytes = frame.size();
    parts_.nodes[to.node].to_clients.send(Way::up, to.up, bytes,
                                          ToNode{to.node, to.life, node::Received{id, std::move(frame)}});
}

void Connections::send_down(Node& from, node::Send send) {
    const auto found = open_.find(send.session);
    if (found == open_.end()) return;
    std::size_t bytes = 0;
    for (const auto& batch : send.frames) bytes += batch->size_bytes();
    const auto client = found->second.client;
    from.to_clients.send(Way::down, found->second.down, bytes,
                         FramesArrive{client, send.session, std::move(send.frames)});
    parts_.clients.write_to_socket(client, bytes,
                                   ToNode{from.index(), from.life(), node::Written{send.session}});
}

void Connections::drop(LinkId id, bool by_client, const std::string& reason) {
    const auto found = open_.extract(id);
    if (!found) return;
    auto& dropped = found.mapped();
    auto& path = parts_.nodes[dropped.node].to_clients;
    if (dropped.request != 0) {
        path.send(Way::down, dropped.down, 0,
                  ToClient{dropped.client, no_link, client::Answered{dropped.request, reason, {}}});
    } else if (by_client) {
        path.send(Way::up, dropped.up, 0, ToNode{dropped.node, dropped.life, node::Closed{id}});
    } else {
        path.send(Way::down, dropped.down, 0, ToClient{dropped.client, id, client::Disconnected{reason}});
    }
}

std::int64_t Connections::reset(Node& of, bool alive) {
    std::vector<LinkId> ids;
    for (const auto& [id, connection] : open_)
        if (connection.node == of.index()) ids.push_back(id);
    std::ranges::sort(ids);
    for (const auto id : ids) {
        if (alive && open_.at(id).request == 0)
            parts_.engine.soon(Duration{0}, ToNode{of.index(), of.life(), node::Closed{id}});
        drop(id, false, "connection reset");
    }
    return std::ssize(ids);
}

std::int64_t Connections::count(const Node& of) const {
    return std::ranges::count_if(open_, [&](const auto& entry) { return entry.second.node == of.index(); });
}

// ---------------------------------------------------------------- HTTP requests

void Connections::ask(ClientIndex client, client::Ask request) {
    parts_.engine.soon(request.patience,  // an answer that comes later is ignored
                       ToClient{client, no_link, client::Answered{request.request, "timeout", {}}});
    auto* node = parts_.find_node(request.node);
    if (!node) return;
    const auto bytes = request.http.body.size();
    node->to_clients.send(Way::up, bytes,
                          RequestArrives{client, request.request, node->index(), std::move(request.http)});
}

void Connections::on(RequestArrives& e) {
    auto& node = parts_.nodes[e.node];
    if (node.hold_if_paused(std::move(e))) return;
    if (!node.accepts_connections())
        return node.to_clients.send(
            Way::down, 0, ToClient{e.client, no_link, client::Answered{e.request, "connection refused", {}}});
    const auto id = next_++;
    open_[id] = Connection{e.client, e.node, node.life(), e.request};
    node.handle(node::Requested{id, std::move(e.http), parts_.clients.name(e.client)});
}

void Connections::respond(LinkId id, base::HttpResponse response) {
    const auto found = open_.extract(id);
    if (!found) return;
    auto& asked = found.mapped();
    const auto bytes = response.body.size();
    parts_.nodes[asked.node].to_clients.send(
        Way::down, asked.down, bytes,
        ToClient{asked.client, no_link, client::Answered{asked.request, {}, std::move(response)}});
}

}  // namespace davenport::sim::virtual_world
