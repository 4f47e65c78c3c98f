#include "sim/checker/judge.hpp"

#include "sim/checker/checks.hpp"
#include "sim/checker/context.hpp"
#include "sim/checker/evidence.hpp"
#include "sim/checker/facts.hpp"
#include "sim/checker/summary.hpp"
#include "sim/checker/thresholds.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace davenport::sim::checker {
namespace {

/// What was late by no more than the harness itself is nobody's fault that is known.
Finding check_convergence_in_time(const Facts& facts, std::optional<Duration> within) {
    auto found = check_convergence(facts, within);
    if (found.outcome != Outcome::fail || !within) return found;
    Duration stalled{};
    for (const auto& stall : facts.stalls)
        if (stall.at_us >= facts.healed_us) stalled += Duration{stall.late_us};
    if (stalled == Duration{} || check_convergence(facts, *within + stalled).outcome != Outcome::pass)
        return found;
    found.outcome = Outcome::unknown;
    found.measured += fmt::format(
        "; the harness itself was late by {} meanwhile: the machine was too busy to measure this on",
        time_text(stalled.count()));
    return found;
}

std::optional<Finding> check_property(const Facts& facts, const Expectation& expectation) {
    const auto& property = expectation.property;
    if (property == "no_loss") return check_loss(facts);
    if (property == "no_duplicates") return check_duplicates(facts);
    if (property == "no_phantoms") return check_phantoms(facts);
    if (property == "fifo_per_sender") return check_fifo(facts);
    if (property == "canonical_order") return check_order(facts);
    if (property == "converged") return check_convergence_in_time(facts, expectation.within);
    if (property == "changes") return check_changes(facts);
    if (property == "policies") return check_policies(facts, expectation.within);
    if (property == "outbox_drained") return check_outbox(facts);
    if (property == "no_storm") return check_storm(facts);
    if (property == "whole_history") return check_whole_history(facts);
    if (property == "no_silence") return check_silence(facts, expectation.within.value_or(Duration{}));
    if (property == "search") return check_search(facts, expectation.within.value_or(Duration{}));
    if (property == "pages") return check_pages(facts, expectation.within.value_or(Duration{}));
    if (property == "people") return check_people(facts, expectation.within.value_or(Duration{}));
    return {};
}

// Of a run that was interrupted only what was seen counts: what is missing may merely not have come yet.
void doubt_what_is_missing(Finding& found, const std::string& property) {
    static constexpr const char* seen[] = {"no_duplicates", "no_phantoms", "fifo_per_sender",
                                           "canonical_order", "policies"};
    if (found.outcome == Outcome::fail && std::ranges::find(seen, property) == std::end(seen))
        found.outcome = Outcome::unknown;
}

// One generator of several does not see who else is there, what others change and forbid, or how much there
// is of anything.
void doubt_what_others_did(Finding& found, const std::string& property) {
    static constexpr const char* of_all[] = {"people", "policies", "changes"};
    if (found.outcome != Outcome::fail) return;
    if (std::ranges::find(of_all, property) == std::end(of_all) && !property.starts_with("count(")) return;
    found.outcome = Outcome::unknown;
    found.measured += "; of one generator's clients: `chatsim merge` judges all";
}

// A node promises these whatever a scenario is about, so they are judged though nobody asked.
constexpr const char* always[] = {"no_loss", "no_duplicates", "no_phantoms", "fifo_per_sender",
                                  "canonical_order"};

}  // namespace

class Judge::Impl {
public:
    Impl(const Scenario& scenario, const Plan& plan) : scenario_{scenario}, plan_{plan} {
        facts_.one_order =
            scenario.topology.shards == 1 && scenario.topology.members == 1 && scenario.topology.stores == 1;
        facts_.polling_from = scenario.topology.clients - scenario.topology.polling + 1;
        facts_.polling_to = scenario.topology.clients;
        facts_.share = plan.share;
    }

    void add(const Record& record) { facts_.add(record); }

    Verdict finish() {
        facts_.close();
        latencies_.emplace(facts_);
        Verdict verdict;
        const bool aborted = facts_.broken == aborted_run;
        const bool whole = facts_.ended && facts_.broken != "interrupted" && !aborted;
        verdict.findings.push_back(check_ran(facts_, scenario_, plan_));
        for (const auto* property : always) {
            if (std::ranges::find(scenario_.expect, property, &Expectation::property) !=
                scenario_.expect.end())
                continue;
            Expectation expectation;
            expectation.property = property;
            verdict.findings.push_back(*check_property(facts_, expectation));
            if (!whole) doubt_what_is_missing(verdict.findings.back(), property);
        }
        const bool expects_changes =
            std::ranges::find(scenario_.expect, "changes", &Expectation::property) != scenario_.expect.end();
        if (!facts_.changes.empty() && !expects_changes) {
            verdict.findings.push_back(check_changes(facts_));
            if (!facts_.share.is_whole()) doubt_what_others_did(verdict.findings.back(), "changes");
            if (!whole) doubt_what_is_missing(verdict.findings.back(), "changes");
        }
        const bool expects_policies =
            std::ranges::find(scenario_.expect, "policies", &Expectation::property) != scenario_.expect.end();
        if (!facts_.policies.empty() && !expects_policies) {
            verdict.findings.push_back(check_policies(facts_, {}));
            if (!facts_.share.is_whole()) doubt_what_others_did(verdict.findings.back(), "policies");
            if (!whole) doubt_what_is_missing(verdict.findings.back(), "policies");
        }
        for (const auto& expectation : scenario_.expect) {
            if (expectation.property == "ran") {  // judged already, first of all
                verdict.findings.front().location = expectation.location;
                continue;
            }
            auto found = check_property(facts_, expectation);
            // Of what a scenario asks for, a pass must have seen something.
            if (expectation.property == "policies" && found->outcome == Outcome::pass &&
                facts_.refusals.empty()) {
                found->outcome = Outcome::unknown;
                found->measured += ": nobody was refused anything";
            }
            if (!found) found = check_threshold(facts_, *latencies_, expectation);
            if (!whole && !(aborted && expectation.abort_on_fail))
                doubt_what_is_missing(*found, expectation.property);
            if (!expectation.text.empty()) found->property = expectation.text;
            found->location = expectation.location;
            verdict.findings.push_back(std::move(*found));
            if (!facts_.share.is_whole())
                doubt_what_others_did(verdict.findings.back(), expectation.property);
        }
        for (auto& found : verdict.findings) found.context = context_of(facts_, found);
        const auto any = [&](Outcome outcome) {
            return std::ranges::find(verdict.findings, outcome, &Finding::outcome) != verdict.findings.end();
        };
        verdict.outcome = any(Outcome::fail)      ? Outcome::fail
                          : any(Outcome::unknown) ? Outcome::unknown
                                                  : Outcome::pass;
        verdict_ = verdict;
        return verdict;
    }

    [[nodiscard]] Summary summary() const {
        return latencies_ ? summarize(facts_, *latencies_, verdict_) : Summary{};
    }

private:
    Scenario scenario_;  // copies: a judge may outlive what it was made from
    Plan plan_;
    Facts facts_;
    std::optional<Latencies> latencies_;
    Verdict verdict_;
};

Judge::Judge(const Scenario& scenario, const Plan& plan) : impl_{std::make_unique<Impl>(scenario, plan)} {}
Judge::~Judge() = default;
void Judge::add(const Record& record) { impl_->add(record); }
Verdict Judge::finish() { return impl_->finish(); }
Summary Judge::summary() const { return impl_->summary(); }

}  // namespace davenport::sim::checker
