#pragma once

#include "node/base/time.hpp"
#include "node/core/turn.hpp"

#include <optional>
#include <string_view>

namespace davenport::node {

/// "Mon, 23 Nov 2026 18:59:25 GMT", the one form that servers of today send (RFC 9110, section 5.6.7).
std::optional<base::WallTime> read_http_date(std::string_view text);

/// Compares this node's clock with the store's, by the Date of its answers, or by the time that it gave to
/// what the node wrote. A node that is far off gives its
/// clients' messages places that others find wrong, and refuses what others take.
///
/// Off is what two answers in a row find more than 30 s away, network and rounding left out.
class ClockCheck {
public:
    static constexpr base::Duration tolerance = std::chrono::seconds{30};
    static constexpr base::Duration known_for = std::chrono::minutes{5};

    /// `date`: the answer's header, empty when it has none. Says so in the log when the clock begins to be
    /// off and when it is right again.
    void answered(Turn& turn, std::string_view date, base::Time asked_at);
    /// The same by a time that the store told between `asked_at` and now. `rounding`: it may be so much off.
    void told(Turn& turn, base::WallTime time, base::Duration rounding, base::Time asked_at);
    /// 0 while it is right, as far as is known.
    [[nodiscard]] base::Duration ahead() const { return off_ ? ahead_ : base::Duration{}; }
    /// See Store::clock().
    [[nodiscard]] std::optional<base::WallTime> there(base::Time now) const {
        if (!said_ || now > heard_at_ + known_for) return std::nullopt;
        return *said_ + (now - heard_at_);
    }

private:
    bool suspected_ = false, off_ = false;
    base::Duration ahead_{};
    std::optional<base::WallTime> said_;
    base::Time heard_at_{};
};

}  // namespace davenport::node
