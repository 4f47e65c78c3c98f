#pragma once

#include "sim/orchestrator/context.hpp"
#include "sim/orchestrator/faults.hpp"
#include "sim/orchestrator/final_reads.hpp"
#include "sim/orchestrator/healing.hpp"
#include "sim/orchestrator/others_messages.hpp"
#include "sim/orchestrator/page_turns.hpp"
#include "sim/orchestrator/pending_deliveries.hpp"
#include "sim/orchestrator/placement.hpp"
#include "sim/orchestrator/searches.hpp"

namespace davenport::sim::orchestrator {

/// Performs a plan: lets clients post, begins and ends faults, heals, waits until everybody has what they
/// ought to have, and asks nodes and store what they hold.
///
/// A machine without I/O for a world that performs its effects and reports how they ended. It takes the run
/// to its end whatever fails on the way: Finished says what the world could not do; what a node did wrong is
/// for the checkers to find.
///
/// Joins four parts: Faults (what begins and ends), Healing, FinalReads, and here the plan's schedule.
class Orchestrator {
public:
    using Environment = orchestrator::Environment;
    /// `scenario` and `plan` outlive it. The run begins at `start`: all nodes are up.
    Orchestrator(const Scenario& scenario, const Plan& plan, base::Time start, Environment environment = {});
    Orchestrator(const Orchestrator&) = delete;  // its parts point at each other
    Orchestrator& operator=(const Orchestrator&) = delete;

    [[nodiscard]] Effects start();
    [[nodiscard]] Effects handle(Event event, base::Time now);
    /// Every record of the clients, as it happens. Nothing begins within this call.
    [[nodiscard]] Effects on_record(const Record& record);

private:
    void on(const TimerFired& e);
    void on(const NodeIsUp& e) { faults_.nodes.on(e); }
    void on(const NodeIsGone& e) { faults_.nodes.on(e); }
    void on(const BacklogTold& e) { faults_.nodes.on(e); }
    void on(const LinkTold& e) { faults_.on(e); }
    void on(const StoreRestarted& e) { faults_.store.on(e); }
    void on(const Answered& e) { context_.on(e); }
    void on(HistoryTold& e) {
        pages_.on(e);
        reads_.on(e);
    }
    void post_due();
    void sample_backlogs();
    /// The turn's effects, with the timer for whatever comes next.
    Effects end_turn();

    Context context_;
    PendingDeliveries pending_;
    OthersMessages others_;
    Faults faults_;
    Searches searches_;
    PageTurns pages_;
    FinalReads reads_;
    Healing healing_;
    std::size_t next_send_ = 0;    ///< of the plan
    std::size_t next_action_ = 0;  ///< of the plan
    Duration timer_at_ = Duration::max();
};

}  // namespace davenport::sim::orchestrator
