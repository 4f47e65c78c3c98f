#include "sim/search/shrinker.hpp"

#include <algorithm>
#include <set>

/// Shorter and rounder times: a person reads "at 1s, for 500ms" and not "at 3.718204s, for 2.201931s".
namespace davenport::sim::search {

namespace {

using std::chrono::milliseconds;

/// Visits every point in time of a scenario.
template <class Visit>
void each_time(Scenario& scenario, const Visit& visit) {
    for (auto& fault : scenario.timeline)
        if (fault.at) visit(*fault.at);
    for (auto& message : scenario.load.messages) visit(message.at);
}

std::vector<Duration> times_of(Scenario scenario) {
    std::set<Duration> times;
    each_time(scenario, [&](Duration& at) { times.insert(at); });
    return {times.begin(), times.end()};
}

/// Makes the pauses between what happens as short as they get.
void close_gaps(Shrinker& shrinker) {
    for (std::size_t i = 0; !shrinker.out_of_time(); ++i) {
        const auto times = times_of(shrinker.now());
        if (i >= times.size()) return;
        const auto before = i == 0 ? std::min(shrinker.now().load.settle, times[0]) : times[i - 1];
        const auto gap = times[i] - before;
        std::vector<Scenario> candidates;
        for (const auto shorter :
             {milliseconds{0}, milliseconds{1}, milliseconds{10}, milliseconds{100}, milliseconds{500},
              milliseconds{1000}, milliseconds{2000}, milliseconds{5000}}) {
            if (shorter >= gap) break;
            candidates.push_back(shrinker.now());
            each_time(candidates.back(), [&](Duration& at) {
                if (at >= times[i]) at -= gap - shorter;
            });
        }
        shrinker.accept_first(std::move(candidates));
    }
}

/// Round numbers near `time`, the roundest first; those that are no rounder than it is are left out.
std::vector<Duration> rounder(Duration time) {
    std::vector<Duration> out;
    for (const Duration unit : {milliseconds{1000}, milliseconds{500}, milliseconds{100}, milliseconds{50},
                                milliseconds{10}, milliseconds{1}}) {
        if (time % unit == Duration{}) break;
        const auto below = time - time % unit;
        for (const auto near : {below, below + unit})
            if (std::ranges::find(out, near) == out.end()) out.push_back(near);
    }
    return out;
}

void round_times(Shrinker& shrinker) {
    for (std::size_t i = 0; !shrinker.out_of_time(); ++i) {
        const auto times = times_of(shrinker.now());
        if (i >= times.size()) return;
        std::vector<Scenario> candidates;
        for (const auto time : rounder(times[i])) {
            candidates.push_back(shrinker.now());
            each_time(candidates.back(), [&](Duration& at) {
                if (at == times[i]) at = time;
            });
        }
        shrinker.accept_first(std::move(candidates));
    }
}

void shorten_faults(Shrinker& shrinker) {
    for (std::size_t i = 0; i < shrinker.now().timeline.size() && !shrinker.out_of_time(); ++i) {
        const auto& length = shrinker.now().timeline[i].length;
        if (!length) continue;
        std::vector<Duration> lengths;
        for (const auto shorter : {milliseconds{10}, milliseconds{100}, milliseconds{200}, milliseconds{500},
                                   milliseconds{1000}, milliseconds{2000}, milliseconds{5000}})
            if (shorter < length->low) lengths.emplace_back(shorter);
        for (const auto time : rounder(length->low))
            if (time > Duration{}) lengths.push_back(time);
        std::vector<Scenario> candidates;
        for (const auto shorter : lengths) {
            candidates.push_back(shrinker.now());
            candidates.back().timeline[i].length = Range{shorter, shorter};
        }
        shrinker.accept_first(std::move(candidates));
    }
}

/// The load's own length: healing begins after it.
void shorten_load(Shrinker& shrinker) {
    const auto times = times_of(shrinker.now());
    const auto settle = shrinker.now().load.settle;
    std::vector<Scenario> candidates;
    for (const Duration unit : {milliseconds{1000}, milliseconds{100}}) {
        const auto last = times.empty() ? settle : std::max(times.back(), settle);
        for (const auto more : {unit, 2 * unit, 5 * unit}) {
            const auto length = (last - settle) - (last - settle) % unit + more;
            if (length >= shrinker.now().load.length) continue;
            candidates.push_back(shrinker.now());
            candidates.back().load.length = length;
        }
    }
    std::ranges::stable_sort(candidates, {}, [](const Scenario& s) { return s.load.length; });
    shrinker.accept_first(std::move(candidates));
}

}  // namespace

void simplify_times(Shrinker& shrinker) {
    shrinker.report("times");
    shorten_faults(shrinker);
    close_gaps(shrinker);
    round_times(shrinker);
    shorten_load(shrinker);
}

}  // namespace davenport::sim::search
