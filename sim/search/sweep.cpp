#include "sim/search/sweep.hpp"

#include "sim/scenario/draw_choices.hpp"
#include "sim/scenario/language.hpp"
#include "sim/scenario/parameters.hpp"
#include "sim/search/identity.hpp"
#include "sim/search/parallel.hpp"
#include "sim/search/trial.hpp"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <tuple>

#include <fmt/format.h>

namespace davenport::sim::search {

namespace {

constexpr std::size_t doubts_max = 50;  // different ones; a sweep of millions must not grow

auto order(const FailingRun& run) { return std::tie(run.schedule, run.events, run.seed, run.addition); }

/// Where the threads of a sweep bring what they found.
class Gathering {
public:
    Gathering(const SweepOptions& options) : options_{options} {}

    /// `number`: the seed or place that was tried, among those of `name`.
    void bring(const Trial& trial, const SituationCoverage& marks, FailingRun run, const std::string& name,
               std::uint64_t number) {
        SweepResult one;
        one.done[name].add(number);
        one.runs = 1;
        one.passed = trial.verdict.outcome == checker::Outcome::pass;
        one.failed = trial.verdict.outcome == checker::Outcome::fail;
        one.unknown = trial.verdict.outcome == checker::Outcome::unknown;
        one.events = trial.events;
        one.sends = static_cast<std::uint64_t>(trial.sends);
        one.deliveries = static_cast<std::uint64_t>(trial.deliveries);
        one.simulated_us = static_cast<std::uint64_t>(trial.length_us);
        one.marks = marks;
        for (const auto& failure : trial.failures) one.failures[failure] = 1;
        if (one.unknown > 0)
            for (const auto& doubt : doubts_of(trial.verdict)) one.doubts[doubt] = 1;
        if (!trial.broken.empty()) one.doubts["broken off: " + trial.broken] = 1;
        if (one.failed > 0) {
            one.failed_seeds[name].add(number);
            run.events = trial.events;
            run.failures = trial.failures;
            one.failing.push_back(std::move(run));
        }
        const std::lock_guard lock{mutex_};
        result_.merge(one, options_.keep);
        if (options_.progress) options_.progress(result_);
    }

    SweepResult take() { return std::move(result_); }

private:
    const SweepOptions& options_;
    std::mutex mutex_;
    SweepResult result_;
};

bool is_set(const std::atomic<bool>* flag) { return flag && *flag; }

}  // namespace

SweepResult sweep_seeds(const Scenario& scenario, const SweepOptions& options) {
    Gathering gathering{options};
    std::atomic<std::uint64_t> next{options.first};
    std::atomic<std::uint64_t> last{options.last};
    parallel_for(threads_or_all(options.threads), [&](unsigned) {
        for (;;) {
            const auto seed = next++;
            if (seed > last || is_set(options.interrupted)) return;
            const auto decided = draw_choices(scenario, seed);
            const auto plan = make_plan(decided, seed);
            SituationCoverage marks;
            const auto trial = try_plan(decided, plan, &marks, nullptr, options.interrupted);
            if (is_set(options.interrupted)) return;  // broken off, so no trial
            gathering.bring(trial, marks, {seed, "", 0, plan.faults.size() + plan.sends.size(), {}}, of_seeds,
                            seed);
            if (!options.stop_at_first || trial.failures.empty()) continue;
            for (auto known = last.load(); seed < known && !last.compare_exchange_weak(known, seed);) {
            }
        }
    });
    auto result = gathering.take();
    result.scenario = scenario_id(scenario);
    result.build = DAVENPORT_VERSION;
    result.asked[of_seeds].add(options.first, options.last);
    if (options.stop_at_first)
        std::erase_if(result.failing, [&](const FailingRun& run) { return run.seed > last; });
    return result;
}

// ---------------------------------------------------------------- single faults

std::vector<std::string> single_fault_kinds() {
    std::vector<std::string> kinds;
    for (const auto& kind : language::fault_kinds())
        // A chat has no attachments.
        if (kind.find("nth") && kind.name != "store.corrupt_attachment") kinds.emplace_back(kind.name);
    return kinds;
}

Plan with_single_fault(const Scenario& scenario, std::uint64_t seed, std::string_view kind, std::uint64_t nth,
                       const std::string& node) {
    auto plan = make_plan(scenario, seed);
    PlannedFault fault;
    fault.name = fault.line = "single";
    fault.kind = kind;
    fault.node = node;
    fault.lasting = true;
    fault.parameters = complete(*language::find_fault(kind), {{"nth", static_cast<std::int64_t>(nth)}});
    const auto index = plan.faults.size();
    plan.faults.push_back(std::move(fault));
    plan.actions.insert(plan.actions.begin(), Action{Duration{}, true, index});
    plan.actions.push_back({plan.heal_begin, false, index});
    std::ranges::stable_sort(plan.actions, {}, &Action::at);
    return plan;
}

namespace {

/// How often the fault "single" hit.
class HitCounter final : public HistorySink {
public:
    std::int64_t hits = 0;
    void add(const Record& record) override {
        if (record.kind == RecordKind::fault_off && record.name == "single") hits = record.count;
    }
};

}  // namespace

SweepResult sweep_single_faults(const Scenario& scenario, std::string_view kind,
                                const SweepOptions& options) {
    SweepResult whole;
    whole.scenario = scenario_id(scenario);
    whole.build = DAVENPORT_VERSION;
    std::vector<std::string> nodes{""};
    if (language::find_fault(kind)->hits == language::Hits::node) {
        nodes.clear();
        for (int i = 1; i <= scenario.topology.nodes; ++i) nodes.push_back(fmt::format("n{}", i));
    }
    for (const auto& node : nodes) {
        Gathering gathering{options};
        const auto name = fmt::format("{}{}{}, seed {}", kind, node.empty() ? "" : " ", node, options.first);
        std::atomic<bool> at_the_end{false};
        std::atomic<std::uint64_t> next{1};
        std::atomic<std::uint64_t> last{options.last};
        parallel_for(threads_or_all(options.threads), [&](unsigned) {
            for (;;) {
                const auto nth = next++;
                if (nth > last || is_set(options.interrupted)) return;
                const auto plan = with_single_fault(scenario, options.first, kind, nth, node);
                SituationCoverage marks;
                HitCounter counter;
                const auto trial = try_plan(scenario, plan, &marks, &counter, options.interrupted);
                if (is_set(options.interrupted)) return;
                const bool beyond = counter.hits == 0;  // there is no nth
                if (!beyond) {
                    auto addition = fmt::format("{} {}", kind, nth);
                    if (!node.empty()) addition += " " + node;
                    gathering.bring(trial, marks,
                                    {options.first, addition, 0, plan.faults.size() + plan.sends.size(), {}},
                                    name, nth);
                }
                if (beyond) at_the_end = true;
                if (!beyond && (!options.stop_at_first || trial.failures.empty())) continue;
                for (auto known = last.load(); nth < known && !last.compare_exchange_weak(known, nth);) {
                }
            }
        });
        auto found = gathering.take();
        // Where the places end is known when one was tried in vain.
        found.asked[name] = found.done[name];
        if (!at_the_end && !found.done[name].empty()) {
            const auto last_done = found.done[name].ranges().back().second;
            found.asked[name].add(1, std::min(last_done + 1, options.last));
        }
        whole.merge(found, options.keep);
        if (options.stop_at_first && !whole.failing.empty()) break;
    }
    return whole;
}

// ---------------------------------------------------------------- results

void SweepResult::add(FailingRun run, std::size_t keep) {
    const auto place =
        std::ranges::upper_bound(failing, order(run), {}, [](const FailingRun& r) { return order(r); });
    failing.insert(place, std::move(run));
    if (failing.size() > keep) failing.pop_back();
}

void SweepResult::merge(const SweepResult& other, std::size_t keep) {
    runs += other.runs;
    passed += other.passed;
    failed += other.failed;
    unknown += other.unknown;
    events += other.events;
    sends += other.sends;
    deliveries += other.deliveries;
    simulated_us += other.simulated_us;
    for (const auto& run : other.failing) add(run, keep);
    for (const auto& [failure, count] : other.failures) failures[failure] += count;
    for (const auto& [doubt, count] : other.doubts)
        if (doubts.contains(doubt) || doubts.size() < doubts_max) doubts[doubt] += count;
    marks.merge(other.marks);
    if (scenario.empty()) scenario = other.scenario;
    if (build.empty()) build = other.build;
    for (const auto& [name, seeds] : other.done) done[name].add(seeds);
    for (const auto& [name, seeds] : other.asked) asked[name].add(seeds);
    for (const auto& [name, seeds] : other.part_of) part_of[name].add(seeds);
    for (const auto& [name, seeds] : other.failed_seeds) failed_seeds[name].add(seeds);
}

std::map<std::string, SeedRanges> SweepResult::missing() const {
    std::map<std::string, SeedRanges> out;
    for (const auto& [name, seeds] : asked) {
        const auto tried = done.find(name);
        auto lacks = tried == done.end() ? seeds : seeds.without(tried->second);
        if (!lacks.empty()) out[name] = std::move(lacks);
    }
    return out;
}

std::string SweepResult::conflict_with(const SweepResult& other) const {
    if (scenario != other.scenario)
        return "it is of another scenario, or of the same file as it was before a change";
    if (build != other.build) return fmt::format("it is of version {}, the others of {}", other.build, build);
    for (const auto& [name, seeds] : other.done) {
        const auto ours = done.find(name);
        if (ours == done.end()) continue;
        if (const auto common = ours->second.common_with(seeds); !common.empty())
            return fmt::format("{} {} were counted already", name, common.text());
    }
    return {};
}

namespace {

base::json::object ranges_json(const std::map<std::string, SeedRanges>& all) {
    base::json::object out;
    for (const auto& [name, seeds] : all) {
        base::json::array list;
        for (const auto& [first, last] : seeds.ranges()) list.push_back(base::json::array{first, last});
        out[name] = std::move(list);
    }
    return out;
}

std::map<std::string, SeedRanges> read_ranges(const base::json::value& of, std::string_view key) {
    std::map<std::string, SeedRanges> out;
    const auto* all = base::member(of, key);
    if (!all || !all->is_object()) return out;
    for (const auto& [name, list] : all->get_object()) {
        if (!list.is_array()) continue;
        for (const auto& range : list.get_array()) {
            if (!range.is_array() || range.get_array().size() != 2) continue;
            boost::system::error_code error;
            const auto first = range.get_array()[0].to_number<std::uint64_t>(error);
            const auto last = range.get_array()[1].to_number<std::uint64_t>(error);
            if (!error && first <= last) out[std::string{name}].add(first, last);
        }
    }
    return out;
}

}  // namespace

base::json::object SweepResult::to_json() const {
    base::json::object out;
    out["scenario"] = scenario;
    out["build"] = build;
    out["done"] = ranges_json(done);
    out["asked"] = ranges_json(asked);
    if (!part_of.empty()) out["part_of"] = ranges_json(part_of);
    out["missing"] = ranges_json(missing());
    out["failed_seeds"] = ranges_json(failed_seeds);
    out["runs"] = runs;
    out["passed"] = passed;
    out["failed"] = failed;
    out["unknown"] = unknown;
    out["events"] = events;
    out["sends"] = sends;
    out["deliveries"] = deliveries;
    out["simulated_us"] = simulated_us;
    const auto as_json = [](const Failure& failure) {
        base::json::object o;
        o["property"] = failure.property;
        o["shape"] = failure.shape;
        return o;
    };
    base::json::array runs_out, failures_out, doubts_out;
    for (const auto& run : failing) {
        base::json::object o;
        o["seed"] = run.seed;
        if (!run.addition.empty()) o["addition"] = run.addition;
        o["events"] = run.events;
        o["schedule"] = run.schedule;
        base::json::array list;
        for (const auto& failure : run.failures) list.push_back(as_json(failure));
        o["failures"] = std::move(list);
        runs_out.push_back(std::move(o));
    }
    for (const auto& [failure, count] : failures) {
        auto o = as_json(failure);
        o["runs"] = count;
        failures_out.push_back(std::move(o));
    }
    for (const auto& [doubt, count] : doubts)
        doubts_out.push_back(base::json::object{{"doubt", doubt}, {"runs", count}});
    out["failing"] = std::move(runs_out);
    out["failures"] = std::move(failures_out);
    out["doubts"] = std::move(doubts_out);
    out["marks"] = marks.to_json();
    return out;
}

std::optional<SweepResult> SweepResult::from_json(const base::json::value& value) {
    if (!base::int_member(value, "runs") || !base::member(value, "marks")) return {};
    SweepResult result;
    const auto number = [](const base::json::value& of, std::string_view key) {
        return static_cast<std::uint64_t>(base::int_member(of, key).value_or(0));
    };
    const auto text = [](const base::json::value& of, std::string_view key) {
        return base::text_member(of, key);
    };
    const auto each = [](const base::json::value& of, std::string_view key, auto use) {
        if (const auto* list = base::member(of, key); list && list->is_array())
            for (const auto& item : list->get_array()) use(item);
    };
    const auto failure_of = [&](const base::json::value& of) {
        return Failure{text(of, "property"), text(of, "shape")};
    };
    result.scenario = text(value, "scenario");
    result.build = text(value, "build");
    result.done = read_ranges(value, "done");
    result.asked = read_ranges(value, "asked");
    result.part_of = read_ranges(value, "part_of");
    result.failed_seeds = read_ranges(value, "failed_seeds");
    result.runs = number(value, "runs");
    result.passed = number(value, "passed");
    result.failed = number(value, "failed");
    result.unknown = number(value, "unknown");
    result.events = number(value, "events");
    result.sends = number(value, "sends");
    result.deliveries = number(value, "deliveries");
    result.simulated_us = number(value, "simulated_us");
    each(value, "failing", [&](const base::json::value& item) {
        FailingRun run{number(item, "seed"),
                       text(item, "addition"),
                       number(item, "events"),
                       number(item, "schedule"),
                       {}};
        each(item, "failures", [&](const base::json::value& f) { run.failures.push_back(failure_of(f)); });
        result.failing.push_back(std::move(run));
    });
    each(value, "failures",
         [&](const base::json::value& item) { result.failures[failure_of(item)] += number(item, "runs"); });
    each(value, "doubts",
         [&](const base::json::value& item) { result.doubts[text(item, "doubt")] += number(item, "runs"); });
    result.marks.add_json(*base::member(value, "marks"));
    return result;
}

}  // namespace davenport::sim::search
