#pragma once

#include "sim/orchestrator/context.hpp"
#include "sim/orchestrator/fault_states.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace davenport::sim::orchestrator {

/// What somebody does in the store by hand: store.document_edit and its like. A moment: it waits until the
/// store has a message that it can be done to, and is over when it is done.
///
/// Each text it writes carries a unique name, as client texts do, so a showing can be traced to it.
class ByHand {
public:
    ByHand(Context& context, FaultStates& states) : context_{context}, states_{states} {}

    [[nodiscard]] static bool does(std::string_view kind) { return kind.starts_with("store.document_"); }
    void begin(std::size_t fault) { look(fault); }
    void end(std::size_t fault);

private:
    struct Target {
        std::string id, msg;
        int size_bytes = 0;
    };
    void look(std::size_t fault);
    void look_again(std::size_t fault);
    [[nodiscard]] std::vector<Target> targets(std::size_t fault, std::string_view documents) const;
    void touch(std::size_t fault, const Target& target);
    void touched(std::size_t fault, Record done, const Answered& answer);

    Context& context_;
    FaultStates& states_;
    std::uint64_t deeds_ = 0;
    std::map<std::size_t, std::size_t> under_way_;  ///< requests, by fault
};

}  // namespace davenport::sim::orchestrator
