#include "sim/checker/checks.hpp"
#include "sim/checker/evidence.hpp"
#include "sim/checker/phases.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace davenport::sim::checker {
namespace {

constexpr std::int64_t stalled_share_max = 20;  // a twentieth of the run
constexpr std::size_t planned_min = 5;          // of a phase, from which some traffic must be seen

/// Of what the seed drew nobody promised that it meets anything: a swarm is judged by the many, not by the
/// one.
bool may_miss(const Fault& line) { return line.swarm || line.may_miss; }

/// "the fault slow (client.slow of c3, at 2.000 s) touched nothing: c3 was away (vanish)"
std::string describe_miss(const std::string& family, const FaultSpan& fault, std::int64_t times) {
    auto text = fmt::format("the fault {} ({}{}{}, at {}{}) touched nothing", family, fault.kind,
                            fault.target.empty() ? "" : " of ", fault.target, at_text(fault.on_us),
                            times > 1 ? fmt::format(", and {} times more", times - 1) : "");
    if (!fault.absence.empty()) text += ": " + fault.absence;
    return text + "; if it may, say may_miss: true";
}

void check_faults(const Facts& facts, const Scenario& scenario, const Plan& plan, Evidence& wrong) {
    std::vector<std::string> families;
    for (std::size_t i = 0; i < plan.faults.size(); ++i) {
        if (!plan.performs(i)) continue;
        const std::string family{family_of(plan.faults[i].name)};
        if (std::ranges::find(families, family) == families.end()) families.push_back(family);
    }
    for (const auto& family : families) {
        const auto line = std::ranges::find(scenario.timeline, family, &Fault::name);
        if (line != scenario.timeline.end() && may_miss(*line)) continue;
        std::int64_t begun = 0, missed = 0;
        bool touched = false;
        const FaultSpan* first = nullptr;
        for (const auto& fault : facts.faults) {
            if (family_of(fault.name) != family) continue;
            ++begun;
            touched = touched || fault.touched > 0 || !fault.is_over;
            missed += fault.is_over && fault.touched == 0 ? 1 : 0;
            if (!first) first = &fault;
        }
        if (begun == 0) {
            wrong.add(fmt::format("the fault {} never began", family));
        } else if (!touched) {
            wrong.add(describe_miss(family, *first, missed));
        }
    }
}

/// Messages; how many changes are made depends on what there is to change.
std::size_t planned_posts(const Plan& plan) {
    return static_cast<std::size_t>(std::ranges::count(plan.sends, Deed::post, &PlannedSend::what));
}

void check_traffic(const Facts& facts, const Plan& plan, Evidence& wrong) {
    for (const auto& phase : all_phases(facts, 64)) {
        const auto planned =
            static_cast<std::size_t>(std::ranges::count_if(plan.sends, [&](const PlannedSend& send) {
                return send.what == Deed::post && phase.contains(send.due.count());
            }));
        if (planned < planned_min) continue;
        std::int64_t sent = 0, shown = 0, refused = 0;
        for (Index number = 0; number < facts.messages.size(); ++number) {
            const auto& m = facts.messages[number];
            if (m.sent_seq == 0 || !phase.contains(m.due_us)) continue;
            ++sent;
            refused += m.refused && m.accepted_us < 0 ? 1 : 0;
            shown += facts.deliveries_of_message(number).empty() ? 0 : 1;
        }
        const auto name = phase.name.empty() ? std::string{"in the whole run"} : phase.name;
        if (sent == 0)
            wrong.add(fmt::format("{} nothing was sent, though {} messages were due", name, planned));
        const bool none_may_speak = !facts.policies.empty() && refused == sent;
        if (sent > 0 && shown == 0 && !none_may_speak)
            wrong.add(fmt::format("nothing of what was due {} was ever shown", name));
    }
}

}  // namespace

Finding check_ran(const Facts& facts, const Scenario& scenario, const Plan& plan) {
    Evidence wrong;
    if (!facts.ended) wrong.add("the history has no end: the run was killed, or its file is cut");
    if (!facts.broken.empty()) wrong.add("the run was broken off: " + facts.broken);
    if (!scenario.timeline.empty() && facts.healed_us < 0) wrong.add("the faults were never over");

    const auto sent = static_cast<std::size_t>(
        std::ranges::count_if(facts.messages, [](const Message& m) { return m.sent_seq != 0; }));
    const auto accepted =
        std::ranges::count_if(facts.messages, [](const Message& m) { return m.accepted_us >= 0; });
    if (sent * 100 < planned_posts(plan) * 95)
        wrong.add(fmt::format("only {} of {} planned messages were sent", sent, planned_posts(plan)));
    if (sent == 0) wrong.add("no message was sent");
    if (sent > 0 && accepted == 0) wrong.add("no message was accepted");
    if (accepted > 0 && facts.documents == 0)
        wrong.add("the store's documents were not read at the end: nobody knows what it holds");
    check_faults(facts, scenario, plan, wrong);
    check_traffic(facts, plan, wrong);

    std::int64_t stalled = 0, longest = 0;
    for (const auto& stall : facts.stalls) {
        stalled += stall.late_us;
        longest = std::max(longest, stall.late_us);
    }
    const auto harnesses = static_cast<std::int64_t>(facts.share.has.size());
    if (stalled * stalled_share_max > facts.end_us * harnesses)
        wrong.add(fmt::format(
            "the harness itself was late by up to {}, {} in all: the machine was too busy to measure on",
            time_text(longest), time_text(stalled)));

    auto measured = fmt::format("{} of {} planned messages sent, {} accepted, {} showings, {} faults", sent,
                                planned_posts(plan), accepted, facts.deliveries.size(), facts.faults.size());
    if (longest > 0) measured += fmt::format("; the harness was late by up to {}", time_text(longest));
    if (facts.others > 0)
        measured += fmt::format(
            "; {} showings and documents of other generators' messages are left out: `chatsim merge` judges "
            "them",
            facts.others);
    auto made = finding("ran", std::move(wrong), std::move(measured));
    if (made.outcome == Outcome::fail) made.outcome = Outcome::unknown;
    return made;
}

}  // namespace davenport::sim::checker
