#include "sim/virtual/world.hpp"

#include <algorithm>

/// What the orchestrator asks for.
namespace davenport::sim::virtual_world {
namespace {

constexpr Duration start_time = std::chrono::milliseconds{50};  // from exec to the first line of the core
constexpr auto database = "/chat";

Duration milliseconds(const PlannedFault& fault, const char* key) {
    const auto found = fault.parameters.find(key);
    return std::chrono::milliseconds{found == fault.parameters.end() ? 0 : std::stoll(found->second)};
}

}  // namespace

void World::conduct(orchestrator::Effects effects) {
    for (const auto& effect : effects) std::visit([this](const auto& e) { on(e); }, effect);
}

void World::on(Told& e) { conduct(orchestrator_.handle(std::move(e.event), now_)); }

void World::on(ConductTimer& e) {
    if (e.setting == conduct_setting_)
        conduct(orchestrator_.handle(orchestrator::TimerFired{unsettled_ == 0}, now_));
}

void World::on(const orchestrator::SetTimer& e) {
    conduct_setting_ = ++settings_;
    at(std::max(now_, e.at), ConductTimer{conduct_setting_});
}

NodeIndex World::node_named(std::string_view name) const {
    const auto found = std::ranges::find(nodes_, name, &VirtualNode::name);
    return static_cast<NodeIndex>(found - nodes_.begin());
}

void World::on(const orchestrator::Act& e) {
    auto index = node_named(e.node);
    if (index == nodes_.size()) index = add_node(e.node);
    switch (e.act) {
        case orchestrator::NodeAct::start:
            soon(start_time, NodeStarts{index});
            break;
        case orchestrator::NodeAct::kill:
            end_node(index);
            soon(Duration{0}, Told{orchestrator::NodeIsGone{e.node, "killed", false}});
            break;
        case orchestrator::NodeAct::terminate:
            nodes_[index].stopping = true;
            tell_node(index, node::Drain{});
            break;
        case orchestrator::NodeAct::wipe:
            wipe_node(index);
            break;
        case orchestrator::NodeAct::pause:
            pause_node(index, true);
            break;
        case orchestrator::NodeAct::resume:
            pause_node(index, false);
            break;
    }
}

void World::on(const orchestrator::Tell& e) {
    const auto found = std::ranges::find(clients_, e.client, &VirtualClient::name);
    if (found != clients_.end()) tell_client(static_cast<ClientIndex>(found - clients_.begin()), e.event);
}

void World::on(const orchestrator::HoldReading& e) {
    const auto found = std::ranges::find(clients_, e.client, &VirtualClient::name);
    if (found == clients_.end()) return;
    found->reading = !e.held;
    if (e.held) return;
    found->unread_bytes = 0;
    for (auto& written : std::exchange(found->unwritten, {})) at(now_, std::move(written));
    // At once: what arrives at this very moment stands behind it.
    for (const auto& gets : std::exchange(found->unread, {})) read(gets);
    for (const auto& answer : std::exchange(found->unheard, {}))
        tell_client(static_cast<ClientIndex>(found - clients_.begin()), answer);
}

void World::on(const orchestrator::AddClient& e) {
    auto home = node_named(e.node);
    if (home == nodes_.size()) home = add_node(e.node);
    add_client(e.client, home, e.rooms, e.polling);
}

Event World::answered(orchestrator::RequestId request, base::HttpResponse response) {
    return Told{orchestrator::Answered{request, response.status, std::move(response.body)}};
}

void World::on(const orchestrator::AskStore& e) {
    auto request = e.http;
    request.target = database + request.target;
    soon(Duration{0}, answered(e.request, ask_store(std::move(request))));
}

/// What its /readyz would say, without asking it: a node that nothing but questions wakes would seem to be
/// awake.
void World::on(const orchestrator::AskBacklog& e) {
    const auto index = node_named(e.node);
    const auto& node = nodes_[index];
    if (!node.core || node.paused) return;
    const auto counts = node.core->counts();
    soon(Duration{0},
         Told{orchestrator::BacklogTold{e.node, static_cast<std::int64_t>(counts.backlog), counts.store_up}});
}

/// A client of its own for each node, that is no part of the run: it follows no room, and nothing that it
/// sees is noted.
void World::on(const orchestrator::AskHistory& e) {
    const auto index = add_client("probe of " + e.node, node_named(e.node), {});
    --unsettled_;
    clients_[index].probes = e.node;
    clients_[index].rooms_to_read = e.rooms;
}

void World::read_next_room(ClientIndex index) {
    auto& client = clients_[index];
    if (client.rooms_to_read.empty()) return;
    auto room = std::move(client.rooms_to_read.back());
    client.rooms_to_read.pop_back();
    soon(Duration{0}, ClientHears{index, client.link, client::AskHistory{std::move(room)}});
}

void World::on(const orchestrator::SetHost& e) {
    const auto& fault = plan_.faults[e.fault];
    const auto index = node_named(fault.node);
    if (index == nodes_.size()) return;
    if (fault.kind == "node.disk_full") {
        nodes_[index].disk_full = e.on;
    } else if (fault.kind == "node.disk_fail") {
        auto& left = nodes_[index].commits_until_failure;
        if (!e.on) soon(Duration{0}, Told{orchestrator::LinkTold{e.fault, left < 0 ? 1 : 0}});
        left = e.on ? std::stoll(fault.parameters.at("at")) : 0;
    } else {
        nodes_[index].clock_offset = e.on ? milliseconds(fault, "offset_ms") : Duration{0};
    }
}

void World::on(const orchestrator::Finished& e) {
    result_.broken = e.broken;
    done_ = true;
}

}  // namespace davenport::sim::virtual_world
