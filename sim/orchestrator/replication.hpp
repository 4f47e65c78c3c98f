#pragma once

#include "sim/orchestrator/fault_states.hpp"

#include <cstddef>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>

namespace davenport::sim::orchestrator {

/// What replicates between several stores, each to each, as CouchDB's replicator does it: with all leaves and
/// their histories, from the changes that the other one has had since. Does nothing where there is one store.
///
/// It keeps no checkpoint in the stores. Where one of them lost what it had, both ways with it begin anew, as
/// whoever mends such a store would have it; and all do once more when everything is healed.
class Replication {
public:
    Replication(Context& context, FaultStates& states);

    void start();
    /// replication.stop: nothing moves from one store to the other meanwhile.
    void stop(std::size_t fault);
    void resume(std::size_t fault);
    /// The fault hits a store; it may lose what it had.
    void on_store_fault(const PlannedFault& fault);
    /// From the beginning, all of them.
    void start_over();

private:
    /// From one store to another.
    struct Way {
        std::size_t from = 0, to = 0;
        std::string since = "0";
        std::string next;              ///< `since`, once all of this round is there
        std::uint64_t beginnings = 0;  ///< answers of an earlier one count for nothing
    };
    void soon(Way& way);
    void read_changes(Way& way);
    void on_changes(Way& way, const Answered& answer);
    void on_missing(Way& way, const Answered& answer);
    void on_documents(Way& way, const Answered& answer);
    void on_written(Way& way, const Answered& answer);
    void begin_anew(Way& way);
    void make_database(Way& way, std::size_t store);
    /// Asks, and goes on by `then` if the answer is a good one; else later, with the same round.
    void ask(Way& way, std::size_t store, base::HttpRequest request,
             void (Replication::*then)(Way&, const Answered&));

    Context& context_;
    FaultStates& states_;
    std::deque<Way> ways_;
    std::map<std::size_t, std::int64_t> stopped_;  ///< by fault of the plan: rounds that it put off
};

}  // namespace davenport::sim::orchestrator
