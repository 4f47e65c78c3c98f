#pragma once

#include "node/core/events.hpp"

#include <string>
#include <utility>

namespace davenport::node {

/// One handle() of the core: when it is, and what it has asked of the world so far.
struct Turn {
    base::Now now;
    Effects effects{};

    template <class E>
    void emit(E&& effect) {
        if (effects.empty()) effects.reserve(8);  // as many as a turn has, as a rule
        effects.emplace_back(std::forward<E>(effect));
    }
    void info(std::string line) { emit(Log{Log::Level::info, std::move(line)}); }
    void warn(std::string line) { emit(Log{Log::Level::warning, std::move(line)}); }
    void error(std::string line) { emit(Log{Log::Level::error, std::move(line)}); }
};

/// The core's alarm clocks, one for each machine that waits for anything.
namespace timers {
inline constexpr TimerId health = 1;
inline constexpr TimerId writer = 2;
inline constexpr TimerId feed = 3;
inline constexpr TimerId backfill = 4;
inline constexpr TimerId lookup = 5;
inline constexpr TimerId resume = 6;
inline constexpr TimerId commit_queue = 7;
inline constexpr TimerId cursors = 8;
inline constexpr TimerId drain = 9;
inline constexpr TimerId anti_entropy = 10;
inline constexpr TimerId polls = 11;
inline constexpr TimerId sign_in = 12;
inline constexpr TimerId presence = 13;
inline constexpr TimerId placer = 14;
inline constexpr TimerId feed_watch = 15;
inline constexpr TimerId room_reads = 16;
inline constexpr TimerId members = 17;
inline constexpr TimerId changes = 18;
inline constexpr TimerId policies = 19;
inline constexpr TimerId conflicts = 20;
inline constexpr TimerId purges = 21;
inline constexpr TimerId retention = 22;
inline constexpr TimerId crowd = 23;
inline constexpr TimerId missed = 24;
}  // namespace timers

}  // namespace davenport::node
