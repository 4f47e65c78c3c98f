#pragma once

#include "clock.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace davenport::load {

/// What every message says about itself, in any system's envelope: "|0000000042:0000012345678901234|xxxx".
///
/// The time is when the message was *due*, so a sender that is held up cannot hide latency. '|' stands in
/// none of the envelopes, so a receiver finds it without parsing them.
struct Stamp {
    std::uint64_t number;  ///< 1, 2, 3, ...; 0 while warming up
    Nanos due;
};

inline constexpr std::size_t stamp_bytes = 32;

/// A text of `size` bytes (at least a stamp's); valid until the next call.
std::string_view make_payload(Stamp stamp, std::size_t size);

/// The stamp in `text`, if there is one.
std::optional<Stamp> find_stamp(std::string_view text);

}  // namespace davenport::load
