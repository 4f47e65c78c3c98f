#pragma once

#include "node/base/time.hpp"
#include "sim/scenario/parameters.hpp"
#include "sim/scenario/plan.hpp"

#include <cstddef>
#include <cstdint>
#include <map>

namespace davenport::sim::orchestrator {

/// How wrong a machine's wall clock is, by the faults that are on: what they say adds up. When the last of
/// them is over the clock is right at once, as one that is set by hand.
class WrongClock {
public:
    void begin(std::size_t fault, const PlannedFault& planned, base::Time now) {
        errors_[fault] = {parameter_or(planned.parameters, "offset", Duration{0}),
                          parameter_or(planned.parameters, "per_second", Duration{0}), now};
    }
    void end(std::size_t fault) { errors_.erase(fault); }
    [[nodiscard]] bool is_right() const { return errors_.empty(); }

    [[nodiscard]] Duration offset(base::Time now) const {
        Duration sum{0};
        for (const auto& [fault, error] : errors_)
            sum += error.jump + Duration{(now - error.since).count() * error.per_second.count() / 1'000'000};
        return sum;
    }

private:
    struct Error {
        Duration jump;
        Duration per_second;  ///< drift
        base::Time since;
    };
    std::map<std::size_t, Error> errors_;  ///< by fault
};

}  // namespace davenport::sim::orchestrator
