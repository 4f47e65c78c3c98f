#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace davenport::base {

using Duration = std::chrono::microseconds;

/// The time line of timers and latencies. It has no now(): a core is told the time with every event,
/// by a shell that reads the kernel's monotonic clock, or by the virtual world that makes it up.
struct SteadyClock {
    using duration = Duration;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<SteadyClock>;
    static constexpr bool is_steady = true;
};
using Time = SteadyClock::time_point;

/// What the calendar says where the event happened; may be wrong, may jump.
using WallTime = std::chrono::sys_time<Duration>;

/// Both clocks at the moment of an event.
struct Now {
    Time time;
    WallTime wall;
};

/// Milliseconds since 1970, as message keys carry them.
constexpr std::int64_t unix_ms(WallTime wall) {
    return std::chrono::floor<std::chrono::milliseconds>(wall).time_since_epoch().count();
}
constexpr WallTime wall_from_unix_ms(std::int64_t ms) { return WallTime{std::chrono::milliseconds{ms}}; }

/// "2026-11-23T18:00:00.123Z": UTC, always with milliseconds.
std::string iso8601(WallTime wall);

/// Reads ISO 8601 with an offset or Z, and the article's "2012 Jul 14 09:49:57 -0700". Nothing for anything
/// else.
std::optional<WallTime> parse_datetime(std::string_view text);

}  // namespace davenport::base
