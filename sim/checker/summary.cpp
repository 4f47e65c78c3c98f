#include "sim/checker/summary.hpp"

#include "sim/checker/thresholds.hpp"

#include <algorithm>

namespace davenport::sim::checker {
namespace {

constexpr std::size_t families_max = 8;
constexpr std::size_t steps_max = 240;
constexpr std::size_t failed_stories_max = 20, slow_stories_max = 20;

MetricSummary summary_of(const Figures& figures) {
    MetricSummary made;
    made.count = figures.count;
    made.undelivered = figures.undelivered;
    made.mean_us = figures.mean_us;
    if (figures.count == 0) return made;
    made.p50 = figures.quantile(50'000);
    made.p90 = figures.quantile(90'000);
    made.p95 = figures.quantile(95'000);
    made.p99 = figures.quantile(99'000);
    made.p999 = figures.quantile(99'900);
    made.max = figures.quantile(100'000);
    for (const auto share : curve_shares) made.curve.push_back(figures.quantile(share));
    return made;
}

Figures from_sending(const Facts& facts, const Latencies& latencies, Metric metric, const Phase& phase) {
    return latencies.figures(metric, {.phase = &phase}, [&](const Sample& sample) {
        const auto held_back =
            std::max<std::int64_t>(facts.messages[sample.message].sent_us - sample.due_us, 0);
        return std::max<std::int64_t>(sample.waited_us() - held_back, 0);
    });
}

std::map<std::string, std::int64_t> count_all(const Facts& facts) {
    std::map<std::string, std::int64_t> counts;
    for (const char* name : {"messages", "tries", "accepted", "stored", "refused", "failed", "showings",
                             "late", "resumed", "repeated", "documents", "requests"})
        counts[name] = 0;
    for (const auto& m : facts.messages) {
        counts["messages"] += m.sent_seq != 0;
        counts["accepted"] += m.accepted_us >= 0;
        counts["stored"] += m.stored_us >= 0;
        counts["refused"] += m.refused;
        counts["failed"] += m.failed;
    }
    for (const auto& delivery : facts.deliveries) {
        counts["late"] += delivery.late;
        counts["resumed"] += delivery.via != DeliveryPath::live;
    }
    counts["tries"] = facts.sends;
    counts["showings"] = static_cast<std::int64_t>(facts.deliveries.size());
    counts["repeated"] = facts.repeated_elsewhere + facts.count_of(Anomaly::Kind::repeated);
    counts["documents"] = facts.documents;
    for (const auto& requests : facts.requests) counts["requests"] += requests.count;
    return counts;
}

std::vector<NodeSummary> nodes_of(const Facts& facts) {
    std::vector<NodeSummary> nodes(facts.node_names.size());
    for (Index node = 0; node < nodes.size(); ++node) nodes[node].name = facts.node_names[node];
    for (const auto& change : facts.lifelines)
        nodes[change.node].lifeline.emplace_back(change.at_us, change.state);
    for (const auto& requests : facts.requests)
        nodes[requests.node].requests[requests.status] += requests.count;
    std::erase_if(nodes,
                  [](const NodeSummary& node) { return node.name.empty(); });  // requests that are nobody's
    std::ranges::sort(nodes, {}, [](const NodeSummary& node) {
        return std::pair{node.name.size(), node.name};
    });
    return nodes;
}

std::vector<Route> routes_of(const Facts& facts, const Latencies& latencies) {
    const auto nodes = facts.node_names.size();
    std::vector<Figures> figures(nodes * nodes);
    for (const auto metric : {Metric::local_echo, Metric::delivery}) {  // a node to itself: the echo
        for (const auto& sample : latencies.samples(metric)) {
            const auto from = facts.messages[sample.message].node;
            if (from >= nodes || sample.node >= nodes) continue;
            auto& route = figures[from * nodes + sample.node];
            route.sorted.push_back({sample.waited_us(), !sample.arrived()});
            route.undelivered += sample.arrived() ? 0 : 1;
        }
    }
    std::vector<Route> routes;
    for (std::size_t i = 0; i < figures.size(); ++i) {
        auto& found = figures[i];
        found.count = static_cast<std::int64_t>(found.sorted.size());
        if (found.count == 0) continue;
        Route route;
        route.from = facts.node_names[static_cast<Index>(i / nodes)];
        route.to = facts.node_names[static_cast<Index>(i % nodes)];
        route.count = found.count;
        route.undelivered = found.undelivered;
        route.p50 = found.quantile(50'000);
        route.p99 = found.quantile(99'000);
        route.max = found.quantile(100'000);
        routes.push_back(std::move(route));
    }
    return routes;
}

}  // namespace

Summary summarize(const Facts& facts, const Latencies& latencies, const Verdict& verdict) {
    Summary summary;
    summary.length_us = facts.end_us;
    summary.healed_us = facts.healed_us;
    summary.counts = count_all(facts);
    summary.faults = facts.faults;
    for (const auto& phase : all_phases(facts, families_max)) {
        PhaseSummary made;
        made.name = phase.name;
        made.spans = phase.spans;
        for (const auto metric : metrics) {
            const auto i = static_cast<std::size_t>(metric);
            made.from_due[i] = summary_of(latencies.figures(metric, {.phase = &phase}));
            made.from_sending[i] = summary_of(from_sending(facts, latencies, metric, phase));
        }
        summary.phases.push_back(std::move(made));
    }
    for (const auto& phase : summary.phases) {
        constexpr std::string_view during = "during ";
        if (!phase.name.starts_with(during)) continue;
        const auto recovery = recovery_of(facts, latencies, phase.name.substr(during.size()));
        const bool waited =
            recovery &&
            (recovery->us || facts.broken.empty());  // not to the end of a run that was broken off
        if (waited && recovery->has_before && !recovery->overtaken_us)
            summary.recoveries.push_back({recovery->fault, recovery->us.value_or(never), recovery->limit_us});
    }
    summary.nodes = nodes_of(facts);
    summary.routes = routes_of(facts, latencies);
    summary.stories = make_stories(facts, latencies, verdict, failed_stories_max, slow_stories_max);
    summary.series = make_series(facts, latencies, steps_max);
    for (const auto& stall : facts.stalls) {
        summary.stalled_us += stall.late_us;
        summary.stall_longest_us = std::max(summary.stall_longest_us, stall.late_us);
    }
    summary.stored_untold = latencies.stored_untold();
    return summary;
}

}  // namespace davenport::sim::checker
