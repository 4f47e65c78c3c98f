#pragma once

#include "node/base/time.hpp"

#include <cstddef>

namespace davenport::node {

/// When all policies are compared with what the store has once more. No feed tells a purge, or what a store
/// has lost; few are looked at often, since a ban that somebody purged ought to end soon.
inline base::Duration policies_looked_at_every(std::size_t policies) {
    constexpr std::size_t few = 500;  // one request
    return policies <= few ? std::chrono::seconds{20} : std::chrono::minutes{5};
}

}  // namespace davenport::node
