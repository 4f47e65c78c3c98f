#include "sim/orchestrator/orchestrator.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace davenport::sim::orchestrator {
namespace {

constexpr Duration sample_interval = std::chrono::milliseconds{250};

}  // namespace

std::vector<std::string> nodes_of(const Scenario& scenario) {
    std::vector<std::string> nodes;
    for (int i = 1; i <= scenario.topology.nodes; ++i) nodes.push_back(fmt::format("n{}", i));
    return nodes;
}

std::vector<std::string> rooms_of(const Scenario& scenario) {
    std::vector<std::string> rooms;
    for (int i = 1; i <= std::max(scenario.topology.rooms, 1); ++i) rooms.push_back(fmt::format("r{}", i));
    return rooms;
}

std::vector<Placement> placements_of(const Scenario& scenario) {
    std::vector<Placement> placements;
    for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(scenario.topology.clients); ++i)
        placements.push_back({fmt::format("c{}", i + 1),
                              home_of(scenario.topology, i),
                              {room_of(scenario.topology, i)},
                              is_polling(scenario.topology, i)});
    return placements;
}

Orchestrator::Orchestrator(const Scenario& scenario, const Plan& plan, base::Time start,
                           Environment environment)
    : scenario_{scenario},
      plan_{plan},
      start_{start},
      environment_{environment},
      faults_(plan.faults.size()),
      clients_{static_cast<std::uint32_t>(scenario.topology.clients)} {
    for (const auto& node : nodes_of(scenario)) nodes_[node];
    for (const auto& seat : placements_of(scenario)) client_at_[seat.client] = seat.node;
    for (std::size_t i = 0; i < plan.faults.size(); ++i)
        if (!plan.faults[i].when.empty()) conditions_.emplace_back(ConditionWatch{plan.faults[i].when}, i);
}

Effects Orchestrator::start() {
    for (const auto& [name, node] : nodes_) note_node(name, "up");
    at(plan_.heal_begin, [this] { heal(); });
    soon(sample_interval, [this] { sample(); });
    set_timer();
    return std::exchange(effects_, {});
}

Effects Orchestrator::handle(Event event, base::Time now) {
    now_ = now - start_;
    if (phase_ != Phase::over) std::visit([this](auto& e) { on(e); }, event);
    set_timer();
    return std::exchange(effects_, {});
}

Effects Orchestrator::on_record(const Record& record) {
    pending_.take(record);
    if (record.kind == RecordKind::connected) {
        client_at_[record.client] = record.node;
        connected_.insert(record.client);
    } else if (record.kind == RecordKind::disconnected) {
        connected_.erase(record.client);
    }
    now_ = std::max(now_, Duration{record.at_us});
    look_at_conditions(record);
    set_timer();
    return std::exchange(effects_, {});
}

// ---------------------------------------------------------------- time, and the plan

void Orchestrator::on(const TimerFired& e) {
    clients_settled_ = e.clients_settled;
    timer_at_ = Duration::max();
    post_due();
    while (next_action_ < plan_.actions.size() && plan_.actions[next_action_].at <= now_) {
        const auto& action = plan_.actions[next_action_++];
        action.begin ? begin(action.fault) : end(action.fault);
    }
    while (!agenda_.empty() && agenda_.begin()->first <= now_) {
        const auto todo = std::move(agenda_.begin()->second);
        agenda_.erase(agenda_.begin());
        todo();
    }
}

void Orchestrator::post_due() {
    for (; next_send_ < plan_.sends.size() && plan_.sends[next_send_].due <= now_; ++next_send_) {
        const auto& send = plan_.sends[next_send_];
        effects_.push_back(Tell{fmt::format("c{}", send.client + 1),
                                client::Post{send.room, send.size_bytes, start_ + send.due}});
    }
}

/// What begins by a condition begins with the next turn, not in the middle of what is being noted.
void Orchestrator::look_at_conditions(const Record& record) {
    for (auto& [watch, fault] : conditions_) {
        if (!watch.take(record)) continue;
        soon(Duration{0}, [this, fault = fault] {
            begin(fault);
            if (const auto length = plan_.faults[fault].length; length > Duration{0})
                soon(length, [this, fault] { end(fault); });
        });
    }
}

/// The backlogs while the plan is played, for the report and for conditions.
void Orchestrator::sample() {
    if (phase_ != Phase::playing) return;
    for (const auto& [name, node] : nodes_)
        if (node.health == Health::up) effects_.push_back(AskBacklog{name});
    soon(sample_interval, [this] { sample(); });
}

void Orchestrator::set_timer() {
    auto next = Duration::max();
    if (next_send_ < plan_.sends.size()) next = std::min(next, plan_.sends[next_send_].due);
    if (next_action_ < plan_.actions.size()) next = std::min(next, plan_.actions[next_action_].at);
    if (!agenda_.empty()) next = std::min(next, agenda_.begin()->first);
    if (next == timer_at_ || phase_ == Phase::over) return;
    timer_at_ = next;
    effects_.push_back(SetTimer{start_ + next});
}

// ---------------------------------------------------------------- small helpers

void Orchestrator::note(Record&& record) {
    record.at_us = now_.count();
    look_at_conditions(record);
    std::get<Note>(effects_.emplace_back(std::in_place_type<Note>)).record = std::move(record);
}

void Orchestrator::note_fault(RecordKind kind, std::size_t fault, std::int64_t count) {
    const auto& planned = plan_.faults[fault];
    Record record{.kind = kind};
    record.name = planned.name;
    record.text = planned.kind;
    record.node = planned.node;
    record.client = planned.client;
    record.count = count;
    note(std::move(record));
}

void Orchestrator::ask_control(base::HttpRequest request, Then then) {
    asked_[++last_request_] = std::move(then);
    effects_.push_back(AskControl{last_request_, std::move(request)});
}

void Orchestrator::ask_store(base::HttpRequest request, Then then) {
    asked_[++last_request_] = std::move(then);
    effects_.push_back(AskStore{last_request_, std::move(request)});
}

void Orchestrator::on(const Answered& e) {
    const auto found = asked_.find(e.request);
    if (found == asked_.end()) return;
    const auto then = std::move(found->second);
    asked_.erase(found);
    then(e);
}

void Orchestrator::complain(std::string why) {
    if (broken_.empty()) broken_ = std::move(why);
}

}  // namespace davenport::sim::orchestrator
