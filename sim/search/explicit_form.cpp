#include "sim/search/explicit_form.hpp"

#include "sim/scenario/language.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace davenport::sim::search {

namespace {

std::string name_for(const std::string& planned, std::set<std::string>& taken) {
    auto name = planned;
    std::ranges::replace(name, '#', '-');
    if (taken.insert(name).second) return name;
    for (int n = 2;; ++n)
        if (const auto other = fmt::format("{}-{}", name, n); taken.insert(other).second) return other;
}

Fault line_of(const PlannedFault& planned, std::set<std::string>& taken) {
    const auto* kind = language::find_fault(planned.kind);
    Fault line;
    line.name = name_for(planned.name, taken);
    line.kinds = {planned.kind};
    line.when = planned.when;
    if (planned.when.empty()) line.at = planned.at;
    if (kind && kind->span == language::Span::lasting && planned.length > Duration{})
        line.length = Range{planned.length, planned.length};
    line.node = kind && kind->hits == language::Hits::joiner
                    ? ""
                    : planned.node;  // a new node gets the next number anyhow
    line.client = planned.client;
    line.store = planned.store;
    line.parameters = planned.parameters;
    line.parameters.erase("restart");  // the same as the length
    return line;
}

}  // namespace

Scenario explicit_form(const Scenario& scenario, const Plan& plan) {
    auto out = scenario;
    out.seed = plan.seed;
    out.source = nullptr;
    out.timeline.clear();
    std::set<std::string> taken;
    for (const auto& planned : plan.faults) {
        out.timeline.push_back(line_of(planned, taken));
        const auto drawn = std::ranges::find(scenario.timeline, planned.line, &Fault::name);
        out.timeline.back().may_miss =
            drawn == scenario.timeline.end() || drawn->swarm || drawn->may_miss || drawn->every;
    }
    out.load.stages.clear();
    out.load.messages.clear();
    for (const auto& send : plan.sends) {
        Message message;
        message.at = send.due;
        message.client = fmt::format("c{}", send.client + 1);
        if (send.room != room_of(scenario.topology, send.client)) message.room = send.room;
        message.size_bytes = send.size_bytes;
        message.what = send.what;
        out.load.messages.push_back(std::move(message));
    }
    return out;
}

}  // namespace davenport::sim::search
