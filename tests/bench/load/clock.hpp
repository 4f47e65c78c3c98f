#pragma once

#include <cstdint>
#include <ctime>

namespace davenport::load {

/// Nanoseconds of the kernel's monotonic clock, which all processes of one machine share.
using Nanos = std::uint64_t;

inline constexpr Nanos second = 1'000'000'000;
inline constexpr Nanos millisecond = 1'000'000;

inline Nanos now() {
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<Nanos>(time.tv_sec) * second + static_cast<Nanos>(time.tv_nsec);
}

}  // namespace davenport::load
