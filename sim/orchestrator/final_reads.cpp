#include "sim/orchestrator/final_reads.hpp"

#include "node/base/message_id.hpp"
#include "sim/orchestrator/foreign.hpp"
#include "sim/orchestrator/placement.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace davenport::sim::orchestrator {
namespace {

using namespace std::chrono_literals;

constexpr Duration read_time_max = 20s;  // for nodes and store to say what they hold
constexpr Duration retry_interval = 100ms;

}  // namespace

base::HttpRequest all_documents(const Context& context, bool with_content) {
    std::string target = with_content ? "/_all_docs?include_docs=true&conflicts=true" : "/_all_docs";
    const auto& environment = context.environment;
    const bool has_foreign = std::ranges::any_of(
        context.plan.faults, [](const PlannedFault& fault) { return fault.kind == "store.foreign"; });
    if (environment.room_prefix.empty() && has_foreign)
        target += fmt::format("{}endkey=%22{}%22", with_content ? '&' : '?', foreign_prefix);
    if (!environment.room_prefix.empty())
        target += fmt::format("{0}startkey=%22{1}%22&endkey=%22{1}%EF%BF%B0%22", with_content ? '&' : '?',
                              base::percent_encode(environment.room_prefix));
    return {"GET", std::move(target), {}, {}};
}

void FinalReads::begin() {
    context_.phase = Phase::reading;
    searches_.ask_all([this] { read(); });
}

void FinalReads::read() {
    const auto rooms = rooms_of(context_.scenario);
    for (const auto& node : nodes_.names(true)) {
        for (const auto& room : rooms) unread_.emplace(node, room);
        context_.add(AskHistory{node, rooms});
    }
    ask_documents();
    context_.soon(read_time_max + std::max(context_.plan.end - context_.now, Duration{0}), [this] {
        for (const auto& [node, room] : unread_)
            context_.complain(fmt::format("{} did not return its history of {}", node, room));
        if (!documents_read_) context_.complain("the store did not return its documents");
        finish();
    });
}

bool FinalReads::lacks_some(const HistoryTold& e) const {
    std::vector<std::string_view> has;
    has.reserve(e.messages.size());
    for (const auto& item : e.messages) has.push_back(item.id);
    std::ranges::sort(has);
    const auto prefix = context_.environment.room_prefix + e.room + ':';
    for (auto id = pending_.kept().lower_bound(prefix);
         id != pending_.kept().end() && id->starts_with(prefix); ++id)
        if (!std::ranges::binary_search(has, *id)) return true;
    return has_other_states(e);
}

/// A change may not be everywhere yet, either.
bool FinalReads::has_other_states(const HistoryTold& e) const {
    if (!context_.scenario.has_changes()) return false;
    if (has_conflicts_) return true;
    return std::ranges::any_of(e.messages, [&](const client::HistoryItem& item) {
        if (pending_.gone().contains(item.id)) return item.count >= 0;
        const auto document = states_.find(item.id);
        return document != states_.end() && document->second != item.count;
    });
}

void FinalReads::on(HistoryTold& e) {
    if (!unread_.contains({e.node, e.room})) return;
    // A node without clients may not have everything yet, though every client has.
    const bool waits = context_.scenario.has_changes() && !documents_read_;
    if (context_.now < context_.plan.end && (waits || lacks_some(e))) {
        context_.soon(retry_interval, [this, waits, node = e.node, room = e.room] {
            if (context_.phase != Phase::reading) return;
            if (context_.scenario.has_changes() && !waits && documents_read_) ask_documents();
            context_.add(AskHistory{node, {room}});
        });
        return;
    }
    unread_.erase({e.node, e.room});
    for (auto& item : e.messages) {
        Record record{.kind = RecordKind::history};
        record.node = e.node;
        record.room = e.room;
        record.msg = std::move(item.msg);
        record.id = std::move(item.id);
        record.count = item.count;
        context_.note(std::move(record));
    }
    finish_when_read();
}

void FinalReads::ask_documents() {
    documents_read_ = has_conflicts_ = false;
    documents_.clear();
    ask_documents(0);
}

void FinalReads::ask_documents(std::size_t store) {
    const auto read = [this, store](const Answered& answer) {
        base::JsonReader reader;
        const auto parsed = answer.status == 200 ? reader.read(answer.body) : std::nullopt;
        const auto rows = parsed ? parsed->member("rows") : std::nullopt;
        std::vector<Record> others;
        const bool is_answer = rows && rows->each_item([&](const base::JsonView& row) {
            if (store == 0) return note_document(row);
            if (auto other = read_document(row)) others.push_back(std::move(*other));
        });
        if (!is_answer)
            context_.complain(fmt::format("the store did not return its documents: {} {}", answer.status,
                                          answer.body.substr(0, 200)));
        if (store > 0) compare_documents(std::move(others));
        if (store + 1 < context_.stores()) return ask_documents(store + 1);
        documents_read_ = true;
        finish_when_read();
    };
    context_.ask_store(all_documents(context_, true), read, store);
}

std::optional<Record> FinalReads::read_document(const base::JsonView& row) const {
    const auto document = row.member("doc");
    const auto text = document ? base::string_member(*document, "msg") : std::nullopt;
    const auto user = document ? base::string_member(*document, "user") : std::nullopt;
    if (!text || !user) return std::nullopt;  // presence, a design document
    Record record{.kind = RecordKind::document};
    record.id = base::string_member(row, "id").value_or("");
    const auto name = client::text_name(client::msg_said_by(*user, *text));
    record.msg = name.msg;
    record.count = document->member("removed") ? -1 : name.edit;
    record.flag = document->member("_conflicts").has_value();
    const auto& prefix = context_.environment.room_prefix;
    if (const auto parts = base::parse_message_id(record.id); parts && parts->room.starts_with(prefix))
        record.room = parts->room.substr(prefix.size());
    if (record.msg.empty() && record.count >= 0) record.text = *text;
    return record;
}

void FinalReads::note_document(const base::JsonView& row) {
    auto record = read_document(row);
    if (!record) return;
    has_conflicts_ = has_conflicts_ || record->flag;
    if (context_.scenario.has_changes()) states_[record->id] = record->count;
    if (context_.scenario.has_changes() || context_.stores() > 1)
        documents_.push_back(std::move(*record));
    else
        context_.note(std::move(*record));
}

void FinalReads::compare_documents(std::vector<Record> others) {
    std::map<std::string_view, const Record*> by_id;
    for (const auto& other : others) by_id[other.id] = &other;
    std::erase_if(documents_, [&](const Record& record) { return !by_id.contains(record.id); });
    for (auto& record : documents_) {
        const auto* other = by_id.at(record.id);
        record.flag = record.flag || other->flag || record.count != other->count;
        has_conflicts_ = has_conflicts_ || record.flag;
    }
}

void FinalReads::finish_when_read() {
    if (unread_.empty() && documents_read_) finish();
}

void FinalReads::finish() {
    if (context_.phase == Phase::over) return;
    context_.phase = Phase::over;
    context_.agenda.clear();
    for (auto& document : documents_) context_.note(std::move(document));
    Record record{.kind = RecordKind::end};
    record.text = context_.broken();
    context_.note(std::move(record));
    context_.add(Finished{context_.broken()});
}

}  // namespace davenport::sim::orchestrator
