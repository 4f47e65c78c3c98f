#pragma once

#include "sim/orchestrator/agenda.hpp"
#include "sim/orchestrator/events.hpp"
#include "sim/scenario/plan.hpp"

#include <functional>
#include <map>
#include <string>
#include <utility>

namespace davenport::sim::orchestrator {

/// What the world around an orchestrator can do.
struct Environment {
    /// The world restarts the store itself and is asked for it in place of the mock.
    bool can_restart_store = false;
    /// Prefix of the rooms' names in the store, where the run's rooms are among those of others.
    std::string room_prefix{};
};

/// The phases of a run, in order.
enum class Phase {
    playing,     ///< the plan is performed
    healing,     ///< all faults are ending
    converging,  ///< everybody gets what they lack
    reading,     ///< nodes and store are asked what they hold
    over,
};

/// What the parts of one orchestrator share: scenario and plan, the time and the phase, the agenda, and the
/// effects of the turn under way.
class Context {
public:
    using Then = std::function<void(const Answered&)>;

    Context(const Scenario& of, const Plan& by, base::Time begin, Environment around)
        : scenario{of}, plan{by}, start{begin}, environment{std::move(around)} {}

    const Scenario& scenario;
    const Plan& plan;
    const base::Time start;
    const Environment environment;
    Duration now{};  ///< since `start`
    Phase phase = Phase::playing;
    Agenda agenda;
    std::function<void(const Record&)> on_note;  ///< sees every record that is noted

    void soon(Duration after, Agenda::Todo todo) { agenda.at(now + after, std::move(todo)); }

    /// Adds an effect to the turn.
    template <class E>
    void add(E&& effect) {
        effects_.emplace_back(std::forward<E>(effect));
    }
    [[nodiscard]] Effects take_effects() { return std::exchange(effects_, {}); }

    /// Adds `record` to the history, at the present time.
    void note(Record&& record) {
        record.at_us = now.count();
        on_note(record);
        std::get<Note>(effects_.emplace_back(std::in_place_type<Note>)).record = std::move(record);
    }

    /// How many stores there are.
    [[nodiscard]] std::size_t stores() const { return static_cast<std::size_t>(scenario.topology.stores); }

    /// Asks the mock's control API, the store, or a node; `then` is called with the answer.
    void ask_control(base::HttpRequest request, Then then, std::size_t store = 0) {
        add(AskControl{expect(std::move(then)), std::move(request), store});
    }
    void ask_store(base::HttpRequest request, Then then, std::size_t store = 0) {
        // Of a cluster, what all members have together: one may lack what the others are bringing it.
        if (scenario.topology.members > 1) request.headers.emplace_back("X-Couchmock-Member", "all");
        add(AskStore{expect(std::move(then)), std::move(request), store});
    }
    /// As another store that replicates with it.
    void ask_as_peer(std::size_t store, base::HttpRequest request, Then then) {
        add(AskStore{expect(std::move(then)), std::move(request), store, true});
    }
    void ask_node(std::string node, base::HttpRequest request, Then then) {
        add(AskNode{expect(std::move(then)), std::move(node), std::move(request)});
    }
    void on(const Answered& e) {
        if (const auto asked = asked_.extract(e.request)) asked.mapped()(e);
    }

    /// Reports that the world could not perform the plan; the first reason is kept.
    void complain(std::string why) {
        if (broken_.empty()) broken_ = std::move(why);
    }
    [[nodiscard]] const std::string& broken() const { return broken_; }

private:
    RequestId expect(Then then) {
        asked_[++last_request_] = std::move(then);
        return last_request_;
    }

    Effects effects_;
    std::map<RequestId, Then> asked_;
    RequestId last_request_ = 0;
    std::string broken_;
};

}  // namespace davenport::sim::orchestrator
