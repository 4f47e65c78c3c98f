#include "sim/process/route_relays.hpp"

namespace davenport::sim::process {

RouteRelays::RouteRelays(Transport& transport, const std::vector<std::uint16_t>& ports) {
    for (std::size_t from = 0; from < ports.size(); ++from)
        for (std::size_t to = 0; to < ports.size(); ++to)
            if (from != to) ways_.push_back({from, to, std::make_unique<Relay>(transport, ports[to])});
}

std::vector<std::uint16_t> RouteRelays::routes_of(std::size_t server) const {
    std::vector<std::uint16_t> out;
    for (const auto& way : ways_)
        if (way.from == server) out.push_back(way.relay->port());
    return out;
}

void RouteRelays::cut(std::size_t server) {
    ++cuts_[server];
    apply();
}

void RouteRelays::mend(std::size_t server) {
    --cuts_[server];
    apply();
}

void RouteRelays::apply() {
    for (auto& way : ways_) {
        const bool is_cut = cuts_[way.from] > 0 || cuts_[way.to] > 0;
        way.relay->set_conditions({.up_held = is_cut, .down_held = is_cut});
    }
}

}  // namespace davenport::sim::process
