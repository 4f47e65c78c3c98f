#pragma once

#include "sim/orchestrator/by_hand.hpp"
#include "sim/orchestrator/fault_states.hpp"
#include "sim/scenario/parameters.hpp"

namespace davenport::sim::orchestrator {

/// Faults of the store and of its feed: rules that the mock is given and that are taken back, or a restart of
/// the store by the world.
class StoreFaults {
public:
    StoreFaults(Context& context, FaultStates& states)
        : context_{context}, states_{states}, by_hand_{context, states} {}

    void begin(std::size_t fault);
    void end(std::size_t fault);
    void on(const StoreRestarted& e);

private:
    void begin_without_mock(std::size_t fault);
    void watch_moment(std::size_t fault);
    [[nodiscard]] std::size_t store_of(std::size_t fault) const {
        return store_number(states_.planned(fault).store);
    }

    Context& context_;
    FaultStates& states_;
    ByHand by_hand_;
};

}  // namespace davenport::sim::orchestrator
