#include "sim/orchestrator/clients.hpp"

#include "sim/orchestrator/placement.hpp"
#include "sim/scenario/parameters.hpp"

#include <array>

#include <fmt/format.h>

namespace davenport::sim::orchestrator {
namespace {

constexpr Duration away_default = std::chrono::seconds{1};
constexpr int garbage_frames = 20;

bool is_of_the_clock(const PlannedFault& fault) { return fault.kind.starts_with("client.clock_"); }
/// It lies upon the client, whatever connections come and go.
bool holds(const PlannedFault& fault) { return fault.kind == "client.slow" || is_of_the_clock(fault); }

constexpr std::array garbage{"{",
                             "[]",
                             "{\"t\":7}",
                             "{\"t\":\"post\"}",
                             "no JSON at all",
                             "{\"t\":\"join\",\"room\":\"../etc\"}",
                             "{\"t\":\"shout\"}"};

}  // namespace

Clients::Clients(Context& context, FaultStates& states, const Nodes& nodes)
    : context_{context},
      states_{states},
      nodes_{nodes},
      count_{static_cast<std::uint32_t>(context.scenario.topology.clients)} {
    for (const auto& [client, node, rooms, polling, at] :
         placements_of(context.scenario, context.plan.share)) {
        client_at_[client] = node;
        if (at > Duration{})
            context.soon(at, [this, add = AddClient{client, node, rooms, polling}] { context_.add(add); });
    }
}

void Clients::on_record(const Record& record) {
    if (record.kind == RecordKind::connected) {
        client_at_[record.client] = record.node;
        connected_.insert(record.client);
        for (std::size_t i = 0; i < states_.count(); ++i)
            if (states_.is_on(i) && holds(states_.planned(i)) && states_.planned(i).client == record.client)
                states_.hits(i) = 1;  // it was away when that began
    } else if (record.kind == RecordKind::disconnected) {
        connected_.erase(record.client);
    } else if (record.kind == RecordKind::accepted || record.kind == RecordKind::stored) {
        answered_.insert(record.client);
    }
}

void Clients::join(std::size_t fault, const std::string& node) {
    for (auto i = parameter_or(states_.planned(fault).parameters, "clients", std::int64_t{1}); i > 0;
         --i, ++count_) {
        auto client = fmt::format("c{}", count_ + 1);
        client_at_[client] = node;
        context_.add(AddClient{std::move(client), node, sim::rooms_of(context_.scenario.topology, count_)});
    }
}

/// Who is away moves all the same, and says later what it has to say; all else needs a connection.
bool Clients::touches(const PlannedFault& fault) const {
    if (fault.kind == "client.hop" || fault.kind == "client.flood") return true;
    return connected_.contains(fault.client) &&
           (fault.kind != "client.retry" || answered_.contains(fault.client));
}

void Clients::begin(std::size_t fault) {
    const auto& planned = states_.planned(fault);
    const bool moment = states_.is_moment(fault);
    states_.hits(fault) = touches(planned) ? 1 : 0;
    if (planned.kind == "client.vanish") {
        tell(planned,
             client::Vanish{moment                         ? away_default
                            : planned.length > Duration{0} ? planned.length
                                                           : context_.plan.heal_begin - context_.now});
        if (!moment) return;
    } else if (planned.kind == "client.slow") {
        context_.add(HoldReading{planned.client, true});
        if (moment) context_.soon(away_default, [this, fault] { end(fault); });
        return;
    } else if (is_of_the_clock(planned)) {
        context_.add(SetHost{fault, true});
        if (moment) context_.soon(away_default, [this, fault] { end(fault); });
        return;
    } else {
        begin_moment(planned);
    }
    states_.finish(fault, states_.hits(fault));
}

void Clients::begin_moment(const PlannedFault& fault) {
    if (fault.kind == "client.reconnect") {
        tell(fault, client::Vanish{Duration{0}});
    } else if (fault.kind == "client.hop") {
        const auto to = parameter_or(fault.parameters, "to", std::string{});
        tell(fault, client::Hop{to.empty() ? nodes_.next_after(client_at_[fault.client]) : to});
    } else if (fault.kind == "client.retry") {
        tell(fault, client::Retry{});
    } else if (fault.kind == "client.garbage") {
        for (int i = garbage_frames; i > 0; --i)
            tell(fault, client::Garbage{garbage[static_cast<std::size_t>(i) % garbage.size()]});
    } else if (fault.kind == "client.flood") {
        const auto number = static_cast<std::uint32_t>(std::stoul(fault.client.substr(1)));  // "c3"
        for (auto i = parameter_or(fault.parameters, "messages", std::int64_t{100}); i > 0; --i)
            tell(fault, client::Post{room_of(context_.scenario.topology, number - 1),
                                     context_.scenario.load.size_bytes, context_.start + context_.now});
    }
}

void Clients::end(std::size_t fault) {
    if (!states_.claim_end(fault)) return;
    const auto& planned = states_.planned(fault);
    if (planned.kind == "client.slow") context_.add(HoldReading{planned.client, false});
    if (is_of_the_clock(planned)) context_.add(SetHost{fault, false});
    states_.finish(fault, states_.hits(fault));
}

}  // namespace davenport::sim::orchestrator
