#include "sim/orchestrator/nodes.hpp"

#include "sim/orchestrator/placement.hpp"
#include "sim/scenario/parameters.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace davenport::sim::orchestrator {
namespace {

constexpr Duration pause_default = std::chrono::seconds{1};

/// It hits the machine under the node, whether the node runs or not.
bool is_of_the_host(std::string_view kind) {
    return kind.starts_with("node.disk_") || kind.starts_with("node.clock_");
}

/// The world counts what it hits.
bool is_counted(std::string_view kind) {
    return kind == "node.disk_fail" || kind == "node.disk_slow" || kind == "node.disk_stall";
}

Tail tail_of(const PlannedFault& planned) {
    const auto tail = parameter_or(planned.parameters, "tail", std::string{});
    return tail == "kept" ? Tail::kept : tail == "torn" ? Tail::torn : Tail::lost;
}

}  // namespace

Nodes::Nodes(Context& context, FaultStates& states, std::function<void()> on_change)
    : context_{context}, states_{states}, on_change_{std::move(on_change)} {
    for (const auto& node : nodes_of(context.scenario)) nodes_[node];
}

void Nodes::start() {
    for (const auto& [name, node] : nodes_) note(name, "up");
}

void Nodes::note(const std::string& node, std::string state) {
    Record record{.kind = RecordKind::node};
    record.node = node;
    record.text = std::move(state);
    context_.note(std::move(record));
}

// ---------------------------------------------------------------- faults

void Nodes::begin(std::size_t fault) {
    const auto& planned = states_.planned(fault);
    if (is_of_the_host(planned.kind)) {
        states_.hits(fault) = is_running(planned.node) ? 1 : 0;
        context_.add(SetHost{fault, true});
        if (states_.is_moment(fault)) end(fault);
        return;
    }
    const auto found = nodes_.find(planned.node);
    if (planned.kind == "node.restore" && found != nodes_.end()) {
        context_.add(Act{planned.node, NodeAct::copy, fault});
        copied_at_[fault] = context_.now;
        if (states_.is_moment(fault)) end(fault);
        return;
    }
    if (found == nodes_.end() || found->second.health != Health::up)
        return states_.finish(fault, 0);  // another fault has it already
    auto& node = found->second;
    if (planned.kind == "node.pause") {
        node.health = Health::paused;
        node.fault = static_cast<int>(fault);
        act(planned.node, NodeAct::pause);
        note(planned.node, "paused");
        if (states_.is_moment(fault)) context_.soon(pause_default, [this, fault] { end(fault); });
    } else if (planned.kind == "node.kill" || planned.kind == "node.wipe") {
        // Nothing is heard of it from this moment, though the kernel takes a while to bury it.
        go_down(fault, node, NodeAct::kill, "killed");
    } else if (planned.kind == "node.stop" || planned.kind == "node.restart") {
        go_down(fault, node, NodeAct::terminate, "stopping");
    }
    if (planned.parameters.contains("restart"))
        context_.soon(parameter_or(planned.parameters, "restart", Duration{}), [this, fault] { end(fault); });
}

void Nodes::go_down(std::size_t fault, Node& node, NodeAct how, std::string state) {
    const auto& name = states_.planned(fault).node;
    node.health = Health::stopping;
    node.asked = true;
    node.fault = static_cast<int>(fault);
    context_.add(Act{name, how, 0, tail_of(states_.planned(fault))});
    note(name, std::move(state));
}

void Nodes::end(std::size_t fault) {
    if (!states_.claim_end(fault)) return;
    const auto& planned = states_.planned(fault);
    if (is_of_the_host(planned.kind)) {
        context_.add(SetHost{fault, false});
        if (is_running(planned.node)) states_.hits(fault) = 1;
        if (!is_counted(planned.kind)) states_.finish(fault, states_.hits(fault));
        return;
    }
    auto& node = nodes_[planned.node];
    if (planned.kind == "node.restore") {
        if (node.health == Health::up) return go_down(fault, node, NodeAct::kill, "killed");
        if (node.health == Health::gone) put_back(fault);
        return states_.finish(fault, node.health == Health::gone ? 1 : 0);
    }
    if (node.fault != static_cast<int>(fault)) return;
    if (node.health == Health::paused) {
        node.health = Health::up;
        node.fault = -1;
        act(planned.node, NodeAct::resume);
        note(planned.node, "resumed");
        states_.finish(fault, 1);
    } else if (node.health == Health::gone) {
        node.health = Health::starting;
        act(planned.node, NodeAct::start);
    }  // stopping: it is started as soon as it is gone
}

void Nodes::put_back(std::size_t fault) {
    const auto& name = states_.planned(fault).node;
    context_.add(Act{name, NodeAct::restore, fault});
    Record record{.kind = RecordKind::node};
    record.node = name;
    record.text = "restored";
    // Rounded up: what came in the copy's own millisecond may not be in it.
    record.count = (context_.now - copied_at_[fault]).count() / 1000 + 1;
    context_.note(std::move(record));
}

std::string Nodes::join(std::size_t fault) {
    auto name = states_.planned(fault).node;
    if (name.empty()) name = fmt::format("n{}", nodes_.size() + 1);
    if (nodes_.contains(name)) {
        states_.finish(fault, 0);
        return {};
    }
    auto& node = nodes_[name];
    node.health = Health::starting;
    node.fault = static_cast<int>(fault);
    act(name, NodeAct::start);
    note(name, "joined");
    return name;
}

// ---------------------------------------------------------------- what the world tells

void Nodes::on(const NodeIsGone& e) {
    auto& node = nodes_[e.node];
    const bool asked = std::exchange(node.asked, false);
    node.health = Health::gone;
    if (!asked) {
        // It is started again when all is healed, once: what it had accepted must still come out.
        note(e.node, "exited");
        context_.complain(fmt::format("{} ended by itself: {}", e.node, e.how));
        if (const auto fault = std::exchange(node.fault, -1); fault >= 0)
            states_.finish(static_cast<std::size_t>(fault), 0);
        return on_change_();
    }
    const auto fault = static_cast<std::size_t>(node.fault);
    const auto& kind = states_.planned(fault).kind;
    if (kind == "node.stop" || kind == "node.restart") {
        note(e.node, "exited");
        if (!e.clean) context_.complain(fmt::format("{} did not exit cleanly: {}", e.node, e.how));
    }
    if (kind == "node.wipe") {
        act(e.node, NodeAct::wipe);
        note(e.node, "wiped");
    }
    if (kind == "node.restore") put_back(fault);
    if (kind == "node.wipe" || kind == "node.restart" || states_.is_ending(fault)) {
        node.health = Health::starting;
        act(e.node, NodeAct::start);
    }
}

void Nodes::on(const NodeIsUp& e) {
    auto& node = nodes_[e.node];
    node.health = Health::up;
    node.backlog = -1;
    note(e.node, "up");
    const auto fault = std::exchange(node.fault, -1);
    if (fault >= 0) states_.finish(static_cast<std::size_t>(fault), 1);
    on_change_();
}

void Nodes::on(const BacklogTold& e) {
    auto& node = nodes_[e.node];
    node.drained = e.store_up && e.count == 0;  // without a store it does not know yet what waits for it
    if (std::exchange(node.backlog, e.count) == e.count) return;
    Record record{.kind = RecordKind::backlog};
    record.node = e.node;
    record.count = e.count;
    context_.note(std::move(record));
}

// ---------------------------------------------------------------- all of them

void Nodes::start_gone() {
    for (auto& [name, node] : nodes_) {
        if (node.health != Health::gone) continue;
        node.health = Health::starting;
        act(name, NodeAct::start);
    }
}

void Nodes::forget_backlogs() {
    for (auto& [name, node] : nodes_) node.backlog = -1;
}

void Nodes::ask_backlogs() {
    for (const auto& name : names(true)) context_.add(AskBacklog{name});
}

void Nodes::ask_drained() {
    for (auto& [name, node] : nodes_) node.drained = false;
    ask_backlogs();
}

bool Nodes::all_drained() const {
    return std::ranges::all_of(
        nodes_, [](const auto& entry) { return entry.second.health != Health::up || entry.second.drained; });
}

bool Nodes::any_changing() const {
    return std::ranges::any_of(nodes_, [](const auto& entry) {
        return entry.second.health == Health::starting || entry.second.health == Health::stopping;
    });
}

bool Nodes::is_running(const std::string& node) const {
    return std::ranges::any_of(nodes_, [&](const auto& entry) {
        const auto health = entry.second.health;
        return (node.empty() || entry.first == node) && (health == Health::up || health == Health::paused);
    });
}

std::vector<std::string> Nodes::names(bool up) const {
    std::vector<std::string> found;
    for (const auto& [name, node] : nodes_)
        if ((node.health == Health::up) == up) found.push_back(name);
    return found;
}

std::string Nodes::next_after(const std::string& node) const {
    const auto next = nodes_.upper_bound(node);
    return (next == nodes_.end() ? nodes_.begin() : next)->first;
}

}  // namespace davenport::sim::orchestrator
