#pragma once

#include "node/base/parameter.hpp"
#include "sim/virtual/engine.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>
#include <vector>

namespace davenport::sim::virtual_world {

enum class Way { up, down };  ///< up: towards the node, or towards the store

/// One direction of a connection: every message takes its own time, and none overtakes.
class InOrder {
public:
    Time arrival(Time now, Duration took) { return last_ = std::max(last_, now + took); }

private:
    Time last_{};
};

/// What TCP takes to bring a message through that is lost with this chance each time it is sent.
inline Duration time_of_losses(Engine& engine, base::Probability chance) {
    constexpr Duration first_wait = std::chrono::milliseconds{200};  // Linux' shortest
    constexpr Duration longest_wait = std::chrono::seconds{10};
    Duration took{};
    for (auto wait = first_wait; chance.millionths > 0 && wait < longest_wait; wait *= 2) {
        if (!engine.losses.per_million(static_cast<std::uint32_t>(chance.millionths))) break;
        took += wait;
    }
    return took;
}

/// The link between one node and its clients, or one node and the store, as faults have it at the moment.
///
/// What is sent while a direction is held waits, in order, and goes on its way when it is let go: bytes of a
/// connection are late or lost with it, never lost alone.
class Path {
public:
    Path(Engine& engine, const Link& link) : engine_{engine}, link_{link}, usual_{link} {}

    /// Sends an event that is as large as `bytes`, behind what `order` has sent already.
    /// `more`: what it takes beside.
    template <class E>
    void send(Way way, InOrder& order, std::size_t bytes, E&& event, Duration more = {}) {
        ++sent_;
        auto& direction = directions_[static_cast<std::size_t>(way)];
        const auto arrives =
            std::max(order.arrival(engine_.now, time_for(bytes) + more), direction.not_before);
        if (direction.held) {
            direction.waiting.emplace_back(arrives - engine_.now, std::forward<E>(event));
        } else {
            engine_.at(arrives, std::forward<E>(event));
        }
    }
    /// Sends on a connection of its own.
    template <class E>
    void send(Way way, std::size_t bytes, E&& event) {
        InOrder alone;
        send(way, alone, bytes, std::forward<E>(event));
    }

    /// How much was sent so far, in either direction.
    [[nodiscard]] std::int64_t sent() const { return sent_; }

    void hold(bool up, bool down) {
        directions_[0].held = up;
        directions_[1].held = down;
        for (auto& direction : directions_)
            if (!direction.held) release(direction);
    }
    void add_latency(Duration extra) { extra_ = extra; }
    /// How likely a message is lost, each time it is sent.
    void lose(base::Probability chance) { loss_ = chance; }
    void limit(std::uint64_t bytes_per_second) { link_.bytes_per_second = bytes_per_second; }
    /// Back to the scenario's bandwidth.
    void lift_limit() { link_.bytes_per_second = usual_.bytes_per_second; }

private:
    struct Direction {
        bool held = false;
        std::vector<std::pair<Duration, Event>> waiting;  ///< with the time it would have taken
        Time not_before{};  ///< what was let go arrives until then; nothing sent later may overtake it
    };

    [[nodiscard]] Duration time_for(std::size_t bytes) {
        auto took =
            Duration{engine_.latencies.between(link_.latency.low.count(), link_.latency.high.count())};
        if (link_.bytes_per_second > 0)
            took += Duration{static_cast<std::int64_t>(bytes * 1'000'000 / link_.bytes_per_second)};
        return took + extra_ + time_of_losses(engine_, loss_);
    }
    void release(Direction& direction) {
        Duration last{};
        for (auto& [after, event] : std::exchange(direction.waiting, {}))
            engine_.soon(last = std::max({last, after, Duration{0}}), std::move(event));
        direction.not_before = std::max(direction.not_before, engine_.now + last);
    }

    Engine& engine_;
    Link link_;
    Link usual_;
    Duration extra_{};
    base::Probability loss_{0};
    std::int64_t sent_ = 0;
    std::array<Direction, 2> directions_;
};

}  // namespace davenport::sim::virtual_world
