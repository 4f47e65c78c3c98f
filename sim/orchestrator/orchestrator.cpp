#include "sim/orchestrator/orchestrator.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace davenport::sim::orchestrator {
namespace {

constexpr Duration sample_interval = std::chrono::milliseconds{250};

}  // namespace

Orchestrator::Orchestrator(const Scenario& scenario, const Plan& plan, base::Time start,
                           Environment environment)
    : context_{scenario, plan, start, std::move(environment)},
      pending_{plan.share},
      others_{plan},
      faults_{context_, [this] { healing_.look(); }},
      searches_{context_, faults_.nodes},
      pages_{context_, faults_.nodes},
      reads_{context_, faults_.nodes, pending_, searches_},
      healing_{context_, faults_, pending_, others_, reads_} {
    context_.on_note = [this](const Record& record) {
        pending_.add(record);
        faults_.watch(record);
    };
}

Effects Orchestrator::start() {
    faults_.nodes.start();
    context_.agenda.at(context_.plan.heal_begin, [this] { healing_.begin(); });
    context_.soon(sample_interval, [this] { sample_backlogs(); });
    faults_.replication.start();
    searches_.start();
    pages_.start();
    return end_turn();
}

Effects Orchestrator::handle(Event event, base::Time now) {
    context_.now = now - context_.start;
    if (context_.phase != Phase::over) std::visit([this](auto& e) { on(e); }, event);
    return end_turn();
}

Effects Orchestrator::on_record(const Record& record) {
    pending_.add(record);
    others_.add(record);
    searches_.on_record(record);
    pages_.on_record(record);
    faults_.clients.on_record(record);
    faults_.policies.on_record(record);
    context_.now = std::max(context_.now, Duration{record.at_us});
    faults_.watch(record);
    return end_turn();
}

void Orchestrator::on(const TimerFired& e) {
    healing_.set_clients_settled(e.clients_settled);
    timer_at_ = Duration::max();
    post_due();
    const auto& actions = context_.plan.actions;
    while (next_action_ < actions.size() && actions[next_action_].at <= context_.now) {
        const auto& action = actions[next_action_++];
        action.begin ? faults_.begin(action.fault) : faults_.end(action.fault);
    }
    context_.agenda.run_due(context_.now);
}

void Orchestrator::post_due() {
    const auto& sends = context_.plan.sends;
    for (; next_send_ < sends.size() && sends[next_send_].due <= context_.now; ++next_send_) {
        const auto& send = sends[next_send_];
        const auto due = context_.start + send.due;
        auto who = fmt::format("c{}", send.client + 1);
        if (send.what == Deed::post)
            context_.add(Tell{std::move(who), client::Post{send.room, send.size_bytes, due}});
        else
            context_.add(Tell{std::move(who), client::Change{send.what == Deed::remove, due}});
    }
}

/// While the plan is played, for the report and for conditions.
void Orchestrator::sample_backlogs() {
    if (context_.phase != Phase::playing) return;
    faults_.nodes.ask_backlogs();
    context_.soon(sample_interval, [this] { sample_backlogs(); });
}

Effects Orchestrator::end_turn() {
    const auto& sends = context_.plan.sends;
    const auto& actions = context_.plan.actions;
    auto next = context_.agenda.next();
    if (next_send_ < sends.size()) next = std::min(next, sends[next_send_].due);
    if (next_action_ < actions.size()) next = std::min(next, actions[next_action_].at);
    if (next != timer_at_ && context_.phase != Phase::over) {
        timer_at_ = next;
        context_.add(SetTimer{context_.start + next});
    }
    return context_.take_effects();
}

}  // namespace davenport::sim::orchestrator
