#pragma once

#include "node/base/time.hpp"

#include <algorithm>
#include <optional>

namespace davenport::node {

/// Lets `rate` things a second pass in the long run, and twice as many at once after a quiet time.
class TokenBucket {
public:
    /// Nothing when one may pass now, else how long to wait until one may. `rate` 0: all may.
    std::optional<base::Duration> take(std::size_t rate, base::Time now) {
        if (rate == 0) return std::nullopt;
        const base::Duration each = base::Duration{std::chrono::seconds{1}} / static_cast<std::int64_t>(rate);
        const auto burst = each * static_cast<std::int64_t>(2 * rate);
        // The time up to which what has passed is paid for; it may lie ahead by a burst.
        paid_until_ = std::max(paid_until_.value_or(now), now) + each;
        if (*paid_until_ - now <= burst) return std::nullopt;
        *paid_until_ -= each;
        return *paid_until_ + each - now - burst;
    }

    /// Nothing is owed for what has passed: the bucket is as good as new.
    [[nodiscard]] bool full(base::Time now) const { return !paid_until_ || *paid_until_ <= now; }

private:
    std::optional<base::Time> paid_until_;
};

}  // namespace davenport::node
