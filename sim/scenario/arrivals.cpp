#include "sim/scenario/arrivals.hpp"

#include <algorithm>
#include <bit>

namespace davenport::sim {

namespace {

constexpr std::uint64_t thousand_seconds_us = 1'000'000'000;
constexpr std::uint64_t one_q24 = std::uint64_t{1} << 24;

/// log2(x) in units of 2^-24, for x >= 1: the whole part is the position of the top bit, each further bit
/// comes from squaring the rest and looking whether it passes 2.
std::uint64_t log2_q24(std::uint64_t x) {
    const auto top = static_cast<unsigned>(std::bit_width(x)) - 1;
    std::uint64_t rest = top >= 31 ? x >> (top - 31) : x << (31 - top);  // in [1, 2), with 31 binary places
    std::uint64_t out = top;
    for (int i = 0; i < 24; ++i) {
        rest = (rest * rest) >> 31;
        out <<= 1;
        if (rest >> 32) {
            out |= 1;
            rest >>= 1;
        }
    }
    return out;
}

std::uint64_t whole_root(std::uint64_t x) {
    std::uint64_t root = 0;
    for (std::uint64_t bit = std::uint64_t{1} << 31; bit != 0; bit >>= 1)
        if ((root + bit) * (root + bit) <= x) root += bit;
    return root;
}

/// For a rate that grows evenly from nothing, the time at which as much has come as would have by `even` at
/// the mean rate.
std::uint64_t ramped(std::uint64_t even, std::uint64_t length) {
    const auto part_q24 = even * one_q24 / length;
    return length * whole_root(part_q24 << 24) / one_q24;
}

/// A rate that grows or falls is taken as so many steps of its stage.
constexpr std::uint64_t steps_of_a_slope = 1000;

/// Calls `step(rate, length in microseconds)` for each stretch of an even rate, one after the other.
template <class Step>
void for_each_step(const std::vector<Stage>& stages, Step step) {
    for (const auto& [from, to, length] : stages) {
        const auto whole = static_cast<std::uint64_t>(length.count());
        const auto steps = from == to ? 1 : std::min(steps_of_a_slope, whole);
        for (std::uint64_t i = 0; i < steps; ++i) {
            const auto size = whole * (i + 1) / steps - whole * i / steps;
            // The rate in the middle of the step.
            step((from * (2 * (steps - i) - 1) + to * (2 * i + 1)) / (2 * steps), size);
        }
    }
}

/// Goes through the stages and lets a message come whenever as many have come by the rate as the gap to it.
std::vector<Duration> staged_times(const Load& load, base::Random& random) {
    std::vector<Duration> out;
    const auto gap = [&] {
        return load.arrivals == Arrivals::poisson ? draw_exponential_q24(random) : one_q24;
    };
    auto left_q24 = load.arrivals == Arrivals::poisson ? gap() : 0;  // of a message
    std::uint64_t begin = 0;
    for_each_step(load.stages, [&](std::uint64_t rate, std::uint64_t length) {
        auto at_q24 = begin * one_q24;  // of a microsecond
        const auto end_q24 = (begin + length) * one_q24;
        begin += length;
        while (rate > 0) {
            const auto next_q24 = at_q24 + left_q24 * thousand_seconds_us / rate;
            if (next_q24 >= end_q24) {
                const auto rest_us = (end_q24 - at_q24) / one_q24;
                left_q24 -= std::min(left_q24, rest_us * rate / 1'000'000 * one_q24 / 1'000);
                return;
            }
            at_q24 = next_q24;
            left_q24 = gap();
            const auto us = at_q24 / one_q24;
            out.emplace_back(
                static_cast<std::int64_t>(load.arrivals == Arrivals::burst ? us - us % 1'000'000 : us));
        }
    });
    return out;
}

}  // namespace

std::uint64_t draw_exponential_q24(base::Random& random) {
    constexpr std::uint64_t ln2_q24 = 11'629'080;
    const auto u = (random.next() >> 11) + 1;  // in [1, 2^53]
    return ((std::uint64_t{53} << 24) - log2_q24(u)) * ln2_q24 >> 24;
}

std::vector<Duration> arrival_times(const Load& load, base::Random& random) {
    if (!load.stages.empty()) return staged_times(load, random);
    std::vector<Duration> out;
    const auto length = static_cast<std::uint64_t>(load.length.count());
    const auto push = [&](std::uint64_t us) { out.emplace_back(static_cast<std::int64_t>(us)); };
    if (load.arrivals == Arrivals::poisson) {
        const auto mean_us = thousand_seconds_us / load.per_1000_seconds;
        const auto fine = thousand_seconds_us % load.per_1000_seconds * one_q24 /
                          load.per_1000_seconds;  // of a microsecond
        std::uint64_t at_q24 = 0;  // of a microsecond: rounding every gap down would raise the rate
        for (;;) {
            const auto gap = draw_exponential_q24(random);
            at_q24 += mean_us * gap + (fine * gap >> 24);
            if (at_q24 >> 24 >= length) return out;
            push(at_q24 >> 24);
        }
    }
    for (std::uint64_t i = 0;; ++i) {
        const auto even = i * thousand_seconds_us / load.per_1000_seconds;
        if (even >= length) return out;
        switch (load.arrivals) {
            case Arrivals::ramp:
                push(ramped(even, length));
                break;
            case Arrivals::burst:
                push(even - even % 1'000'000);
                break;
            default:
                push(even);
                break;
        }
    }
}

}  // namespace davenport::sim
