#pragma once

#include "sim/orchestrator/context.hpp"
#include "sim/orchestrator/faults.hpp"
#include "sim/orchestrator/final_reads.hpp"
#include "sim/orchestrator/others_messages.hpp"
#include "sim/orchestrator/pending_deliveries.hpp"

namespace davenport::sim::orchestrator {

/// From the beginning of healing until everybody has everything, or time is up: ends all faults, waits for
/// the nodes, then for the clients, the backlogs and the store; the final reads follow.
class Healing {
public:
    Healing(Context& context, Faults& faults, const PendingDeliveries& pending, const OthersMessages& others,
            FinalReads& next)
        : context_{context}, faults_{faults}, pending_{pending}, others_{others}, next_{next} {}

    void begin();
    /// A fault is over, or a node has changed: all may be healed now.
    void look();
    void set_clients_settled(bool settled);

private:
    void converge();
    [[nodiscard]] bool all_shown() const;
    /// Whether it has been quiet long enough to judge whom people see, where that is expected.
    [[nodiscard]] bool seen_in_peace() const;
    void look_at_store(std::size_t store);

    Context& context_;
    Faults& faults_;
    const PendingDeliveries& pending_;
    const OthersMessages& others_;
    FinalReads& next_;
    bool clients_settled_ = false;
    Duration in_peace_since_{};  ///< all is healed, and all clients are where they stay
    Duration look_at_store_after_{};
};

}  // namespace davenport::sim::orchestrator
