#pragma once

#include "sim/orchestrator/placement.hpp"
#include "sim/virtual/clients.hpp"
#include "sim/virtual/connections.hpp"
#include "sim/virtual/engine.hpp"
#include "sim/virtual/node.hpp"
#include "sim/virtual/store.hpp"
#include "sim/virtual/stream_store.hpp"

#include <algorithm>
#include <deque>
#include <functional>
#include <string_view>

namespace davenport::sim::virtual_world {

/// The machines of one run and what connects them; each reaches the others through here.
struct Parts {
    /// `nats`: the store is a NATS server.
    Parts(const Scenario& of, const Plan& by, bool nats, HistorySink& sink,
          std::function<void(const Record&)> on_record)
        : scenario{of},
          plan{by},
          on_nats{nats},
          looks_at_queues{orchestrator::looks_at_queues(of)},
          engine{by.seed, sink},
          stream{*this},
          connections{*this},
          clients{*this, std::move(on_record)} {
        for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(of.topology.stores); ++i)
            stores.emplace_back(*this, i);
    }
    Parts(const Parts&) = delete;
    Parts& operator=(const Parts&) = delete;

    const Scenario& scenario;
    const Plan& plan;
    const bool on_nats;          ///< `stream` is the store, else `stores`
    const bool looks_at_queues;  ///< at what waits for clients
    Engine engine;
    std::deque<Node> nodes;
    std::deque<Store> stores;  ///< one, or several that replicate
    StreamStore stream;
    Connections connections;
    Clients clients;

    /// nullptr when there is none of that name.
    [[nodiscard]] Node* find_node(std::string_view name) {
        const auto found = std::ranges::find(nodes, name, &Node::name);
        return found == nodes.end() ? nullptr : &*found;
    }
    /// Made when there is none of that name yet.
    Node& node_named(const std::string& name) {
        if (auto* found = find_node(name)) return *found;
        return nodes.emplace_back(*this, static_cast<NodeIndex>(nodes.size()), name);
    }
};

}  // namespace davenport::sim::virtual_world
