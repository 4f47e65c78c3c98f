#pragma once

#include "node/base/random.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace davenport::sim::search {

/// Which of several ways to go on: each is taken as often as it has paid of late, for what it cost, and none
/// is given up for good.
///
/// A way that is new counts as one that pays well, so it is soon tried.
class Shares {
public:
    explicit Shares(std::size_t ways) : ways_(ways) {}

    [[nodiscard]] std::size_t draw(base::Random& random) const;
    /// What came of going one way. `cost` in any unit, above 0.
    void paid(std::size_t way, std::uint64_t gain, std::uint64_t cost);

private:
    struct Way {
        double gain = 0, cost = 0;  ///< the older, the less of it
    };
    [[nodiscard]] double rate(const Way& way) const;

    std::vector<Way> ways_;
    double mean_cost_ = 1;
};

}  // namespace davenport::sim::search
