#pragma once

#include "clock.hpp"

#include <cstddef>
#include <vector>

#include <boost/json/object.hpp>

namespace davenport::load {

/// Counts durations in buckets of 1/128 of a power of two: a percentile is off by less than 0.8 %, and adding
/// one costs a few nanoseconds and never allocates.
class Histogram {
public:
    void add(Nanos value);
    [[nodiscard]] std::uint64_t count() const { return count_; }
    /// The value that `percent` of those added do not exceed; 0 when there are none.
    [[nodiscard]] Nanos percentile(double percent) const;
    /// {"n", "p50_us", "p95_us", "p99_us", "p999_us", "max_us"}
    [[nodiscard]] boost::json::object summary() const;

private:
    static constexpr std::size_t steps = 128;
    static std::size_t bucket_of(Nanos value);
    static Nanos middle_of(std::size_t bucket);

    std::vector<std::uint64_t> buckets_ = std::vector<std::uint64_t>(steps * 59);
    std::uint64_t count_ = 0;
    Nanos largest_ = 0;
};

}  // namespace davenport::load
