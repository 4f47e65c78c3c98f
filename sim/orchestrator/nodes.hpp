#pragma once

#include "sim/orchestrator/fault_states.hpp"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace davenport::sim::orchestrator {

/// The nodes of a run: how each is, which fault holds it, and what it says of its backlog.
class Nodes {
public:
    /// `on_change` is called when a node is up or gone.
    Nodes(Context& context, FaultStates& states, std::function<void()> on_change);

    /// Notes that all are up: the run begins.
    void start();
    /// Faults that hit a node or its machine; a join has one method of its own.
    void begin(std::size_t fault);
    void end(std::size_t fault);
    /// Starts a new node and returns its name; empty when a node of that name is there already.
    [[nodiscard]] std::string join(std::size_t fault);

    void on(const NodeIsUp& e);
    void on(const NodeIsGone& e);
    void on(const BacklogTold& e);

    /// Starts all that are gone.
    void start_gone();
    /// Forgets what was told of backlogs, so that the next answer is noted.
    void forget_backlogs();
    void ask_backlogs();
    /// True when every node that is up said, since the last ask_drained(), that nothing waits for the store.
    [[nodiscard]] bool all_drained() const;
    /// Asks all of them anew: a node that finds another store behind the address has a backlog again.
    void ask_drained();

    /// True while one is on its way up or down.
    [[nodiscard]] bool any_changing() const;
    /// The node has a process, which may be paused; any of them when `node` is empty.
    [[nodiscard]] bool is_running(const std::string& node) const;
    /// Names of those that are up, or of those that are not.
    [[nodiscard]] std::vector<std::string> names(bool up) const;
    /// The name after `node`, in order; the first after the last.
    [[nodiscard]] std::string next_after(const std::string& node) const;

private:
    enum class Health { up, starting, paused, stopping, gone };
    struct Node {
        Health health = Health::up;
        bool asked = false;         ///< it was told to go
        int fault = -1;             ///< which of the plan's faults holds it
        std::int64_t backlog = -1;  ///< as last told; -1: not known
        bool drained = false;       ///< by its own words, when it was last asked
    };
    void act(const std::string& node, NodeAct act) { context_.add(Act{node, act}); }
    void note(const std::string& node, std::string state);
    /// A node that is gone has the journal that was copied when the fault began.
    void put_back(std::size_t fault);
    void go_down(std::size_t fault, Node& node, NodeAct how, std::string state);

    Context& context_;
    FaultStates& states_;
    std::function<void()> on_change_;
    std::map<std::string, Node> nodes_;
    std::map<std::size_t, Duration> copied_at_;  ///< by fault
};

}  // namespace davenport::sim::orchestrator
