#pragma once

#include "sim/virtual/path.hpp"

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

namespace davenport::sim::virtual_world {

/// The last stretch to one client, where faults hit it alone; behind it is the node's path, which all share.
class OwnLink {
public:
    /// What waits for a direction that is held, with the connection to which it belongs (0: to none).
    struct Waiting {
        NodeIndex node;
        LinkId connection;
        InOrder order;  ///< of what the connection had sent before, should it be gone by then
        std::size_t bytes;
        Event event;
    };

    [[nodiscard]] bool holds(Way way) const { return directions_[index(way)].held > 0; }
    void wait(Way way, Waiting waiting) { directions_[index(way)].waiting.push_back(std::move(waiting)); }
    void hold(Way way, bool held) { directions_[index(way)].held += held ? 1 : -1; }
    /// What may go on, now that nothing holds it.
    [[nodiscard]] std::vector<Waiting> take(Way way) {
        return std::exchange(directions_[index(way)].waiting, {});
    }

    void add_latency(Duration more) { extra_ += more; }
    void limit(std::uint64_t bytes_per_second) { bytes_per_second_ = bytes_per_second; }
    void lose(base::Probability chance) { loss_ = chance; }
    /// What `bytes` take on it.
    [[nodiscard]] Duration time_for(Engine& engine, std::size_t bytes) {
        ++sent_;
        const auto thin = bytes_per_second_ == 0 ? 0 : bytes * 1'000'000 / bytes_per_second_;
        return extra_ + Duration{static_cast<std::int64_t>(thin)} + time_of_losses(engine, loss_);
    }
    [[nodiscard]] std::int64_t sent() const { return sent_; }

private:
    struct Direction {
        int held = 0;  ///< by so many faults
        std::vector<Waiting> waiting;
    };
    static std::size_t index(Way way) { return static_cast<std::size_t>(way); }

    std::array<Direction, 2> directions_;
    Duration extra_{};
    std::uint64_t bytes_per_second_ = 0;  ///< 0: unlimited
    base::Probability loss_{0};
    std::int64_t sent_ = 0;
};

}  // namespace davenport::sim::virtual_world
