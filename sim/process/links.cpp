#include "sim/process/world.hpp"

#include <algorithm>

/// The cables between the processes.
namespace davenport::sim::process {
namespace {

std::string word(const PlannedFault& fault, const char* key, const char* otherwise) {
    const auto found = fault.parameters.find(key);
    return found == fault.parameters.end() ? otherwise : found->second;
}

double number(const PlannedFault& fault, const char* key, double otherwise) {
    const auto found = fault.parameters.find(key);
    return found == fault.parameters.end() ? otherwise : std::stod(found->second);
}

bool is_hit(const PlannedFault& fault, const std::pair<std::string, std::string>& cable) {
    return word(fault, "between", "node-store") == cable.first &&
           (fault.node.empty() || fault.node == cable.second);
}

}  // namespace

/// Cables cost time on the way, so they are laid only where the scenario says how long they are, where one
/// will be bad, or where requests are to be counted: what is refused never reaches the store.
bool World::needs_relays(std::string_view link) const {
    const auto counts_requests = [](const Expectation& line) {
        return line.property == "no_storm" || line.text.find("requests") != std::string::npos;
    };
    if (scenario_.links.contains(std::string{link})) return true;
    if (link == "node-store" && std::ranges::any_of(scenario_.expect, counts_requests)) return true;
    for (const auto& fault : plan_.faults)
        if (fault.kind.starts_with("link.") && word(fault, "between", "node-store") == link) return true;
    return false;
}

std::uint16_t World::add_proxy(const std::string& link, const std::string& node, const std::string& host,
                               std::uint16_t port) {
    if (!needs_relays(link)) return port;
    auto& relay = relays_[{link, node}];
    relay = std::make_unique<Relay>(transport_, host, port);
    relay->set_conditions(usual_conditions(link));
    return relay->port();
}

/// As the scenario's `links` have it, beside what this machine's own network takes.
LinkConditions World::usual_conditions(const std::string& link) const {
    const auto found = scenario_.links.find(link);
    if (found == scenario_.links.end()) return {};
    const auto& [latency, bytes_per_second] = found->second;
    return {
        .latency = latency.low, .jitter = latency.high - latency.low, .bytes_per_second = bytes_per_second};
}

/// Clients find a node that runs elsewhere at a port of ours, whatever the conditions.
void World::lay_cable_out(const std::string& node, const AttachedNode& to) {
    auto& relay = relays_[{"client-node", node}];
    relay = std::make_unique<Relay>(transport_, to.host, to.port);
    relay->set_conditions(usual_conditions("client-node"));
    ports_[node] = client_ports_[node] = relay->port();
}

void World::set_conditions(const PlannedFault& fault, bool on) {
    const auto direction = word(fault, "direction", "both");
    for (auto& [cable, relay] : relays_) {
        if (!is_hit(fault, cable)) continue;
        const auto usual = usual_conditions(cable.first);
        auto conditions = relay->conditions();
        if (fault.kind == "link.latency") {
            const auto more =
                std::chrono::duration<double, std::milli>{on ? number(fault, "delay_ms", 200) : 0.0};
            conditions.latency = usual.latency + std::chrono::duration_cast<base::Duration>(more);
        } else if (fault.kind == "link.bandwidth") {
            conditions.bytes_per_second =
                on ? static_cast<std::uint64_t>(number(fault, "bytes_per_s", 10'000))
                   : usual.bytes_per_second;
        } else if (fault.kind == "link.clog" || fault.kind == "link.partition") {
            conditions.up_held = on && direction != "down";
            conditions.down_held = on && direction != "up";
        }
        relay->set_conditions(conditions);
    }
}

void World::note_requests(base::Time now) {
    for (auto& [cable, relay] : relays_) {
        if (cable.first != "node-store") continue;
        for (const auto& [status, count] : relay->take_answers()) {
            Record requests{.kind = RecordKind::requests};
            requests.at_us = (now - start_).count();
            requests.node = cable.second;
            requests.text = status;
            requests.count = count;
            record(requests);
        }
    }
}

void World::on(const orchestrator::SetLink& e) {
    const auto& fault = plan_.faults[e.fault];
    auto& touched = link_touched_[e.fault];
    for (auto& [cable, relay] : relays_) {
        if (!is_hit(fault, cable)) continue;
        if (fault.kind == "link.reset") {
            touched += e.on ? relay->reset() : 0;
        } else {  // those that are there when it begins, and those that are made until it ends
            touched += e.on ? relay->connections() - relay->made() : relay->made();
        }
    }
    set_conditions(fault, e.on);
    if (!e.on) tell(orchestrator::LinkTold{e.fault, touched});
}

}  // namespace davenport::sim::process
