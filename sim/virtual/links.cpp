#include "sim/scenario/value.hpp"
#include "sim/virtual/world.hpp"

#include <algorithm>

/// Bad links.
namespace davenport::sim::virtual_world {
namespace {

std::string word(const PlannedFault& fault, const char* key, const char* otherwise) {
    const auto found = fault.parameters.find(key);
    return found == fault.parameters.end() ? otherwise : found->second;
}

std::int64_t number(const PlannedFault& fault, const char* key) { return std::stoll(word(fault, key, "0")); }

}  // namespace

Link World::link_between(const std::string& ends) const {
    const auto found = scenario_.links.find(ends);
    return found == scenario_.links.end() ? Link{} : found->second;
}

void World::on(const orchestrator::SetLink& e) {
    const auto& fault = plan_.faults[e.fault];
    auto& touched = link_touched_[e.fault];
    for (NodeIndex i = 0; i < nodes_.size(); ++i)
        if (fault.node.empty() || nodes_[i].name == fault.node) touched += set_path(i, fault, e.on);
    if (!e.on) soon(Duration{0}, Told{orchestrator::LinkTold{e.fault, touched}});
}

/// How many connections it met.
std::int64_t World::set_path(NodeIndex index, const PlannedFault& fault, bool on) {
    const auto ends = word(fault, "between", "node-store");
    const bool to_clients = ends == "client-node";
    auto& path = to_clients ? nodes_[index].to_clients : nodes_[index].to_store;
    if (fault.kind == "link.reset") return on ? reset_links(index, to_clients) : 0;
    // The node waits for an answer, and the store goes on writing to nobody.
    if (fault.kind == "link.half_open")
        return on ? static_cast<std::int64_t>(
                        std::erase_if(exchanges_, [&](const auto& e) { return e.second.node == index; }))
                  : 0;
    if (fault.kind == "link.latency")
        path.extra = on ? Duration{number(fault, "delay_ms") * 1000} : Duration{0};
    if (fault.kind == "link.bandwidth")
        path.link.bytes_per_second = on ? static_cast<std::uint64_t>(number(fault, "bytes_per_s"))
                                        : link_between(ends).bytes_per_second;
    if (fault.kind == "link.clog" || fault.kind == "link.partition") {
        const auto direction = word(fault, "direction", "both");
        set_held(path, on && direction != "down", on && direction != "up");
    }
    const auto is_of_node = [&](const auto& entry) { return entry.second.node == index; };
    return to_clients ? std::ranges::count_if(connections_, is_of_node)
                      : std::ranges::count_if(exchanges_, is_of_node);
}

std::int64_t World::reset_links(NodeIndex index, bool to_clients) {
    if (to_clients) {
        std::vector<LinkId> ids;
        for (const auto& [id, connection] : connections_)
            if (connection.node == index) ids.push_back(id);
        std::ranges::sort(ids);
        for (const auto id : ids) {
            if (connections_.at(id).request == 0)
                soon(Duration{0}, WrittenArrives{index, nodes_[index].life, node::Closed{id}});
            drop_link(id, false, "connection reset");
        }
        return static_cast<std::int64_t>(ids.size());
    }
    nodes_[index].kept_connections = 0;
    std::vector<couchmock::ExchangeId> ids;
    for (const auto& [id, exchange] : exchanges_)
        if (exchange.node == index) ids.push_back(id);
    for (const auto id : ids) {
        answer(id, node::FetchFailed{0, "connection reset"}, 0);
        finish(id, false);
        to_store(index, couchmock::Abandoned{id}, 0);
    }
    return static_cast<std::int64_t>(ids.size());
}

void World::set_held(Path& path, bool up, bool down) {
    path.up_held = up;
    path.down_held = down;
    const auto release = [this](std::vector<std::pair<Duration, Event>>& waiting, Time& not_before) {
        Duration last{};
        for (auto& [after, event] : std::exchange(waiting, {}))
            soon(last = std::max({last, after, Duration{0}}), std::move(event));
        not_before = std::max(not_before, now_ + last);
    };
    if (!up) release(path.up_waiting, path.up_not_before);
    if (!down) release(path.down_waiting, path.down_not_before);
}

}  // namespace davenport::sim::virtual_world
