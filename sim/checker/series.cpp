#include "sim/checker/summary.hpp"

#include <algorithm>

namespace davenport::sim::checker {
namespace {

/// A round step that cuts `length_us` into at most `steps_max` pieces.
std::int64_t round_step(std::int64_t length_us, std::size_t steps_max) {
    for (std::int64_t unit = 10'000;; unit *= 10)
        for (const auto step : {unit, unit * 2, unit * 5})
            if (length_us / step < static_cast<std::int64_t>(steps_max)) return step;
}

class Maker {
public:
    Maker(const Facts& facts, const Latencies& latencies, std::size_t steps_max)
        : facts_{facts}, latencies_{latencies} {
        series_.step_us = round_step(facts.end_us, steps_max);
        series_.steps = step_of(facts.end_us) + 1;
    }

    Series make() {
        count_rates();
        hold_backlogs();
        measure_feed_lag();
        for (const auto metric : metrics) cut_latencies(metric);
        series_.tainted.assign(series_.steps, false);
        for (const auto& stall : facts_.stalls)
            for (auto step = step_of(stall.at_us - stall.late_us); step <= step_of(stall.at_us); ++step)
                series_.tainted[step] = true;
        return std::move(series_);
    }

private:
    [[nodiscard]] std::size_t step_of(std::int64_t us) const {
        return static_cast<std::size_t>(std::clamp<std::int64_t>(us, 0, facts_.end_us) / series_.step_us);
    }
    [[nodiscard]] std::vector<std::int64_t> steps(std::int64_t value) const {
        return std::vector<std::int64_t>(series_.steps, value);
    }

    void count_rates() {
        series_.sends = series_.accepts = series_.stores = series_.deliveries = steps(0);
        for (const auto& m : facts_.messages) {
            if (m.sent_us >= 0) ++series_.sends[step_of(m.sent_us)];
            if (m.accepted_us >= 0) ++series_.accepts[step_of(m.accepted_us)];
            if (m.stored_us >= 0) ++series_.stores[step_of(m.stored_us)];
        }
        for (const auto& delivery : facts_.deliveries) ++series_.deliveries[step_of(delivery.at_us)];
        for (const auto& requests : facts_.requests) {
            auto& line = series_.requests.try_emplace(requests.status, steps(0)).first->second;
            line[step_of(requests.at_us)] += requests.count;
        }
    }

    /// A node tells its backlog when it is asked or when it changes: between, it is what it was.
    void hold_backlogs() {
        std::vector<std::int64_t> now(facts_.node_names.size(), 0);
        std::vector<std::size_t> filled(facts_.node_names.size(), 0);
        for (const auto& change : facts_.backlogs) {
            auto& line = line_of(series_.backlog, change.node);
            const auto step = step_of(change.at_us);
            for (auto& next = filled[change.node]; next < step; ++next) line[next + 1] = now[change.node];
            now[change.node] = change.count;
            line[step] = std::max(line[step], change.count);
        }
        for (Index node = 0; node < now.size(); ++node) {
            const auto line = series_.backlog.find(std::string{facts_.node_names[node]});
            if (line == series_.backlog.end()) continue;
            for (auto next = filled[node]; next + 1 < series_.steps; ++next)
                line->second[next + 1] = now[node];
        }
    }

    std::vector<std::int64_t>& line_of(std::map<std::string, std::vector<std::int64_t>>& lines, Index node) {
        return lines.try_emplace(std::string{facts_.node_names[node]}, steps(0)).first->second;
    }

    void measure_feed_lag() {
        constexpr std::int64_t none = -1;
        std::vector<std::int64_t> first(facts_.node_names.size());
        for (Index number = 0; number < facts_.messages.size(); ++number) {
            const auto& m = facts_.messages[number];
            if (m.stored_us < 0) continue;
            std::ranges::fill(first, none);
            for (const auto index : facts_.deliveries_of_message(number)) {
                const auto& delivery = facts_.deliveries[index];
                if (delivery.node >= first.size() || delivery.node == m.node) continue;
                auto& at = first[delivery.node];
                if (at == none || delivery.at_us < at) at = delivery.at_us;
            }
            for (Index node = 0; node < first.size(); ++node) {
                if (first[node] == none) continue;
                auto& worst = line_of(series_.feed_lag, node)[step_of(first[node])];
                worst = std::max(worst, first[node] - m.stored_us);  // ahead of the sender's own news: no lag
            }
        }
    }

    void cut_latencies(Metric metric) {
        auto& made = series_.latencies[static_cast<std::size_t>(metric)];
        made.count = made.undelivered = steps(0);
        made.p50 = made.p95 = made.p99 = made.max = steps(never);
        std::vector<std::vector<std::int64_t>> arrived(series_.steps);  // sorted, since the samples are
        for (const auto& sample : latencies_.samples(metric)) {
            const auto step = step_of(sample.due_us);
            ++made.count[step];
            if (sample.arrived()) {
                arrived[step].push_back(sample.key);
            } else {
                ++made.undelivered[step];
            }
        }
        for (std::size_t step = 0; step < series_.steps; ++step) {
            const auto& values = arrived[step];
            const auto at = [&](std::int64_t share) {
                const auto rank = (made.count[step] * share + 99'999) / 100'000;
                return rank <= static_cast<std::int64_t>(values.size())
                           ? values[static_cast<std::size_t>(rank - 1)]
                           : never;
            };
            if (values.empty()) continue;
            made.p50[step] = at(50'000);
            made.p95[step] = at(95'000);
            made.p99[step] = at(99'000);
            made.max[step] = values.back();
        }
    }

    const Facts& facts_;
    const Latencies& latencies_;
    Series series_;
};

}  // namespace

Series make_series(const Facts& facts, const Latencies& latencies, std::size_t steps_max) {
    return Maker{facts, latencies, steps_max}.make();
}

}  // namespace davenport::sim::checker
