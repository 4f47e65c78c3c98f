#pragma once

#include "sim/orchestrator/fault_states.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace davenport::sim::orchestrator {

/// Their ids begin with this, so they are behind all others.
inline constexpr std::string_view foreign_prefix = "~";

/// store.foreign: documents that no node has written. A moment: it is over when all are in the store.
class Foreign {
public:
    Foreign(Context& context, FaultStates& states) : context_{context}, states_{states} {}

    void begin(std::size_t fault);
    void end(std::size_t fault);

private:
    struct Left {
        std::int64_t number = 0;  ///< of the next document
        std::int64_t count = 0;
    };
    void write(std::size_t fault);
    [[nodiscard]] std::string document(const PlannedFault& planned, std::int64_t number) const;

    Context& context_;
    FaultStates& states_;
    std::map<std::size_t, Left> left_;  ///< by fault
};

}  // namespace davenport::sim::orchestrator
