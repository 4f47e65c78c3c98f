#include "sim/checker/audience.hpp"
#include "sim/checker/summary.hpp"

#include <algorithm>

namespace davenport::sim::checker {
namespace {

constexpr std::size_t shown_max = 60;  // of one message: a diagram with more lines shows nothing

Story story_of(const Facts& facts, Index number) {
    const auto& m = facts.messages[number];
    Story story;
    story.message = facts.message_names[number];
    story.room = facts.room_names[m.room];
    story.sender = facts.clients_names[m.sender];
    story.node = facts.node_names[m.node];
    story.due_us = m.due_us;
    story.sent_us = m.sent_us;
    story.accepted_us = m.accepted_us;
    story.stored_us = m.stored_us;
    story.tries = m.tries;
    story.in_store = m.documents > 0;
    return story;
}

void add_shown(const Facts& facts, const Reach& reach, Story& story) {
    // What is missing first, so that the bound leaves it in.
    for (const auto client : reach.missing)
        story.shown.push_back({std::string{facts.clients_names[client]},
                               std::string{facts.node_names[facts.clients[client].node]}});
    auto deliveries = facts.deliveries_of_message(reach.message);
    std::vector<std::uint32_t> slowest{deliveries.begin(), deliveries.end()};
    std::ranges::sort(slowest,
                      [&](auto a, auto b) { return facts.deliveries[a].at_us > facts.deliveries[b].at_us; });
    for (const auto index : slowest) {
        if (story.shown.size() >= shown_max) break;
        const auto& delivery = facts.deliveries[index];
        story.shown.push_back({std::string{facts.clients_names[delivery.client]},
                               std::string{facts.node_names[delivery.node]}, delivery.at_us, delivery.via,
                               delivery.late});
    }
}

}  // namespace

std::vector<Story> make_stories(const Facts& facts, const Latencies& latencies, const Verdict& verdict,
                                std::size_t failed_max, std::size_t slowest_max) {
    std::vector<Index> told;
    const auto tell = [&](Index number, std::size_t most) {
        if (told.size() >= most || number >= facts.messages.size() || facts.messages[number].sent_seq == 0)
            return;
        if (std::ranges::find(told, number) == told.end()) told.push_back(number);
    };
    for (const auto& finding : verdict.findings)
        if (finding.outcome == Outcome::fail)
            for (const auto& line : finding.evidence)
                tell(facts.message_names.find(line.substr(0, line.find(' '))), failed_max);
    const auto failed = told.size();
    const auto& samples = latencies.samples(Metric::delivery);
    const auto& slow = samples.empty() ? latencies.samples(Metric::local_echo)
                                       : samples;  // one node: its echo is all there is
    // Half of them the slowest of all, half the slowest of each stretch: one outage would take all the
    // places.
    for (auto sample = slow.rbegin(); sample != slow.rend() && told.size() < failed + slowest_max / 2;
         ++sample)
        tell(sample->message, failed + slowest_max / 2);
    const auto stretches = slowest_max - slowest_max / 2;
    std::vector<bool> seen(stretches, false);
    for (auto sample = slow.rbegin(); sample != slow.rend(); ++sample) {
        const auto stretch = static_cast<std::size_t>(sample->due_us * static_cast<std::int64_t>(stretches) /
                                                      (facts.end_us + 1));
        if (seen[stretch]) continue;
        seen[stretch] = true;
        tell(sample->message, failed + slowest_max);
    }

    std::vector<Story> stories;
    for (const auto number : told) {
        stories.push_back(story_of(facts, number));
        stories.back().failed = stories.size() <= failed;
    }
    std::vector<std::size_t> place(facts.messages.size(), told.size());
    for (std::size_t i = 0; i < told.size(); ++i) place[told[i]] = i;
    for_each_reach(facts, [&](const Reach& reach) {
        if (const auto i = place[reach.message]; i < told.size()) add_shown(facts, reach, stories[i]);
    });
    return stories;
}

}  // namespace davenport::sim::checker
