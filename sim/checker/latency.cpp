#include "sim/checker/latency.hpp"

#include "sim/checker/audience.hpp"
#include "sim/checker/evidence.hpp"

#include <algorithm>

namespace davenport::sim::checker {

std::string_view name_of(Metric metric) {
    switch (metric) {
        case Metric::local_ack:
            return "local_ack";
        case Metric::local_echo:
            return "local_echo";
        case Metric::delivery:
            return "delivery";
        case Metric::stored:
            return "stored";
    }
    return "?";
}

std::optional<Metric> metric_named(std::string_view name) {
    for (const auto metric : metrics)
        if (name_of(metric) == name) return metric;
    return {};
}

std::string waited_text(Waited waited) { return (waited.more ? "> " : "") + time_text(waited.us); }

Waited Figures::quantile(std::int64_t share) const {
    const auto rank = std::clamp<std::int64_t>((count * share + 99'999) / 100'000, 1, count);
    return sorted[static_cast<std::size_t>(rank - 1)];
}

Latencies::Latencies(const Facts& facts) : facts_{facts} {
    for_each_reach(facts, [&](const Reach& reach) {
        const auto& m = facts.messages[reach.message];
        if (m.sent_seq == 0 || (m.refused && m.accepted_us < 0)) return;
        add(Metric::local_ack, m, reach.message, m.node, m.accepted_us);
        if (m.stored_us < 0 && m.documents > 0) {
            ++stored_untold_;
        } else {
            add(Metric::stored, m, reach.message, m.node, m.stored_us);
        }
        // Whoever followed the room on the node over which it was sent; where nobody did, there is no echo to
        // wait for.
        auto echo = never;
        bool echo_owed = false;
        for (const auto index : reach.shown) {
            const auto& delivery = facts.deliveries[index];
            if (delivery.node != m.node) {
                add(Metric::delivery, m, reach.message, delivery.node, delivery.at_us);
            } else {
                echo_owed = true;
                echo = echo < 0 ? delivery.at_us : std::min(echo, delivery.at_us);
            }
        }
        if (is_owed(m)) {
            for (const auto client : reach.missing) {
                const auto node = facts.clients[client].node;
                if (node != m.node) add(Metric::delivery, m, reach.message, node, never);
                echo_owed = echo_owed || node == m.node;
            }
        }
        if (echo_owed) add(Metric::local_echo, m, reach.message, m.node, echo);
    });
    for (auto& samples : samples_)
        std::ranges::sort(samples, {}, [](const Sample& s) { return std::pair{s.key, s.message}; });
}

void Latencies::add(Metric metric, const Message& message, Index number, Index node, std::int64_t at_us) {
    Sample sample;
    sample.due_us = message.due_us;
    sample.message = number;
    sample.node = node;
    sample.key = at_us >= 0 ? std::max<std::int64_t>(at_us - message.due_us, 0)
                            : Sample::never_bit | std::max<std::int64_t>(facts_.end_us - message.due_us, 0);
    samples_[static_cast<std::size_t>(metric)].push_back(sample);
}

Figures Latencies::figures(Metric metric, const Filter& filter) const {
    Figures figures;
    std::int64_t sum = 0;
    for (const auto& sample : samples(metric)) {
        if (filter.phase && !filter.phase->contains(sample.due_us)) continue;
        if (filter.node != nobody && sample.node != filter.node) continue;
        if (filter.room != nobody && facts_.messages[sample.message].room != filter.room) continue;
        if (sample.arrived()) {
            sum += sample.key;
        } else {
            ++figures.undelivered;
        }
        figures.sorted.push_back({sample.waited_us(), !sample.arrived()});
    }
    figures.count = static_cast<std::int64_t>(figures.sorted.size());
    if (const auto arrived = figures.count - figures.undelivered; arrived > 0)
        figures.mean_us = sum / arrived;
    return figures;
}

}  // namespace davenport::sim::checker
