#include "sim/orchestrator/replication.hpp"

#include "node/base/json.hpp"
#include "sim/orchestrator/foreign.hpp"
#include "sim/scenario/parameters.hpp"

#include <algorithm>
#include <array>
#include <chrono>

#include <fmt/format.h>

namespace davenport::sim::orchestrator {
namespace {

using base::json::array;
using base::json::object;

constexpr Duration round_interval = std::chrono::milliseconds{200};
constexpr int rows_max = 200;

base::HttpRequest post(std::string target, const base::json::value& body) {
    return {"POST", std::move(target), {{"Content-Type", "application/json"}}, base::write_json(body)};
}

bool loses_documents(std::string_view kind) {
    constexpr std::array kinds{"store.wipe", "store.amnesia", "store.failover", "store.crash"};
    return std::ranges::find(kinds, kind) != kinds.end();
}

}  // namespace

Replication::Replication(Context& context, FaultStates& states) : context_{context}, states_{states} {
    for (std::size_t from = 0; from < context.stores(); ++from)
        for (std::size_t to = 0; to < context.stores(); ++to)
            if (from != to) ways_.push_back({.from = from, .to = to, .since = "0", .next = {}});
}

void Replication::start() {
    for (auto& way : ways_) soon(way);
}

void Replication::stop(std::size_t fault) { stopped_[fault] = 0; }

void Replication::resume(std::size_t fault) {
    if (!states_.claim_end(fault)) return;
    const auto stopped = stopped_.extract(fault);
    states_.finish(fault, stopped ? stopped.mapped() : 0);
}

void Replication::on_store_fault(const PlannedFault& fault) {
    if (!loses_documents(fault.kind)) return;
    const auto store = store_number(fault.store);
    for (auto& way : ways_)
        if (way.from == store || way.to == store) begin_anew(way);
}

void Replication::start_over() {
    for (auto& way : ways_) begin_anew(way);
}

/// What is under way may be about what the store had before.
void Replication::begin_anew(Way& way) {
    way.since = "0";
    ++way.beginnings;
    soon(way);
}

void Replication::soon(Way& way) {
    context_.soon(round_interval, [this, &way, beginnings = way.beginnings] {
        if (way.beginnings == beginnings && context_.phase != Phase::over) read_changes(way);
    });
}

void Replication::ask(Way& way, std::size_t store, base::HttpRequest request,
                      void (Replication::*then)(Way&, const Answered&)) {
    context_.ask_as_peer(store, std::move(request),
                         [this, &way, store, then, beginnings = way.beginnings](const Answered& answer) {
                             if (way.beginnings != beginnings || context_.phase == Phase::over) return;
                             if (answer.status / 100 == 2) return (this->*then)(way, answer);
                             // A seq of before the store lost what it had.
                             if (answer.status == 400) way.since = "0";
                             if (answer.status == 404) return make_database(way, store);
                             soon(way);
                         });
}

/// Nobody has used this store yet, or it was wiped.
void Replication::make_database(Way& way, std::size_t store) {
    const auto shards = context_.scenario.topology.shards;
    base::HttpRequest request{"PUT", shards == 1 ? "" : fmt::format("?q={}", shards), {}, {}};
    context_.ask_as_peer(store, std::move(request),
                         [this, &way, beginnings = way.beginnings](const Answered&) {
                             if (way.beginnings == beginnings) soon(way);
                         });
}

void Replication::read_changes(Way& way) {
    if (!stopped_.empty()) {
        for (auto& [fault, rounds] : stopped_) ++rounds;
        return soon(way);
    }
    ask(way, way.from,
        {"GET",
         fmt::format("/_changes?style=all_docs&limit={}&since={}", rows_max, base::percent_encode(way.since)),
         {},
         {}},
        &Replication::on_changes);
}

void Replication::on_changes(Way& way, const Answered& answer) {
    const auto body = base::parse_json(answer.body);
    const auto* rows = body ? base::member(*body, "results") : nullptr;
    const auto* last = body ? base::member(*body, "last_seq") : nullptr;
    if (!rows || !rows->is_array() || !last) return soon(way);
    way.next = last->is_string() ? std::string{last->get_string()} : base::write_json(*last);
    object revisions;
    for (const auto& row : rows->get_array()) {
        // Those of store.foreign stay where they were put: not all of them are JSON that can be read here.
        if (base::text_member(row, "id").starts_with(foreign_prefix)) continue;
        array of_one;
        if (const auto* changes = base::member(row, "changes"); changes && changes->is_array())
            for (const auto& change : changes->get_array())
                of_one.emplace_back(base::text_member(change, "rev"));
        revisions[base::text_member(row, "id")] = std::move(of_one);
    }
    if (revisions.empty()) {
        const bool more = !rows->get_array().empty();
        way.since = way.next;
        return more ? read_changes(way) : soon(way);
    }
    ask(way, way.to, post("/_revs_diff", revisions), &Replication::on_missing);
}

void Replication::on_missing(Way& way, const Answered& answer) {
    const auto body = base::parse_json(answer.body);
    if (!body || !body->is_object()) return soon(way);
    array wanted;
    for (const auto& entry : body->get_object()) {
        const auto* missing = base::member(entry.value(), "missing");
        if (!missing || !missing->is_array()) continue;
        for (const auto& revision : missing->get_array())
            wanted.push_back(object{{"id", entry.key()}, {"rev", revision}});
    }
    if (wanted.empty()) {
        way.since = way.next;
        return read_changes(way);
    }
    ask(way, way.from, post("/_bulk_get?revs=true&attachments=true", object{{"docs", std::move(wanted)}}),
        &Replication::on_documents);
}

void Replication::on_documents(Way& way, const Answered& answer) {
    const auto body = base::parse_json(answer.body);
    const auto* results = body ? base::member(*body, "results") : nullptr;
    if (!results || !results->is_array()) return soon(way);
    array documents;
    bool all = true;
    for (const auto& result : results->get_array()) {
        const auto* found = base::member(result, "docs");
        if (!found || !found->is_array()) return soon(way);
        for (const auto& one : found->get_array()) {
            const auto* document = base::member(one, "ok");
            all = all && document;
            if (document) documents.push_back(*document);
        }
    }
    if (!all) way.next = way.since;  // what could not be had is asked for again
    ask(way, way.to, post("/_bulk_docs", object{{"new_edits", false}, {"docs", std::move(documents)}}),
        &Replication::on_written);
}

/// With new_edits=false a row is told only of what was not written.
void Replication::on_written(Way& way, const Answered& answer) {
    const auto body = base::parse_json(answer.body);
    const bool all = body && body->is_array() && body->get_array().empty();
    const bool moved = all && way.next != way.since;
    if (all) way.since = way.next;
    moved ? read_changes(way) : soon(way);
}

}  // namespace davenport::sim::orchestrator
