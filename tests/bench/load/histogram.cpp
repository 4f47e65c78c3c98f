#include "histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace davenport::load {

std::size_t Histogram::bucket_of(Nanos value) {
    if (value < steps) return value;
    const auto shift = static_cast<std::size_t>(std::bit_width(value)) - 8;
    return steps + shift * steps + ((value >> shift) - steps);
}

Nanos Histogram::middle_of(std::size_t bucket) {
    if (bucket < steps) return bucket;
    const auto shift = (bucket - steps) / steps;
    const Nanos leading = (bucket - steps) % steps + steps;
    return (leading << shift) + ((Nanos{1} << shift) >> 1);
}

void Histogram::add(Nanos value) {
    ++buckets_[bucket_of(value)];
    ++count_;
    largest_ = std::max(largest_, value);
}

Nanos Histogram::percentile(double percent) const {
    if (count_ == 0) return 0;
    const auto wanted = std::max<std::uint64_t>(
        1, static_cast<std::uint64_t>(std::ceil(static_cast<double>(count_) * percent / 100)));
    std::uint64_t seen = 0;
    for (std::size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
        seen += buckets_[bucket];
        if (seen >= wanted) return std::min(largest_, middle_of(bucket));
    }
    return largest_;
}

boost::json::object Histogram::summary() const {
    const auto us = [](Nanos value) { return static_cast<double>(value / 100) / 10; };
    return {{"n", count_},
            {"p50_us", us(percentile(50))},
            {"p95_us", us(percentile(95))},
            {"p99_us", us(percentile(99))},
            {"p999_us", us(percentile(99.9))},
            {"max_us", us(largest_)}};
}

}  // namespace davenport::load
