#include "sim/orchestrator/healing.hpp"

#include "node/base/json_view.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace davenport::sim::orchestrator {
namespace {

using namespace std::chrono_literals;

constexpr Duration heal_time_max = 20s;  // for nodes to come back
constexpr Duration poll_interval = 100ms;
constexpr Duration store_poll_interval = 500ms;
constexpr Duration quiet_time = 300ms;  // nothing new is shown for so long: what would come twice has come

}  // namespace

void Healing::begin() {
    for (std::size_t i = 0; i < faults_.states.count(); ++i) faults_.end(i);
    faults_.nodes.start_gone();
    context_.phase = Phase::healing;
    context_.soon(heal_time_max, [this] {
        if (context_.phase != Phase::healing) return;
        for (const auto& name : faults_.nodes.names(false))
            context_.complain(fmt::format("{} did not come back", name));
        for (std::size_t i = 0; i < faults_.states.count(); ++i)
            if (faults_.states.is_on(i))
                context_.complain(fmt::format("{} did not end", faults_.states.planned(i).name));
        next_.begin();
    });
    look();
}

void Healing::look() {
    if (context_.phase != Phase::healing || faults_.states.any_on() || faults_.nodes.any_changing()) return;
    context_.note({.kind = RecordKind::healed});
    in_peace_since_ = context_.now;
    context_.phase = Phase::converging;
    faults_.policies.look_again();
    faults_.replication.start_over();
    faults_.nodes.forget_backlogs();
    context_.soon(poll_interval, [this] { converge(); });
}

bool Healing::all_shown() const {
    const auto& topology = context_.scenario.topology;
    const auto quiet = quiet_time + (topology.feed == "poll" ? topology.poll_interval : Duration{0});
    return pending_.missing() == 0 && others_.all_shown() &&
           context_.now - Duration{pending_.last_shown_us()} >= quiet && !pending_.has_missing_changes();
}

void Healing::set_clients_settled(bool settled) {
    if (settled && !clients_settled_) in_peace_since_ = context_.now;
    clients_settled_ = settled;
}

bool Healing::seen_in_peace() const {
    return std::ranges::all_of(context_.scenario.expect, [&](const Expectation& one) {
        return one.property != "people" ||
               context_.now - in_peace_since_ > one.within.value_or(Duration{}) + quiet_time;
    });
}

void Healing::converge() {
    if (context_.phase != Phase::converging) return;
    if (context_.now >= context_.plan.end) return next_.begin();
    if (clients_settled_ && faults_.nodes.all_drained() && all_shown() && seen_in_peace() &&
        context_.now >= look_at_store_after_)
        return look_at_store(0);
    faults_.nodes.ask_drained();
    context_.soon(poll_interval, [this] { converge(); });
}

/// A store that forgot what it had acknowledged is found out, and filled again, only after a while.
void Healing::look_at_store(std::size_t store) {
    const auto look = [this, store](const Answered& answer) {
        if (context_.phase != Phase::converging) return;
        auto missing = pending_.kept();
        base::JsonReader reader;
        const auto parsed = answer.status == 200 ? reader.read(answer.body) : std::nullopt;
        if (const auto rows = parsed ? parsed->member("rows") : std::nullopt)
            rows->each_item([&](const base::JsonView& row) { missing.erase(base::text_member(row, "id")); });
        if (missing.empty()) return store + 1 < context_.stores() ? look_at_store(store + 1) : next_.begin();
        look_at_store_after_ = context_.now + store_poll_interval;
        converge();
    };
    context_.ask_store(all_documents(context_, false), look, store);
}

}  // namespace davenport::sim::orchestrator
