#pragma once

#include "node/base/json_view.hpp"
#include "sim/orchestrator/events.hpp"
#include "sim/orchestrator/pending_deliveries.hpp"
#include "sim/scenario/expression.hpp"
#include "sim/scenario/plan.hpp"

#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace davenport::sim::orchestrator {

/// The clients and nodes that a scenario begins with: who goes where and follows what.
struct Placement {
    std::string client;
    std::string node;
    std::vector<std::string> rooms;
    bool polling = false;
};
std::vector<std::string> nodes_of(const Scenario& scenario);
std::vector<Placement> placements_of(const Scenario& scenario);
std::vector<std::string> rooms_of(const Scenario& scenario);

/// Performs a plan: tells clients when to post, nodes when to die and the store when to lie, puts everything
/// right again when healing begins, waits until all have what they ought to have, and asks nodes and store
/// what they hold.
///
/// A machine without I/O, for a world that is told what to do and says how it ended. It takes the run to its
/// end whatever fails on the way; what the world could not do is told by Finished, what the node did wrong is
/// for the checkers to find.
class Orchestrator {
public:
    struct Environment {
        bool can_restart_store = false;  ///< the world knows how to kill the store itself, and is asked for
                                         ///< it in place of the mock
        std::string
            room_prefix{};  ///< of the rooms' names in the store: the run's own, among those of others
    };
    /// `scenario` and `plan` outlive it. The run begins at `start`: all nodes are up.
    Orchestrator(const Scenario& scenario, const Plan& plan, base::Time start, Environment environment);
    Orchestrator(const Scenario& scenario, const Plan& plan, base::Time start)
        : Orchestrator(scenario, plan, start, Environment{}) {}
    Orchestrator(const Orchestrator&) = delete;  // what it has to do later points at it
    Orchestrator& operator=(const Orchestrator&) = delete;

    [[nodiscard]] Effects start();
    [[nodiscard]] Effects handle(Event event, base::Time now);
    /// Every record of the clients, as it happens. Nothing begins within this call.
    [[nodiscard]] Effects on_record(const Record& record);

private:
    enum class Phase { playing, lifting, converging, reading, over };
    enum class Health { up, starting, paused, stopping, gone };
    struct Node {
        Health health = Health::up;
        bool asked = false;         ///< it was told to go
        int fault = -1;             ///< which of the plan's faults holds it
        std::int64_t backlog = -1;  ///< as last told; -1: not known
        bool drained = false;       ///< by its own words, when it was last asked
    };
    struct Fault {
        bool on = false;
        bool ending = false;
        std::int64_t hits = 0;  ///< what it has touched so far
    };
    using Todo = std::function<void()>;

    // orchestrator.cpp: time, and the plan
    void on(const TimerFired& e);
    void on(const Answered& e);
    void at(Duration time, Todo todo) { agenda_.emplace(time, std::move(todo)); }
    void soon(Duration after, Todo todo) { at(now_ + after, std::move(todo)); }
    void post_due();
    void look_at_conditions(const Record& record);
    void sample();
    void set_timer();
    void note(Record&& record);
    void note_fault(RecordKind kind, std::size_t fault, std::int64_t count);
    using Then = std::function<void(const Answered&)>;
    void ask_control(base::HttpRequest request, Then then);
    void ask_store(base::HttpRequest request, Then then);
    void complain(std::string why);

    // faults.cpp: what begins and ends
    void begin(std::size_t fault);
    void end(std::size_t fault);
    void finish_fault(std::size_t fault, std::int64_t count);
    void begin_store_fault(std::size_t fault);
    void begin_without_mock(std::size_t fault);
    void on(const StoreRestarted& e);
    void watch_moment(std::size_t fault);
    void end_store_fault(std::size_t fault);
    void begin_node_fault(std::size_t fault);
    void end_node_fault(std::size_t fault);
    void begin_join(std::size_t fault);
    void begin_client_fault(std::size_t fault);
    void end_client_fault(std::size_t fault);
    void on(const LinkTold& e) { finish_fault(e.fault, e.touched); }
    void act(const std::string& node, NodeAct act);
    void note_node(const std::string& node, std::string state);
    void on(const NodeIsUp& e);
    void on(const NodeIsGone& e);

    // heal.cpp: from the beginning of healing to the end
    void heal();
    void look_whether_lifted();
    void converge();
    void look_at_store();
    void final_reads();
    void read_documents();
    void note_document(const base::JsonView& row);
    [[nodiscard]] std::string all_documents(bool with_their_content) const;
    void look_whether_read();
    void finish();
    void on(const BacklogTold& e);
    void on(HistoryTold& e);
    [[nodiscard]] bool lacks_some(const HistoryTold& e) const;

    const Scenario& scenario_;
    const Plan& plan_;
    base::Time start_;
    Environment environment_;
    Duration now_{};
    Duration timer_at_ = Duration::max();
    Effects effects_;

    std::multimap<Duration, Todo> agenda_;  ///< beside the plan's own sends and actions
    std::size_t next_send_ = 0;
    std::size_t next_action_ = 0;
    std::map<RequestId, Then> asked_;
    RequestId last_request_ = 0;

    std::map<std::string, Node> nodes_;
    std::vector<Fault> faults_;
    std::vector<std::pair<ConditionWatch, std::size_t>>
        conditions_;                                ///< and the faults that begin when they are met
    std::map<std::string, std::string> client_at_;  ///< the node at which each client is, or was last
    std::set<std::string> connected_;
    std::uint32_t clients_ = 0;

    Phase phase_ = Phase::playing;
    PendingDeliveries pending_;
    bool clients_settled_ = false;
    Duration look_at_store_after_{};
    std::set<std::pair<std::string, std::string>> unread_;  ///< (node, room)
    bool documents_read_ = false;
    std::string broken_;
};

}  // namespace davenport::sim::orchestrator
