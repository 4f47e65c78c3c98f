#include "sim/checker/recovery.hpp"

#include <algorithm>

namespace davenport::sim::checker {
namespace {

constexpr std::int64_t window_us = 250'000;

/// A window of the time after a fault.
struct Window {
    std::int64_t arrived = 0;
    std::int64_t slow = 0;          ///< deliveries that were slow in it, whether or not they came in it
    std::int64_t last_slow_us = 0;  ///< until when one was
    [[nodiscard]] bool is_normal() const { return slow * 100 <= std::max(arrived, slow); }
};

class Windows {
public:
    Windows(std::int64_t begin_us, std::int64_t end_us)
        : begin_us_{begin_us}, end_us_{end_us}, all_(index(end_us) + 1) {}

    void add_arrival(std::int64_t at_us) {
        if (at_us > begin_us_ && at_us <= end_us_) ++all_[index(at_us)].arrived;
    }
    void add_slow(std::int64_t from_us, std::int64_t to_us) {
        from_us = std::max(from_us, begin_us_);
        to_us = std::min(to_us, end_us_);
        if (to_us <= begin_us_ || from_us > to_us) return;
        for (auto i = index(from_us); i <= index(to_us); ++i) {
            auto& window = all_[i];
            ++window.slow;
            const auto window_end = begin_us_ + static_cast<std::int64_t>(i + 1) * window_us;
            window.last_slow_us = std::max(window.last_slow_us, std::min(to_us, window_end));
        }
    }
    /// When the first normal stretch of that length begins; or the last one, which the end cuts off. Nothing
    /// when it is not normal at the end.
    [[nodiscard]] std::optional<std::int64_t> first_stable_us(std::int64_t stable_us) const {
        auto since = begin_us_;
        for (std::size_t i = 0; i < all_.size(); ++i) {
            const auto window_begin = begin_us_ + static_cast<std::int64_t>(i) * window_us;
            if (window_begin - since >= stable_us) return since;
            if (!all_[i].is_normal()) since = std::max(since, all_[i].last_slow_us);
        }
        return since < end_us_ || all_.back().is_normal() ? std::optional{since} : std::nullopt;
    }

private:
    [[nodiscard]] std::size_t index(std::int64_t at_us) const {
        return static_cast<std::size_t>((at_us - begin_us_) / window_us);
    }
    std::int64_t begin_us_, end_us_;
    std::vector<Window> all_;
};

/// When what waited for the store at the fault's end was first gone: `begin_us` when nothing waited, nothing
/// when it never was. A message or two on their way to the store later are no backlog.
std::optional<std::int64_t> drained_us(const Facts& facts, std::int64_t begin_us, std::int64_t end_us) {
    std::vector<std::int64_t> backlog(facts.node_names.size(), 0);
    bool waiting = false;
    for (const auto& change : facts.backlogs) {
        if (change.at_us > end_us) break;
        backlog[change.node] = change.count;
        const bool waits = std::ranges::any_of(backlog, [](auto count) { return count > 0; });
        if (change.at_us <= begin_us) {
            waiting = waits;
        } else if (waiting && !waits) {
            return change.at_us;
        }
    }
    return waiting ? std::nullopt : std::optional{begin_us};
}

}  // namespace

std::optional<Recovery> recovery_of(const Facts& facts, const Latencies& latencies, std::string_view name,
                                    base::Duration stable) {
    const auto before = phase_named(facts, "before " + std::string{name});
    const auto during = phase_named(facts, "during " + std::string{name});
    if (!before || !during) return {};
    const auto end = std::ranges::max(during->spans, {}, &Span::to_us).to_us;
    auto until = facts.end_us;  // the next fault's effects are its own
    for (const auto& fault : facts.faults)
        if (fault.on_us > end) until = std::min(until, fault.on_us);

    Recovery recovery;
    recovery.fault = name;
    auto metric = Metric::delivery;
    auto usual = latencies.figures(metric, {.phase = &*before});
    if (usual.count == 0) usual = latencies.figures(metric = Metric::shown, {.phase = &*before});
    recovery.metric = name_of(metric);
    recovery.has_before = usual.count > 0;
    if (!recovery.has_before) return recovery;
    const auto usual_us = usual.quantile(99'000).us;
    recovery.limit_us = std::max(usual_us * 3, usual_us + 25'000);

    Windows windows{end, until};
    for (const auto& sample : latencies.samples(metric)) {
        if (sample.due_us > until) continue;
        const auto at = sample.arrived() ? sample.due_us + sample.key : facts.end_us;
        if (sample.arrived()) windows.add_arrival(at);
        if (!sample.arrived() || sample.key > recovery.limit_us)
            windows.add_slow(sample.due_us + recovery.limit_us, at);
    }
    const auto normal = windows.first_stable_us(stable.count());
    const auto drained = drained_us(facts, end, until);
    if (normal && drained) {
        recovery.us = std::max(*normal, *drained) - end;
    } else if (until < facts.end_us) {
        recovery.overtaken_us = until - end;
    }
    return recovery;
}

}  // namespace davenport::sim::checker
