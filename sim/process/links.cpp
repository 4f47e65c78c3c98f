#include "sim/process/links.hpp"

#include "sim/scenario/parameters.hpp"

#include <algorithm>

namespace davenport::sim::process {
namespace {

std::string word(const PlannedFault& fault, const char* key, const char* otherwise) {
    return parameter_or(fault.parameters, key, std::string{otherwise});
}

}  // namespace

bool Links::is_hit(const PlannedFault& fault, const Where& where) {
    if (!fault.client.empty() || !where.client.empty()) return fault.client == where.client;
    if (!fault.store.empty() && store_number(fault.store) != static_cast<std::size_t>(where.server))
        return false;
    return word(fault, "link", "node-store") == where.link &&
           (fault.node.empty() || fault.node == where.node);
}

bool Links::needs_relay(std::string_view link) const {
    const auto counts_requests = [](const Expectation& line) {
        return line.property == "no_storm" || line.text.find("requests") != std::string::npos;
    };
    if (scenario_.links.contains(std::string{link})) return true;
    if (link == "client-node" && !scenario_.topology.prefix.empty()) return true;
    if (link == "node-store" && std::ranges::any_of(scenario_.expect, counts_requests)) return true;
    for (const auto& fault : plan_.faults)
        if (fault.kind.starts_with("link.") && fault.client.empty() &&
            word(fault, "link", "node-store") == link)
            return true;
    return false;
}

std::uint16_t Links::add(const std::string& link, const std::string& node, const std::string& host,
                         std::uint16_t port, int server) {
    return needs_relay(link) ? add_relay(link, node, host, port, server) : port;
}

std::uint16_t Links::add_relay(const std::string& link, const std::string& node, const std::string& host,
                               std::uint16_t port, int server) {
    auto& relay = relays_[{.link = link, .node = node, .server = server}];
    relay = std::make_unique<Relay>(transport_, host, port);
    relay->set_conditions(usual_conditions({link, node}));
    if (link == "client-node") relay->set_prefix(scenario_.topology.prefix);
    return relay->port();
}

std::uint16_t Links::port_for(const std::string& client, const std::string& node, std::uint16_t port) {
    if (port == 0 || std::ranges::none_of(plan_.faults, [&](const PlannedFault& fault) {
            return fault.kind.starts_with("link.") && fault.client == client;
        }))
        return port;
    auto& relay = relays_[{"client-node", node, client}];
    if (!relay) {
        relay = std::make_unique<Relay>(transport_, port);
        for (std::size_t i = 0; i < plan_.faults.size(); ++i)
            if (on_.contains(i)) set_conditions(plan_.faults[i], true);
    }
    return relay->port();
}

/// As the scenario's `links` have it, beside what this machine's own network takes.
LinkConditions Links::usual_conditions(const Where& where) const {
    const auto found = scenario_.links.find(where.link);
    if (found == scenario_.links.end() || !where.client.empty()) return {};
    const auto& [latency, bytes_per_second] = found->second;
    return {
        .latency = latency.low, .jitter = latency.high - latency.low, .bytes_per_second = bytes_per_second};
}

void Links::set_conditions(const PlannedFault& fault, bool on) {
    const auto direction = word(fault, "direction", "both");
    for (auto& [link, relay] : relays_) {
        if (!is_hit(fault, link)) continue;
        const auto usual = usual_conditions(link);
        auto conditions = relay->conditions();
        if (fault.kind == "link.latency") {
            const auto more = parameter_or(fault.parameters, "delay", Duration{0});
            conditions.latency = on ? usual.latency + more : usual.latency;
        } else if (fault.kind == "link.bandwidth") {
            const auto limit = parameter_or(fault.parameters, "bandwidth", std::int64_t{1});
            conditions.bytes_per_second = on ? static_cast<std::uint64_t>(limit) : usual.bytes_per_second;
        } else if (fault.kind == "link.loss") {
            const auto chance = parameter_or(fault.parameters, "probability", base::Probability{0});
            conditions.loss = on ? chance : base::Probability{0};
        } else if (fault.kind == "link.buffered") {
            const auto block = parameter_or(fault.parameters, "size", std::int64_t{0});
            conditions.block_bytes = on ? static_cast<std::size_t>(block) : 0;
        } else if (fault.kind == "link.clog" || fault.kind == "link.partition") {
            conditions.up_held = on && direction != "down";
            conditions.down_held = on && direction != "up";
        }
        relay->set_conditions(conditions);
    }
}

void Links::take_requests(
    const std::function<void(const std::string& node, const std::string& status, std::int64_t count)>& note) {
    for (auto& [link, relay] : relays_) {
        if (link.link != "node-store") continue;
        for (const auto& [status, count] : relay->take_answers()) note(link.node, status, count);
    }
}

std::int64_t Links::set_fault(std::size_t index, bool on) {
    const auto& fault = plan_.faults[index];
    auto& touched = touched_[index];
    on ? void(on_.insert(index)) : void(on_.erase(index));
    for (auto& [link, relay] : relays_) {
        if (!is_hit(fault, link)) continue;
        if (fault.kind == "link.reset") {
            touched += on ? relay->reset() : 0;
        } else if (fault.kind == "link.half_open") {
            touched += on ? relay->silence() : 0;
        } else if (fault.kind != "link.idle_cut") {  // those that are there when it begins, and those that
                                                     // are made until it ends
            touched += on ? relay->connections() - relay->made() : relay->made();
        }
    }
    set_conditions(fault, on);
    return touched;
}

void Links::look() {
    for (const auto index : on_) {
        const auto& fault = plan_.faults[index];
        if (fault.kind != "link.idle_cut") continue;
        for (auto& [link, relay] : relays_)
            if (is_hit(fault, link))
                touched_[index] += relay->cut_idle(parameter_or(fault.parameters, "idle", Duration{0}),
                                                   parameter_or(fault.parameters, "silent", false));
    }
}

}  // namespace davenport::sim::process
