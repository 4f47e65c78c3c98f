#include "node/base/json.hpp"
#include "reports/reports.hpp"

#include <fmt/format.h>

namespace davenport::reports {
namespace {

using base::json::array;
using base::json::object;
using namespace sim::checker;

const char* word(Outcome outcome) {
    return outcome == Outcome::pass ? "pass" : outcome == Outcome::fail ? "fail" : "unknown";
}

template <typename T>
array list(const std::vector<T>& values) {
    array made;
    made.reserve(values.size());
    for (const auto& value : values) made.emplace_back(value);
    return made;
}

object lines(const std::map<std::string, std::vector<std::int64_t>>& by_name) {
    object made;
    for (const auto& [name, values] : by_name) made[name] = list(values);
    return made;
}

object counts(const std::map<std::string, std::int64_t>& by_name) {
    object made;
    for (const auto& [name, value] : by_name) made[name] = value;
    return made;
}

array spans(const std::vector<Span>& all) {
    array made;
    for (const auto& span : all) made.push_back(array{span.from_us, span.to_us});
    return made;
}

object run_of(const Run& run) {
    object made;
    made["scenario"] = run.scenario.name;
    made["file"] = run.scenario.file;
    made["about"] = run.scenario.about;
    made["world"] = run.info.world;
    made["store"] = run.info.store;
    made["seed"] = run.info.seed;
    if (run.info.event_hash != 0) {
        made["events"] = run.info.events;
        made["event_hash"] = fmt::format("{:016x}", run.info.event_hash);
    }
    if (!run.info.experiment.empty()) made["experiment"] = run.info.experiment;
    if (!run.info.scenario_text.empty()) made["scenario_text"] = run.info.scenario_text;
    if (!run.info.broken.empty()) made["broken"] = run.info.broken;
    made["length_us"] = run.summary.length_us;
    if (run.summary.healed_us >= 0) made["healed_us"] = run.summary.healed_us;
    made["replay"] = run.info.replay;
    if (!run.info.started.empty()) made["started"] = run.info.started;
    made["took_ms"] = run.info.took_ms;
    object environment;
    for (const auto& [name, value] : run.info.environment) environment[name] = value;
    made["environment"] = std::move(environment);
    const auto& topology = run.scenario.topology;
    made["poll_interval_us"] =
        topology.poll_interval.count();  // of no topology: older results do not tell it
    made["topology"] = {{"nodes", topology.nodes},   {"clients", topology.clients},
                        {"rooms", topology.rooms},   {"feed", topology.feed},
                        {"shards", topology.shards}, {"batch", topology.batch},
                        {"page", topology.page},     {"outbox_bytes", topology.send_queue_bytes}};
    if (topology.store != sim::Topology{}.store) made["topology"].as_object()["store"] = topology.store;
    if (topology.servers != sim::Topology{}.servers)
        made["topology"].as_object()["servers"] = topology.servers;
    if (topology.members > 1) made["topology"].as_object()["members"] = topology.members;
    if (topology.stores > 1) made["topology"].as_object()["stores"] = topology.stores;
    if (!topology.prefix.empty()) made["topology"].as_object()["prefix"] = topology.prefix;
    // Left out where nobody polls, so that results from before clients could are still of the same topology.
    if (topology.polling > 0) made["topology"].as_object()["polling"] = topology.polling;
    return made;
}

object verdict_of(const Run& run) {
    array findings;
    for (const auto& finding : run.verdict.findings) {
        object made{{"property", finding.property},
                    {"outcome", word(finding.outcome)},
                    {"measured", finding.measured},
                    {"evidence", list(finding.evidence)}};
        if (!finding.context.empty()) made["context"] = list(finding.context);
        if (finding.location.line > 0) {
            made["line"] = finding.location.line;
            made["column"] = finding.location.column;
        }
        findings.push_back(std::move(made));
    }
    return {{"outcome", word(run.verdict.outcome)}, {"findings", std::move(findings)}};
}

/// `more_than` names those of the figures that are lower bounds: what they stand for never happened.
object metric_of(const MetricSummary& metric, bool with_curve) {
    object made{{"count", metric.count}, {"undelivered", metric.undelivered}};
    if (metric.count == 0) return made;
    made["mean_us"] = metric.mean_us;
    array more_than;
    const auto put = [&](const char* name, Waited waited) {
        made[fmt::format("{}_us", name)] = waited.us;
        if (waited.more) more_than.emplace_back(name);
    };
    put("p50", metric.p50);
    put("p90", metric.p90);
    put("p95", metric.p95);
    put("p99", metric.p99);
    put("p999", metric.p999);
    put("max", metric.max);
    made["more_than"] = std::move(more_than);
    if (!with_curve) return made;
    array curve;
    for (std::size_t i = 0; i < metric.curve.size(); ++i)
        curve.push_back(array{curve_shares[i], metric.curve[i].us, metric.curve[i].more ? 1 : 0});
    made["curve"] = std::move(curve);
    return made;
}

array phases_of(const Summary& summary) {
    array phases;
    for (const auto& phase : summary.phases) {
        object due, sending;
        for (const auto metric : metrics) {
            const auto i = static_cast<std::size_t>(metric);
            due[name_of(metric)] = metric_of(phase.from_due[i], true);
            sending[name_of(metric)] = metric_of(phase.from_sending[i], false);
        }
        phases.push_back(object{{"name", phase.name},
                                {"spans", spans(phase.spans)},
                                {"metrics", std::move(due)},
                                {"uncorrected", std::move(sending)}});
    }
    return phases;
}

object series_of(const Series& series) {
    object latencies;
    for (const auto metric : metrics) {
        const auto& one = series.latencies[static_cast<std::size_t>(metric)];
        latencies[name_of(metric)] = {{"count", list(one.count)}, {"undelivered", list(one.undelivered)},
                                      {"p50", list(one.p50)},     {"p95", list(one.p95)},
                                      {"p99", list(one.p99)},     {"max", list(one.max)}};
    }
    array tainted;
    for (std::size_t step = 0; step < series.tainted.size(); ++step)
        if (series.tainted[step]) tainted.push_back(step);
    return {{"step_us", series.step_us},
            {"steps", series.steps},
            {"sends", list(series.sends)},
            {"accepts", list(series.accepts)},
            {"stores", list(series.stores)},
            {"deliveries", list(series.deliveries)},
            {"requests", lines(series.requests)},
            {"backlog", lines(series.backlog)},
            {"feed_lag_us", lines(series.feed_lag)},
            {"latencies", std::move(latencies)},
            {"tainted", std::move(tainted)}};
}

array nodes_of(const Summary& summary) {
    array nodes;
    for (const auto& node : summary.nodes) {
        array lifeline;
        for (const auto& [at, state] : node.lifeline) lifeline.push_back(array{at, state});
        nodes.push_back(object{
            {"name", node.name}, {"lifeline", std::move(lifeline)}, {"requests", counts(node.requests)}});
    }
    return nodes;
}

array routes_of(const Summary& summary) {
    array routes;
    for (const auto& route : summary.routes)
        routes.push_back(object{{"from", route.from},
                                {"to", route.to},
                                {"count", route.count},
                                {"undelivered", route.undelivered},
                                {"p50_us", route.p50.us},
                                {"p99_us", route.p99.us},
                                {"max_us", route.max.us}});
    return routes;
}

array stories_of(const Summary& summary) {
    array stories;
    for (const auto& story : summary.stories) {
        array shown;
        for (const auto& one : story.shown) {
            object made{{"client", one.client}, {"node", one.node}, {"at_us", one.at_us}};
            if (one.via != sim::DeliveryPath::live)
                made["via"] = one.via == sim::DeliveryPath::resume ? "resume" : "page";
            if (one.late) made["late"] = true;
            shown.push_back(std::move(made));
        }
        stories.push_back(object{{"message", story.message},
                                 {"room", story.room},
                                 {"sender", story.sender},
                                 {"node", story.node},
                                 {"due_us", story.due_us},
                                 {"sent_us", story.sent_us},
                                 {"accepted_us", story.accepted_us},
                                 {"stored_us", story.stored_us},
                                 {"tries", story.tries},
                                 {"in_store", story.in_store},
                                 {"failed", story.failed},
                                 {"shown", std::move(shown)}});
    }
    return stories;
}

}  // namespace

std::string results_json(const Run& run) {
    const auto& summary = run.summary;
    array faults, recoveries;
    for (const auto& fault : summary.faults)
        faults.push_back(object{{"name", fault.name},
                                {"kind", fault.kind},
                                {"from_us", fault.on_us},
                                {"to_us", fault.off_us},
                                {"touched", fault.touched}});
    for (const auto& recovery : summary.recoveries)
        recoveries.push_back(
            object{{"fault", recovery.fault}, {"us", recovery.us}, {"limit_us", recovery.limit_us}});
    const object results{
        {"format", "davenport results"},
        {"version", 1},
        {"run", run_of(run)},
        {"verdict", verdict_of(run)},
        {"counts", counts(summary.counts)},
        {"faults", std::move(faults)},
        {"recoveries", std::move(recoveries)},
        {"phases", phases_of(summary)},
        {"stored_untold", summary.stored_untold},
        {"harness", {{"stalled_us", summary.stalled_us}, {"stall_longest_us", summary.stall_longest_us}}},
        {"nodes", nodes_of(summary)},
        {"routes", routes_of(summary)},
        {"series", series_of(summary.series)},
        {"stories", stories_of(summary)}};
    return base::write_json(results) + '\n';
}

}  // namespace davenport::reports
