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
        case Metric::shown:
            return "shown";
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
        const auto number = reach.message;
        const auto told = Sample{0, 0, number, m.node, m.sender};
        add(Metric::local_ack, m, told, m.accepted_us);
        if (m.stored_us < 0 && m.documents > 0) {
            ++stored_untold_;
        } else {
            add(Metric::stored, m, told, m.stored_us);
        }
        // Whoever followed the room on the node over which it was sent; where nobody did, there is no echo to
        // wait for.
        auto echo = never;
        auto echo_to = nobody;
        bool echo_owed = false;
        for (const auto index : reach.shown) {
            const auto& delivery = facts.deliveries[index];
            const auto arrived = Sample{0, 0, number, delivery.node, delivery.client};
            add(Metric::shown, m, arrived, delivery.at_us);
            if (delivery.node != m.node) {
                add(Metric::delivery, m, arrived, delivery.at_us);
                continue;
            }
            echo_owed = true;
            if (echo >= 0 && echo <= delivery.at_us) continue;
            echo = delivery.at_us;
            echo_to = delivery.client;
        }
        if (is_owed(m)) {
            for (const auto client : reach.missing) {
                const auto node = facts.clients[client].node;
                const auto missing = Sample{0, 0, number, node, client};
                add(Metric::shown, m, missing, never);
                if (node != m.node) add(Metric::delivery, m, missing, never);
                echo_owed = echo_owed || node == m.node;
            }
        }
        if (echo_owed) add(Metric::local_echo, m, {0, 0, number, m.node, echo_to}, echo);
    });
    for (auto& samples : samples_)
        std::ranges::sort(samples, {}, [](const Sample& s) { return std::pair{s.key, s.message}; });
}

void Latencies::add(Metric metric, const Message& message, Sample sample, std::int64_t at_us) {
    sample.due_us = message.due_us;
    sample.key = at_us >= 0 ? std::max<std::int64_t>(at_us - message.due_us, 0)
                            : Sample::never_bit | std::max<std::int64_t>(facts_.end_us - message.due_us, 0);
    samples_[static_cast<std::size_t>(metric)].push_back(sample);
}

bool Filter::takes(const Facts& facts, const Sample& sample) const {
    if (phase && !phase->contains(sample.due_us)) return false;
    const auto is = [](Index wanted, Index found) { return wanted == nobody || wanted == found; };
    const auto& m = facts.messages[sample.message];
    if (!is(node, sample.node) || !is(room, m.room) || !is(client, sample.client) || !is(from_node, m.node) ||
        !is(from_client, m.sender))
        return false;
    for (const auto other : except_nodes)
        if (sample.node == other || m.node == other) return false;
    for (const auto other : except_clients)
        if (sample.client == other || m.sender == other) return false;
    return !pollers || (sample.client != nobody && facts.clients[sample.client].polls);
}

Figures Latencies::figures(Metric metric, const Filter& filter) const {
    Figures figures;
    std::int64_t sum = 0;
    for (const auto& sample : samples(metric)) {
        if (!filter.takes(facts_, sample)) continue;
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

Figures Latencies::figures(Metric metric, const Filter& filter,
                           const std::function<std::int64_t(const Sample&)>& shorten) const {
    Figures figures;
    std::int64_t sum = 0;
    for (const auto& sample : samples(metric)) {
        if (!filter.takes(facts_, sample)) continue;
        const auto waited = shorten(sample);
        sum += sample.arrived() ? waited : 0;
        figures.undelivered += sample.arrived() ? 0 : 1;
        figures.sorted.push_back({waited, !sample.arrived()});
    }
    std::ranges::sort(figures.sorted, {}, [](const Waited& w) { return std::pair{w.more, w.us}; });
    figures.count = static_cast<std::int64_t>(figures.sorted.size());
    if (const auto arrived = figures.count - figures.undelivered; arrived > 0)
        figures.mean_us = sum / arrived;
    return figures;
}

}  // namespace davenport::sim::checker
