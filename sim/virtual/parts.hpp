#pragma once

#include "sim/virtual/clients.hpp"
#include "sim/virtual/connections.hpp"
#include "sim/virtual/engine.hpp"
#include "sim/virtual/node.hpp"
#include "sim/virtual/store.hpp"

#include <algorithm>
#include <deque>
#include <functional>
#include <string_view>

namespace davenport::sim::virtual_world {

/// The machines of one run and what connects them; each reaches the others through here.
struct Parts {
    Parts(const Scenario& of, const Plan& by, HistorySink& sink, std::function<void(const Record&)> on_record)
        : scenario{of},
          plan{by},
          engine{by.seed, sink},
          store{*this},
          connections{*this},
          clients{*this, std::move(on_record)} {}
    Parts(const Parts&) = delete;
    Parts& operator=(const Parts&) = delete;

    const Scenario& scenario;
    const Plan& plan;
    Engine engine;
    std::deque<Node> nodes;
    Store store;
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
