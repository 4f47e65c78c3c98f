#include "sim/virtual/world.hpp"

#include <fmt/format.h>

/// Clients and their connections.
namespace davenport::sim::virtual_world {

ClientIndex World::add_client(std::string name, NodeIndex home, std::vector<std::string> rooms,
                              bool polling) {
    const auto index = static_cast<ClientIndex>(clients_.size());
    VirtualClient added;
    added.name = name;
    added.core = std::make_unique<client::ClientCore>(client::Config{.name = std::move(name),
                                                                     .node = nodes_[home].name,
                                                                     .rooms = std::move(rooms),
                                                                     .start = start_,
                                                                     .seed = plan_.seed,
                                                                     .polling = polling});
    clients_.push_back(std::move(added));
    ++unsettled_;
    perform(index, clients_[index].core->start({now_, wall()}));
    return index;
}

void World::tell_client(ClientIndex index, const client::Event& event) {
    perform(index, clients_[index].core->handle(event, {now_, wall()}));
}

void World::perform(ClientIndex index, client::Effects effects) {
    for (auto& effect : effects) {
        auto& client = clients_[index];
        if (auto* noted = std::get_if<client::Note>(&effect)) {
            if (client.probes.empty()) note(noted->record);
        } else if (auto* send = std::get_if<client::Send>(&effect)) {
            const auto link = connections_.find(client.link);
            if (link == connections_.end()) continue;
            auto& to = link->second;
            const auto bytes = send->frame.size();
            travel(nodes_[to.node].to_clients, true, to.up, bytes,
                   WrittenArrives{to.node, to.life, node::Received{client.link, std::move(send->frame)}});
        } else if (auto* to = std::get_if<client::Connect>(&effect)) {
            connect(index, to->node);
        } else if (auto* request = std::get_if<client::Ask>(&effect)) {
            ask(index, std::move(*request));
        } else if (std::get_if<client::Disconnect>(&effect)) {
            drop_link(std::exchange(client.link, 0), true, "");
        } else if (auto* timer = std::get_if<client::SetTimer>(&effect)) {
            client.timers[timer->timer] = ++settings_;
            at(std::max(now_, timer->at), ClientTimer{index, timer->timer, settings_});
        } else if (auto* read = std::get_if<client::HistoryRead>(&effect)) {
            soon(Duration{0}, Told{orchestrator::HistoryTold{client.probes, std::move(read->room),
                                                             std::move(read->messages)}});
            read_next_room(index);
        }
    }
    auto& client = clients_[index];
    if (client.probes.empty() && client.core->settled() != client.settled) {
        client.settled = !client.settled;
        client.settled ? --unsettled_ : ++unsettled_;
    }
}

void World::connect(ClientIndex index, const std::string& node) {
    const auto link = next_link_++;
    clients_[index].link = link;
    const auto found = std::ranges::find(nodes_, node, &VirtualNode::name);
    InOrder alone;
    if (found == nodes_.end()) {
        soon(Duration{1000}, ClientHears{index, link, client::Disconnected{"no such node"}});
    } else {
        travel(found->to_clients, true, alone, 0,
               ConnectArrives{index, link, static_cast<NodeIndex>(found - nodes_.begin())});
    }
}

void World::on(ConnectArrives& e) {
    auto& node = nodes_[e.node];
    if (clients_[e.client].link != e.link) return;  // gave up meanwhile
    if (node.core && hold_if_paused(e.node, e)) return;
    InOrder alone;
    if (!node.core || node.stopping) {
        travel(node.to_clients, false, alone, 0,
               ClientHears{e.client, e.link, client::Disconnected{"connection refused"}});
        return;
    }
    auto& connection = connections_[e.link] = Connection{e.client, e.node, node.life, {}, {}};
    travel(node.to_clients, false, connection.down, 0, ClientHears{e.client, e.link, client::Connected{}});
    tell_node(e.node, node::Opened{e.link, clients_[e.client].name});
}

void World::drop_link(LinkId id, bool tell_node, const std::string& reason) {
    const auto found = connections_.find(id);
    if (found == connections_.end()) return;
    auto connection = std::move(found->second);
    connections_.erase(found);
    auto& path = nodes_[connection.node].to_clients;
    if (connection.request != 0) {
        travel(path, false, connection.down, 0,
               ClientHears{connection.client, 0, client::Answered{connection.request, reason, {}}});
    } else if (tell_node) {
        travel(path, true, connection.up, 0,
               WrittenArrives{connection.node, connection.life, node::Closed{id}});
    } else {
        travel(path, false, connection.down, 0,
               ClientHears{connection.client, id, client::Disconnected{reason}});
    }
}

void World::on(ClientHears& e) {
    if (clients_[e.client].link != e.link) return;
    if (std::holds_alternative<client::Disconnected>(e.event)) clients_[e.client].link = 0;
    if (auto* answer = std::get_if<client::Answered>(&e.event); answer && !clients_[e.client].reading)
        return clients_[e.client].unheard.push_back(std::move(*answer));
    tell_client(e.client, e.event);
}

void World::on(FramesArrive& e) {
    auto& client = clients_[e.client];
    client.reading ? read(e) : client.unread.push_back(std::move(e));
}

void World::read(const FramesArrive& e) {
    for (const auto& batch : e.frames) {
        for (std::size_t i = 0; i < batch->count(); ++i) {
            if (clients_[e.client].link != e.link) return;
            if (const auto frame = json_.read(batch->at(i)))
                perform(e.client, clients_[e.client].core->on_frame(*frame, {now_, wall()}));
            else
                tell_client(e.client, client::Received{std::string{batch->at(i)}});
        }
    }
    auto& client = clients_[e.client];
    if (client.probes.empty() || !client.core->connected() || std::exchange(client.probing, true)) return;
    read_next_room(e.client);
}

void World::on(ClientTimer& e) {
    auto& timers = clients_[e.client].timers;
    const auto counts = timers.find(e.timer);
    if (counts == timers.end() || counts->second != e.setting) return;
    timers.erase(counts);
    tell_client(e.client, client::TimerFired{e.timer});
}

}  // namespace davenport::sim::virtual_world
