#pragma once

#include "sim/orchestrator/orchestrator.hpp"
#include "sim/virtual/parts.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>

namespace davenport::sim::virtual_world {

/// Performs what the orchestrator asks for, on the machines of the virtual world.
class Environment {
public:
    explicit Environment(Parts& parts);

    /// All nodes run, and the clients connect.
    void start();
    /// A record of a client: it is noted, and the orchestrator sees it.
    void on_record(const Record& record);
    void on(ToOrchestrator& e);
    void on(OrchestratorTimer& e);
    void on(LinkLook& e);

    [[nodiscard]] bool finished() const { return finished_; }
    /// Why the plan could not be performed; empty when it could.
    [[nodiscard]] const std::string& broken() const { return broken_; }

private:
    void make_databases();
    void perform(orchestrator::Effects effects);
    void on(const orchestrator::SetTimer& e);
    void on(const orchestrator::Act& e);
    void on(const orchestrator::Tell& e) { parts_.clients.handle(e.client, e.event); }
    void on(const orchestrator::HoldReading& e) { parts_.clients.hold_reading(e.client, e.held); }
    void on(const orchestrator::AddClient& e);
    void on(const orchestrator::AskControl& e);
    void on(const orchestrator::AskStore& e);
    void on(const orchestrator::AskNode&) {}  // no scenario that needs it is played here
    void on(const orchestrator::AskBacklog& e);
    void on(const orchestrator::AskHistory& e);
    void on(const orchestrator::SetHost& e);
    void on(const orchestrator::SetLink& e);
    void on(const orchestrator::RestartStore&) {}  // the mock does it here
    void on(const orchestrator::Note& e) { parts_.engine.add(e.record); }
    void on(const orchestrator::Finished& e);
    /// What the store says, at once.
    void answer(orchestrator::RequestId request, base::HttpResponse response);
    /// Begins or ends a fault of a node's disk or clock. Of those that are counted, returns how many commits
    /// it met, once it ends.
    std::optional<std::int64_t> set_host(Node& node, std::size_t fault, bool on);
    /// Begins or ends a fault of one node's link; the sum of what it returns then is how many connections and
    /// messages it met.
    std::int64_t set_link(Node& node, const PlannedFault& fault, bool on);
    static void set_path(Path& path, const PlannedFault& fault, bool on);
    /// The sum of what `act` returns of each store that the fault is about.
    template <class Do>
    std::int64_t at_stores(const PlannedFault& fault, const Do& act);
    /// The same of the client's own stretch.
    std::int64_t set_own_link(const PlannedFault& fault, bool on);
    /// Cuts what is idle; returns how many connections and requests.
    std::int64_t cut_idle(const PlannedFault& fault);

    Parts& parts_;
    orchestrator::Orchestrator orchestrator_;
    std::uint64_t timer_setting_ = 0;
    std::map<std::size_t, std::int64_t> touched_;  ///< by fault of a link or a disk
    std::set<std::size_t> looking_;                ///< faults that look at links again and again
    bool finished_ = false;
    std::string broken_;
};

}  // namespace davenport::sim::virtual_world
