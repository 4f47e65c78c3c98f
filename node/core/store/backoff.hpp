#pragma once

#include "node/base/random.hpp"
#include "node/base/time.hpp"

#include <algorithm>

namespace davenport::node {

/// Ever longer pauses between tries, from `least` to `most`, each up to a quarter longer by chance so that
/// the nodes of one store do not come back in step.
class Backoff {
public:
    Backoff(base::Duration least, base::Duration most)
        : least_{least}, most_{std::max(least, most)}, next_{least} {}

    base::Duration next(base::Random& random) {
        const auto pause = next_;
        next_ = std::min(most_, next_ * 2);
        return pause + base::Duration{random.between(0, pause.count() / 4)};
    }
    void reset() { next_ = least_; }

private:
    base::Duration least_, most_, next_;
};

}  // namespace davenport::node
