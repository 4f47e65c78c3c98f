#include "sim/virtual/world.hpp"

/// What clients without a WebSocket ask of their nodes.
namespace davenport::sim::virtual_world {
namespace {

constexpr LinkId no_link = 0;  // such a client has no connection that lasts

}  // namespace

void World::ask(ClientIndex index, client::Ask request) {
    soon(request.patience,
         ClientHears{index, no_link,
                     client::Answered{request.request, "timeout", {}}});  // late ones are not heard
    const auto node = node_named(request.node);
    if (node == nodes_.size()) return;
    InOrder alone;
    const auto bytes = request.http.body.size();
    travel(nodes_[node].to_clients, true, alone, bytes,
           RequestArrives{index, request.request, node, std::move(request.http)});
}

void World::on(RequestArrives& e) {
    auto& node = nodes_[e.node];
    if (node.core && hold_if_paused(e.node, std::move(e))) return;
    if (!node.core || node.stopping) {
        InOrder alone;
        return travel(node.to_clients, false, alone, 0,
                      ClientHears{e.client, no_link, client::Answered{e.request, "connection refused", {}}});
    }
    const auto id = next_link_++;
    connections_[id] = Connection{e.client, e.node, node.life, {}, {}, e.request};
    tell_node(e.node, node::Requested{id, std::move(e.http), clients_[e.client].name});
}

void World::respond(LinkId id, base::HttpResponse response) {
    auto found = connections_.extract(id);
    if (!found) return;
    auto& connection = found.mapped();
    const auto bytes = response.body.size();
    travel(nodes_[connection.node].to_clients, false, connection.down, bytes,
           ClientHears{connection.client, no_link,
                       client::Answered{connection.request, {}, std::move(response)}});
}

}  // namespace davenport::sim::virtual_world
