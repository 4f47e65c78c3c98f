#pragma once

#include "node/base/time.hpp"

#include <cstdint>

namespace davenport::bench {

inline constexpr std::int64_t epoch_ms = 1'800'000'000'000;

/// Both clocks of a core under measurement: they move when they are told to.
struct VirtualClock {
    base::Duration passed{};

    void advance(base::Duration by) { passed += by; }
    [[nodiscard]] base::Now now() const {
        return {base::Time{passed}, base::wall_from_unix_ms(epoch_ms) + passed};
    }
    [[nodiscard]] std::int64_t unix_ms() const { return epoch_ms + passed.count() / 1000; }
};

}  // namespace davenport::bench
