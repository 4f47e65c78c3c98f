#pragma once

#include "node/base/text.hpp"
#include "node/core/clients/token_bucket.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace davenport::node {

/// Against whom a post counts where nobody signs in: the address. From this machine a proxy may speak for
/// everybody: then it is the name that counts.
inline std::string rate_key(const std::string& address, std::string_view user) {
    return base::is_loopback_address(address) ? "name " + std::string{user} : address;
}

/// How fast each person may post, by whichever way and over however many connections: by name where people
/// sign in, else by address.
class PostRates {
public:
    /// `per_second`: 0 for no bound.
    explicit PostRates(std::size_t per_second) : per_second_{per_second} {}

    /// Nothing when `who` may post now, else how long to wait.
    std::optional<base::Duration> take(const std::string& who, base::Time now) {
        if (per_second_ == 0) return std::nullopt;
        if (buckets_.size() >= buckets_max) {
            std::erase_if(buckets_, [&](const auto& bucket) { return bucket.second.full(now); });
            if (buckets_.size() >= buckets_max) buckets_.clear();  // generous for a moment, and bounded
        }
        return buckets_[who].take(per_second_, now);
    }

private:
    static constexpr std::size_t buckets_max = 10'000;

    std::size_t per_second_;
    std::unordered_map<std::string, TokenBucket> buckets_;
};

}  // namespace davenport::node
