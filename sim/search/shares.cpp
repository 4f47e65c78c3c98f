#include "sim/search/shares.hpp"

#include <algorithm>

namespace davenport::sim::search {

namespace {

constexpr double kept_of_the_past = 0.98;  // about the last fifty of each way count
constexpr double hoped_for = 20;           // of a way that was never gone
constexpr double least_share = 0.2;        // of what all would get evenly
constexpr std::uint64_t gain_most = 60;    // a run of another world is new in everything, once

}  // namespace

double Shares::rate(const Way& way) const { return (way.gain + hoped_for) / (way.cost / mean_cost_ + 1); }

std::size_t Shares::draw(base::Random& random) const {
    double sum = 0;
    for (const auto& way : ways_) sum += rate(way);
    const auto least = least_share * sum / static_cast<double>(ways_.size());
    constexpr std::uint64_t parts = 1'000'000;
    auto left =
        static_cast<double>(random.below(parts)) / static_cast<double>(parts) * (1 + least_share) * sum;
    for (std::size_t way = 0; way < ways_.size(); ++way) {
        left -= rate(ways_[way]) + least;
        if (left < 0) return way;
    }
    return ways_.size() - 1;
}

void Shares::paid(std::size_t way, std::uint64_t gain, std::uint64_t cost) {
    auto& one = ways_[way];
    const auto costs = static_cast<double>(std::max<std::uint64_t>(cost, 1));
    mean_cost_ = mean_cost_ == 1 ? costs : mean_cost_ * 0.99 + costs * 0.01;
    one.gain = one.gain * kept_of_the_past + static_cast<double>(std::min(gain, gain_most));
    one.cost = one.cost * kept_of_the_past + costs;
}

}  // namespace davenport::sim::search
