#pragma once

#include <cstdint>

/// The timers of a simulated client, by their numbers; each belongs to the part that is named.
namespace davenport::sim::client::timers {

inline constexpr std::uint32_t reconnect = 1;  ///< ClientCore
inline constexpr std::uint32_t posts = 2;      ///< ClientCore
inline constexpr std::uint32_t polls = 3;      ///< LongPolling
inline constexpr std::uint32_t watch = 4;      ///< ClientCore
inline constexpr std::uint32_t changes = 5;    ///< client_changes.cpp
inline constexpr std::uint32_t rejoin = 6;     ///< ClientCore

}  // namespace davenport::sim::client::timers
