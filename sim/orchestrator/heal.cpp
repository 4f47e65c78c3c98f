#include "node/base/json_view.hpp"
#include "node/base/message_id.hpp"
#include "sim/orchestrator/orchestrator.hpp"

#include <algorithm>

#include <fmt/format.h>

/// From the beginning of healing to the end.
namespace davenport::sim::orchestrator {
namespace {

using namespace std::chrono_literals;

constexpr Duration lift_time_max = 20s;  // for nodes to come back
constexpr Duration read_time_max = 20s;  // for nodes and store to say what they hold
constexpr Duration look_interval = 100ms;
constexpr Duration look_at_store_interval = 500ms;
constexpr Duration quiet_standard =
    300ms;  // nothing new is shown for so long: what would come twice has come

}  // namespace

void Orchestrator::heal() {
    for (std::size_t i = 0; i < faults_.size(); ++i) end(i);
    for (auto& [name, node] : nodes_) {
        if (node.health != Health::gone) continue;
        node.health = Health::starting;
        act(name, NodeAct::start);
    }
    phase_ = Phase::lifting;
    soon(lift_time_max, [this] {
        if (phase_ != Phase::lifting) return;
        for (const auto& [name, node] : nodes_)
            if (node.health != Health::up) complain(fmt::format("{} did not come back", name));
        for (std::size_t i = 0; i < faults_.size(); ++i)
            if (faults_[i].on) complain(fmt::format("{} did not end", plan_.faults[i].name));
        final_reads();
    });
    look_whether_lifted();
}

void Orchestrator::look_whether_lifted() {
    if (phase_ != Phase::lifting) return;
    if (std::ranges::any_of(faults_, &Fault::on)) return;
    const auto waited_for = [](const auto& entry) {
        return entry.second.health == Health::starting || entry.second.health == Health::stopping;
    };
    if (std::ranges::any_of(nodes_, waited_for)) return;
    note({.kind = RecordKind::healed});
    phase_ = Phase::converging;
    for (auto& [name, node] : nodes_) node.backlog = -1;
    soon(look_interval, [this] { converge(); });
}

void Orchestrator::converge() {
    if (phase_ != Phase::converging) return;
    const auto quiet =
        quiet_standard + (scenario_.topology.feed == "poll" ? scenario_.topology.poll_interval : Duration{0});
    const bool drained = std::ranges::all_of(
        nodes_, [](const auto& entry) { return entry.second.health != Health::up || entry.second.drained; });
    const bool shown = pending_.missing() == 0 && now_ - Duration{pending_.last_shown_us()} >= quiet;
    if (now_ >= plan_.end) {
        final_reads();
        return;
    }
    if (clients_settled_ && drained && shown && now_ >= look_at_store_after_) {
        look_at_store();
        return;
    }
    // All of them again and again: a node that finds another store behind the address has a backlog again.
    for (auto& [name, node] : nodes_) {
        node.drained = false;
        if (node.health == Health::up) effects_.push_back(AskBacklog{name});
    }
    soon(look_interval, [this] { converge(); });
}

/// Those of the run: in a database of its own, all.
std::string Orchestrator::all_documents(bool with_their_content) const {
    std::string target = with_their_content ? "/_all_docs?include_docs=true" : "/_all_docs";
    if (!environment_.room_prefix.empty())
        target += fmt::format("{0}startkey=%22{1}%22&endkey=%22{1}%EF%BF%B0%22",
                              with_their_content ? '&' : '?', base::percent_encode(environment_.room_prefix));
    return target;
}

/// Everybody has everything; but a store that forgot what it had acknowledged is found out, and filled again,
/// only after a while.
void Orchestrator::look_at_store() {
    ask_store({"GET", all_documents(false), {}, {}}, [this](const Answered& answer) {
        if (phase_ != Phase::converging) return;
        auto missing = pending_.kept();
        base::JsonReader reader;
        const auto parsed = answer.status == 200 ? reader.read(answer.body) : std::nullopt;
        if (const auto rows = parsed ? parsed->member("rows") : std::nullopt)
            rows->each_item([&](const base::JsonView& row) { missing.erase(base::text_member(row, "id")); });
        if (missing.empty()) {
            final_reads();
        } else {
            look_at_store_after_ = now_ + look_at_store_interval;
            converge();
        }
    });
}

void Orchestrator::on(const BacklogTold& e) {
    auto& node = nodes_[e.node];
    node.drained = e.store_up && e.count == 0;  // without a store it does not know yet what waits for it
    if (node.backlog == e.count) return;
    node.backlog = e.count;
    Record record{.kind = RecordKind::backlog};
    record.node = e.node;
    record.count = e.count;
    note(std::move(record));
}

// ---------------------------------------------------------------- what nodes and store hold

void Orchestrator::final_reads() {
    phase_ = Phase::reading;
    const auto rooms = rooms_of(scenario_);
    for (const auto& [name, node] : nodes_) {
        if (node.health != Health::up) continue;
        for (const auto& room : rooms) unread_.emplace(name, room);
        effects_.push_back(AskHistory{name, rooms});
    }
    read_documents();
    soon(read_time_max + std::max(plan_.end - now_, Duration{0}), [this] {
        for (const auto& [node, room] : unread_)
            complain(fmt::format("{} did not give its history of {}", node, room));
        if (!documents_read_) complain("the store did not give its documents");
        finish();
    });
}

/// Of what must be kept in that room.
bool Orchestrator::lacks_some(const HistoryTold& e) const {
    std::vector<std::string_view> has;
    has.reserve(e.messages.size());
    for (const auto& [msg, id] : e.messages) has.push_back(id);
    std::ranges::sort(has);
    const auto prefix = environment_.room_prefix + e.room + ':';
    for (auto id = pending_.kept().lower_bound(prefix);
         id != pending_.kept().end() && id->starts_with(prefix); ++id)
        if (!std::ranges::binary_search(has, *id)) return true;
    return false;
}

void Orchestrator::on(HistoryTold& e) {
    if (!unread_.contains({e.node, e.room})) return;
    // A node that nobody is at may not have all yet, though everybody has.
    if (now_ < plan_.end && lacks_some(e)) {
        soon(look_interval, [this, node = e.node, room = e.room] {
            if (phase_ == Phase::reading) effects_.push_back(AskHistory{node, {room}});
        });
        return;
    }
    unread_.erase({e.node, e.room});
    effects_.reserve(effects_.size() + e.messages.size() + 1);
    for (auto& [msg, id] : e.messages) {
        Record record{.kind = RecordKind::history};
        record.node = e.node;
        record.room = e.room;
        record.msg = std::move(msg);
        record.id = std::move(id);
        note(std::move(record));
    }
    look_whether_read();
}

void Orchestrator::read_documents() {
    ask_store({"GET", all_documents(true), {}, {}}, [this](const Answered& answer) {
        base::JsonReader reader;
        const auto parsed = answer.status == 200 ? reader.read(answer.body) : std::nullopt;
        const auto rows = parsed ? parsed->member("rows") : std::nullopt;
        const bool is_answer =
            rows && rows->each_item([&](const base::JsonView& row) { note_document(row); });
        if (!is_answer)
            complain(fmt::format("the store did not give its documents: {} {}", answer.status,
                                 answer.body.substr(0, 200)));
        documents_read_ = true;
        look_whether_read();
    });
}

void Orchestrator::note_document(const base::JsonView& row) {
    const auto document = row.member("doc");
    const auto text = document ? base::string_member(*document, "msg") : std::nullopt;
    const auto user = document ? base::string_member(*document, "user") : std::nullopt;
    if (!text || !user) return;  // presence, a design document
    Record record{.kind = RecordKind::document};
    record.id = base::string_member(row, "id").value_or("");
    record.msg = client::msg_said_by(*user, *text);
    if (const auto parts = base::parse_message_id(record.id);
        parts && parts->room.starts_with(environment_.room_prefix))
        record.room = parts->room.substr(environment_.room_prefix.size());
    if (record.msg.empty()) record.text = *text;
    note(std::move(record));
}

void Orchestrator::look_whether_read() {
    if (unread_.empty() && documents_read_) finish();
}

void Orchestrator::finish() {
    if (phase_ == Phase::over) return;
    phase_ = Phase::over;
    agenda_.clear();
    Record record{.kind = RecordKind::end};
    record.text = broken_;
    note(std::move(record));
    effects_.push_back(Finished{broken_});
}

}  // namespace davenport::sim::orchestrator
