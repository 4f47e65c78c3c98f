#include "node/base/json.hpp"
#include "node/base/json_view.hpp"
#include "sim/client/client_core.hpp"
#include "sim/client/timers.hpp"

#include <algorithm>
#include <array>
#include <functional>

/// What a simulated client changes of what it said, and how it is shown what became of messages.
namespace davenport::sim::client {
namespace {

constexpr std::size_t own_max = 8;  // one of so many last ones is changed

}  // namespace

void ClientCore::keep_own(const Posts::Post& post, std::string id) {
    own_.push_back({post.msg, std::move(id), post.room, static_cast<int>(post.text.size())});
    if (own_.size() > own_max) own_.pop_front();
}

void ClientCore::on(const Change& e) {
    if (!config_.changes || polling_) return;
    if (own_.empty()) return;
    const auto chosen = own_.begin() + static_cast<std::ptrdiff_t>(change_random_.below(own_.size()));
    auto& own = *chosen;
    const bool was_removed = own.removed;  // once more, in vain, and then never again
    own.removed = e.removes;
    PendingChange change;
    change.msg = own.msg;
    change.id = own.id;
    change.room = own.room;
    change.key_text = next_key().text();
    change.due = e.due;
    change.count = e.removes ? -1 : ++own.edits;
    if (!e.removes) change.text = make_text(edit_name(own.msg, own.edits), own.size_bytes);
    if (was_removed) own_.erase(chosen);
    changes_.push_back(std::move(change));
    if (state_ == State::open) send(changes_.back());
}

void ClientCore::send(PendingChange& change) {
    ++change.tries;
    change.sent = now_.time;
    std::string frame = change.text.empty() ? R"({"t":"remove","id":)" : R"({"t":"edit","id":)";
    base::append_json_string(frame, change.id);
    base::append_json_string(frame += R"(,"key":)", change.key_text);
    base::append_json_string(frame += R"(,"secret":)", secret_);
    if (!change.text.empty()) base::append_json_string(frame += R"(,"text":)", change.text);
    send(frame + '}');
    note(RecordKind::change_sent, change);
    set_timer(timers::changes, config_.answer_timeout);
}

void ClientCore::repeat_changes(bool all) {
    for (auto& change : changes_)
        if (all || (change.tries > 0 && now_.time - change.sent >= config_.answer_timeout)) send(change);
    if (!all && !changes_.empty()) set_timer(timers::changes, config_.answer_timeout);
}

bool ClientCore::on_change_answer(const base::JsonView& frame, std::string_view t) {
    if (changes_.empty() && accepted_changes_.empty()) return false;
    static constexpr std::array<std::pair<std::string_view, RecordKind>, 5> kinds{
        {{"accepted", RecordKind::change_accepted},
         {"stored", RecordKind::change_stored},
         {"refused", RecordKind::change_refused},
         {"superseded", RecordKind::change_superseded},
         {"failed", RecordKind::change_failed}}};
    const auto kind = std::ranges::find(kinds, t, &std::pair<std::string_view, RecordKind>::first);
    if (kind == kinds.end()) return false;
    const auto key = base::text_member(frame, "key");
    const auto waiting = std::ranges::find(changes_, key, &PendingChange::key_text);
    const auto accepted = accepted_changes_.find(key);
    if (waiting == changes_.end()) {
        if (accepted == accepted_changes_.end()) return false;
        if (kind->second == RecordKind::change_accepted) return true;
        note(kind->second, accepted->second).text = base::text_member(frame, "reason");
        accepted_changes_.erase(accepted);
        return true;
    }
    auto& record = note(kind->second, *waiting);
    record.text = base::text_member(frame, kind->second == RecordKind::change_refused ? "code" : "reason");
    if (kind->second == RecordKind::change_refused && base::int_member(frame, "retry_ms")) {
        set_timer(timers::changes, config_.answer_timeout);  // and is said again
        return true;
    }
    if (kind->second == RecordKind::change_accepted) accepted_changes_.emplace(key, *waiting);
    changes_.erase(waiting);
    return true;
}

bool ClientCore::is_news(std::string_view id, std::optional<std::string_view> version) const {
    if (!version) return false;
    const auto known = versions_.find(id);
    return known == versions_.end() || *version > known->second.text;
}

void ClientCore::on_changed(const base::JsonView& frame) {
    const auto id = base::string_member(frame, "id").value_or("");
    if (const auto room = rooms_.find(room_of(frame)); room != rooms_.end())
        room->second.n = std::max(room->second.n, base::int_member(frame, "n").value_or(0));
    // Who has not the message drops its changes.
    if (seen_.contains(std::hash<std::string_view>{}(id))) see_change(frame, true);
}

void ClientCore::see_change(const base::JsonView& frame, bool alone) {
    const auto id = base::text_member(frame, "id");
    const auto version = base::text_member(frame, "change");
    const auto text = base::string_member(frame, "text").value_or("");
    const bool removed = frame.member("removed").has_value();
    const bool news = is_news(id, version);
    const auto known = versions_.find(id);
    const int sitting = sitting_in(room_of(frame));
    const bool had_it = known != versions_.end() && known->second.sitting == sitting;
    if (!news && !(alone && had_it)) return;
    const auto name = text_name(msg_said_by(base::string_member(frame, "user").value_or(""), text));
    auto& record = note(RecordKind::changed);
    record.node = node_;
    record.room = room_of(frame);
    record.id = id;
    record.msg = name.msg;
    record.name = version;
    record.count = removed ? -1 : name.edit;
    record.flag = !news;
    if (removed ? !text.empty() : name.msg.empty()) {
        record.kind = RecordKind::phantom;
        record.text = text;
    }
    if (news) versions_.insert_or_assign(id, Version{version, sitting});
}

Record& ClientCore::note(RecordKind kind, const PendingChange& change) {
    auto& record = note(kind);
    record.node = node_;
    record.room = change.room;
    record.msg = change.msg;
    record.id = change.id;
    record.name = change.key_text;
    record.count = change.count;
    record.due_us = (change.due - config_.start).count();
    return record;
}

}  // namespace davenport::sim::client
