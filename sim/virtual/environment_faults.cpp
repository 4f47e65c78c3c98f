#include "sim/scenario/parameters.hpp"
#include "sim/virtual/environment.hpp"

#include <string>

/// The faults of machines and links.
namespace davenport::sim::virtual_world {
namespace {

constexpr Duration look_interval = std::chrono::milliseconds{100};

std::string word(const PlannedFault& fault, const char* key, const char* otherwise) {
    return parameter_or(fault.parameters, key, std::string{otherwise});
}

Duration time(const PlannedFault& fault, const char* key) {
    return parameter_or(fault.parameters, key, Duration{0});
}

std::int64_t count(const PlannedFault& fault, const char* key) {
    return parameter_or(fault.parameters, key, std::int64_t{1});
}

base::Probability chance(const PlannedFault& fault) {
    return parameter_or(fault.parameters, "probability", base::Probability{0});
}

bool is_to_clients(const PlannedFault& fault) { return word(fault, "link", "node-store") == "client-node"; }

bool is_about(const PlannedFault& fault, const Store& store) {
    return fault.store.empty() || store_number(fault.store) == store.index();
}

bool holds(const PlannedFault& fault, Way way) {
    if (fault.kind != "link.clog" && fault.kind != "link.partition") return false;
    return word(fault, "direction", "both") != (way == Way::up ? "down" : "up");
}

}  // namespace

template <class Do>
std::int64_t Environment::at_stores(const PlannedFault& fault, const Do& act) {
    std::int64_t touched = 0;
    for (auto& store : parts_.stores)
        if (is_about(fault, store)) touched += act(store);
    return touched;
}

void Environment::on(const orchestrator::SetHost& e) {
    const auto& fault = parts_.plan.faults[e.fault];
    if (fault.kind.starts_with("client.")) return parts_.clients.set_clock(e.fault, e.on);
    auto* node = parts_.find_node(fault.node);
    if (!node) return;
    if (const auto touched = set_host(*node, e.fault, e.on); touched && !e.on)
        parts_.engine.tell_orchestrator(orchestrator::LinkTold{e.fault, *touched});
}

std::optional<std::int64_t> Environment::set_host(Node& node, std::size_t index, bool on) {
    const auto& fault = parts_.plan.faults[index];
    auto& touched = touched_[index];
    auto& disk = node.disk;
    if (fault.kind == "node.disk_full") {
        disk.set_full(on, count(fault, "left"));
    } else if (fault.kind == "node.disk_fail") {
        const bool has_failed = disk.has_failed();
        disk.fail_commit(on ? count(fault, "nth") : 0);
        return has_failed ? 1 : 0;
    } else if (fault.kind == "node.disk_slow") {
        disk.add_slowness(on ? time(fault, "delay") : -time(fault, "delay"));
        return touched += on ? -disk.slowed() : disk.slowed();
    } else if (fault.kind == "node.disk_stall") {
        node.stall_disk(on);
        return touched += on ? -node.stalled_commits() : node.stalled_commits();
    } else {
        on ? node.clock.begin(index, fault, parts_.engine.now) : node.clock.end(index);
    }
    return std::nullopt;
}

void Environment::on(const orchestrator::SetLink& e) {
    const auto& fault = parts_.plan.faults[e.fault];
    auto& touched = touched_[e.fault];
    if (!fault.client.empty()) {
        touched += set_own_link(fault, e.on);
    } else {
        for (auto& node : parts_.nodes)
            if (fault.node.empty() || node.name() == fault.node) touched += set_link(node, fault, e.on);
    }
    if (fault.kind == "link.idle_cut" && e.on) {
        looking_.insert(e.fault);
        parts_.engine.soon(look_interval, LinkLook{e.fault});
    }
    if (e.on) return;
    looking_.erase(e.fault);
    parts_.engine.tell_orchestrator(orchestrator::LinkTold{e.fault, touched});
}

void Environment::on(LinkLook& e) {
    if (!looking_.contains(e.fault)) return;
    touched_[e.fault] += cut_idle(parts_.plan.faults[e.fault]);
    parts_.engine.soon(look_interval, LinkLook{e.fault});
}

std::int64_t Environment::cut_idle(const PlannedFault& fault) {
    const auto idle = time(fault, "idle");
    const bool silently = parameter_or(fault.parameters, "silent", false);
    if (!fault.client.empty())
        return parts_.connections.cut_idle({.client = parts_.clients.find(fault.client)}, idle, silently);
    std::int64_t cut = 0;
    for (auto& node : parts_.nodes) {
        if (!fault.node.empty() && node.name() != fault.node) continue;
        cut += is_to_clients(fault) ? parts_.connections.cut_idle({.node = &node}, idle, silently)
               : parts_.on_nats
                   ? parts_.stream.cut_idle(node, idle, silently)
                   : at_stores(fault, [&](Store& store) { return store.cut_idle(node, idle, silently); });
    }
    return cut;
}

std::int64_t Environment::set_link(Node& node, const PlannedFault& fault, bool on) {
    const bool to_clients = is_to_clients(fault);
    const bool to_stream = !to_clients && parts_.on_nats;
    if (fault.kind == "link.reset") {
        if (!on) return 0;
        if (to_clients) return parts_.connections.reset(node, true);
        return to_stream ? parts_.stream.reset(node)
                         : at_stores(fault, [&](Store& store) { return store.reset(node); });
    }
    if (fault.kind == "link.half_open") {
        if (!on) return 0;
        if (to_clients) return parts_.connections.silence({.node = &node});
        return to_stream ? parts_.stream.silence(node)
                         : at_stores(fault, [&](Store& store) { return store.forget_requests(node); });
    }
    if (fault.kind == "link.idle_cut") return 0;  // counted as it cuts
    if (fault.kind == "link.buffered") {
        const auto bytes = on ? static_cast<std::size_t>(count(fault, "size")) : 0;
        return at_stores(fault, [&](Store& store) { return store.buffer(node, bytes); });
    }
    // Connections and requests that are open at the beginning, and what is sent until the end.
    if (to_clients || to_stream) {
        auto& path = to_clients ? node.to_clients : node.to_store();
        set_path(path, fault, on);
        if (!on) return path.sent();
        return (to_clients ? parts_.connections.count(node) : parts_.stream.count(node)) - path.sent();
    }
    return at_stores(fault, [&](Store& store) {
        auto& path = node.to_store(store.index());
        set_path(path, fault, on);
        return on ? store.count_requests(node) - path.sent() : path.sent();
    });
}

void Environment::set_path(Path& path, const PlannedFault& fault, bool on) {
    if (fault.kind == "link.latency") path.add_latency(on ? time(fault, "delay") : Duration{0});
    if (fault.kind == "link.loss") path.lose(on ? chance(fault) : base::Probability{0});
    if (fault.kind == "link.bandwidth")
        on ? path.limit(static_cast<std::uint64_t>(count(fault, "bandwidth"))) : path.lift_limit();
    if (fault.kind == "link.clog" || fault.kind == "link.partition")
        path.hold(on && holds(fault, Way::up), on && holds(fault, Way::down));
}

std::int64_t Environment::set_own_link(const PlannedFault& fault, bool on) {
    const auto client = parts_.clients.find(fault.client);
    auto& connections = parts_.connections;
    if (fault.kind == "link.reset") return on ? connections.reset({.client = client}) : 0;
    if (fault.kind == "link.half_open") return on ? connections.silence({.client = client}) : 0;
    if (fault.kind == "link.idle_cut") return 0;
    auto& link = connections.own_link(client);
    if (fault.kind == "link.latency") link.add_latency(on ? time(fault, "delay") : -time(fault, "delay"));
    if (fault.kind == "link.loss") link.lose(on ? chance(fault) : base::Probability{0});
    if (fault.kind == "link.bandwidth")
        link.limit(on ? static_cast<std::uint64_t>(count(fault, "bandwidth")) : 0);
    for (const auto way : {Way::up, Way::down})
        if (holds(fault, way)) connections.hold(client, way, on);
    return on ? connections.count({.client = client}) - link.sent() : link.sent();
}

}  // namespace davenport::sim::virtual_world
