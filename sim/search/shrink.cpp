#include "sim/search/shrink.hpp"

#include "sim/scenario/reader.hpp"
#include "sim/search/explicit_form.hpp"
#include "sim/search/parallel.hpp"
#include "sim/search/scenario_text.hpp"
#include "sim/search/shrinker.hpp"
#include "sim/search/story.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace davenport::sim::search {

namespace {

constexpr std::size_t events_wanted = 5;
constexpr unsigned more_seeds = 16;

/// Only the expectation that fails: a shrunk file shows one thing.
void keep_expectation(Scenario& scenario, const Failure& failure) {
    std::vector<Expectation> kept;
    for (auto& expectation : scenario.expect)
        if (kept.empty() &&
            (expectation.text == failure.property || expectation.property == failure.property))
            kept.push_back(std::move(expectation));
    if (kept.empty()) {  // one of those that are judged though nobody asked
        Expectation expectation;
        expectation.text = expectation.property = failure.property;
        kept.push_back(std::move(expectation));
    }
    scenario.expect = std::move(kept);
}

const checker::Finding* finding_of(const checker::Verdict& verdict, const Failure& failure) {
    const auto found = std::ranges::find_if(verdict.findings, [&](const checker::Finding& finding) {
        return finding.property == failure.property && finding.outcome == checker::Outcome::fail;
    });
    return found == verdict.findings.end() ? nullptr : &*found;
}

std::size_t size_of(const Scenario& scenario) {
    return scenario.timeline.size() + scenario.load.messages.size();
}

/// The steps again and again, until none takes anything away any more.
void shrink_events(Shrinker& shrinker) {
    for (;;) {
        const auto before = size_of(shrinker.now());
        drop_families(shrinker);
        fewer_rows(shrinker);
        drop_messages(shrinker);
        drop_faults(shrinker);
        shrink_topology(shrinker);
        if (size_of(shrinker.now()) == before || shrinker.out_of_time()) return;
    }
}

}  // namespace

// ---------------------------------------------------------------- the shrinker

Shrinker::Shrinker(Scenario start, Failure failure, const ShrinkOptions& options)
    : now_{std::move(start)}, failure_{std::move(failure)}, options_{options} {}

bool Shrinker::fails(const Scenario& candidate) {
    if (candidate.load.messages.empty()) return false;  // then the seed would make some
    std::vector<Problem> problems;
    validate(candidate, problems);
    if (!problems.empty()) return false;
    ++trials_;
    return try_plan(candidate, make_plan(candidate, candidate.seed)).fails_as(failure_);
}

std::optional<std::size_t> Shrinker::accept_first(std::vector<Scenario> candidates) {
    const std::size_t tries = seeds_ + 1;  // of each candidate
    const auto with_seed = [&](std::size_t i) {
        auto candidate = candidates[i / tries];
        if (i % tries > 0) candidate.seed = i % tries;
        return candidate;
    };
    const auto found = first_that(
        candidates.size() * tries, threads_or_all(options_.threads),
        [&](std::size_t i) { return fails(with_seed(i)); }, [this] { return out_of_time(); });
    if (!found) return {};
    now_ = with_seed(*found);
    return *found / tries;
}

void Shrinker::report(std::string_view step) {
    if (options_.progress) options_.progress(step, now_.timeline.size(), now_.load.messages.size());
}

// ---------------------------------------------------------------- the whole

Shrunk shrink(const Scenario& scenario, const Plan& plan, const Failure& failure,
              const ShrinkOptions& options) {
    Shrunk shrunk;
    shrunk.failure = failure;
    shrunk.faults_before = plan.faults.size();
    shrunk.messages_before = plan.sends.size();
    // Of some expectations clients know: they look round, turn pages, watch their connection. Without them
    // the run may be another one.
    const auto with_all = explicit_form(scenario, plan);
    auto start = with_all;
    keep_expectation(start, failure);
    Shrinker shrinker{start, failure, options};
    shrinker.report("spelling it out");
    if (!shrinker.accept_first({start, with_all})) {
        // The store's random draws depend on the faults' names, which had to change: another seed may do.
        std::vector<Scenario> others;
        for (const Scenario* form : {&std::as_const(start), &with_all})
            for (std::uint64_t seed = 1; seed <= 32; ++seed) {
                others.push_back(*form);
                others.back().seed = seed;
            }
        if (!shrinker.accept_first(std::move(others))) return shrunk;
    }
    shrunk.reproduced = true;

    resolve_conditions(shrinker);
    shrink_events(shrinker);
    simplify_settings(shrinker);
    simplify_times(shrinker);
    if (size_of(shrinker.now()) > events_wanted && !shrinker.out_of_time()) {
        drop_pairs(shrinker);
        shrinker.try_seeds(more_seeds);
        plainer_faults(shrinker);
        shrink_events(shrinker);
        if (size_of(shrinker.now()) > events_wanted) drop_pairs(shrinker);
        shrinker.try_seeds(0);
        simplify_times(shrinker);
    }
    drop_faults(shrinker);
    drop_messages(shrinker);
    auto alone = shrinker.now();
    keep_expectation(alone, failure);
    shrinker.accept(std::move(alone));
    shrunk.in_time = !shrinker.out_of_time();
    shrunk.trials = shrinker.trials();
    shrunk.scenario = shrinker.now();
    const auto trial = try_plan(shrunk.scenario, make_plan(shrunk.scenario, shrunk.scenario.seed));
    if (const auto* finding = finding_of(trial.verdict, failure)) shrunk.finding = *finding;
    return shrunk;
}

std::string shrunk_text(const Shrunk& shrunk, std::string_view origin) {
    std::string comment = fmt::format("{} fails: {}\n", shrunk.finding.property, shrunk.finding.measured);
    constexpr std::size_t evidence_shown_max = 3;
    for (std::size_t i = 0; i < std::min(shrunk.finding.evidence.size(), evidence_shown_max); ++i)
        comment += "  " + shrunk.finding.evidence[i] + '\n';
    comment += "\nWhat happens:\n" +
               story_of(shrunk.scenario, make_plan(shrunk.scenario, shrunk.scenario.seed), shrunk.finding);
    comment += fmt::format("\nShrunk from {}: {} faults and {} messages there, {} and {} here.", origin,
                           shrunk.faults_before, shrunk.messages_before, shrunk.faults(), shrunk.messages());
    auto scenario = shrunk.scenario;
    scenario.name += scenario.name.ends_with(", shrunk") ? "" : ", shrunk";
    scenario.about.clear();
    return scenario_text(scenario, comment);
}

}  // namespace davenport::sim::search
