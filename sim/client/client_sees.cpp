#include "node/base/json.hpp"
#include "node/base/json_view.hpp"
#include "sim/client/client_core.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <tuple>

#include <fmt/format.h>
#include <fmt/ranges.h>

/// What a simulated client is shown: messages as they come, where it stands in its rooms, and pages of
/// history.
namespace davenport::sim::client {

void ClientCore::on_joined(const base::JsonView& frame) {
    const auto room = rooms_.find(room_of(frame));
    if (room == rooms_.end()) return;
    if (const auto cursor = base::string_member(frame, "cursor")) {
        room->second.cursor = *cursor;
        room->second.n = base::int_member(frame, "n").value_or(0);
    }
    const auto t = base::string_member(frame, "t").value_or("");
    if (t == "cursor") return;
    auto& record = note(t == "joined" ? RecordKind::joined : RecordKind::gap_closed);
    record.node = node_;
    record.room = room->first;
    record.flag = base::bool_member(frame, "gap");
    record.count = connection_;
    if (t == "joined") room->second.joining = false;
    room->second.gap = t == "joined" && record.flag;
}

void ClientCore::on_message(const base::JsonView& frame) {
    static constexpr std::array<std::string_view, 9> keys{"id", "pos",  "room",   "user",   "text",
                                                          "n",  "late", "change", "removed"};
    const auto [its_id, its_pos, its_room, its_user, its_text, its_n, late, change, removed] =
        frame.members(keys);
    const auto id = base::string_of(its_id).value_or("");
    const auto text = base::string_of(its_text).value_or("");
    const auto room_name = without_prefix(base::string_of(its_room).value_or(""));
    const auto room = rooms_.find(room_name);
    const bool resuming = room != rooms_.end() && room->second.joining;
    if (room != rooms_.end()) {
        room->second.n = std::max(room->second.n, its_n ? its_n->integer().value_or(0) : 0);
        if (const auto position = base::string_of(its_pos).value_or(""); position > room->second.seen)
            room->second.seen = position;
    }
    if (const auto parts = base::parse_message_id(id);
        parts &&
        std::tie(parts->unix_ms, parts->counter) > std::tie(newest_seen_.unix_ms, newest_seen_.counter)) {
        newest_seen_.unix_ms = parts->unix_ms;
        newest_seen_.counter = parts->counter;
    }
    auto& record = note(RecordKind::shown);
    record.node = node_;
    record.room = room_name;
    record.id = id;
    const auto user = base::string_of(its_user).value_or("");
    const auto name = text_name(msg_said_by(user, text));
    record.msg = name.msg;
    record.via = resuming || polling_ ? DeliveryPath::resume : DeliveryPath::live;  // each poll is a resume
    record.count = connection_;
    record.flag = base::is_true(late);
    const int sitting = sitting_in(room_name);
    const auto [seen, fresh] = seen_.try_emplace(std::hash<std::string_view>{}(id), sitting);
    const bool is_removed = removed && text.empty();
    if (!fresh) {
        record.kind = RecordKind::repeated;
        record.flag = seen->second == sitting && !is_news(id, base::string_of(change));
        seen->second = sitting;
    } else if (record.msg.empty() && !is_removed) {
        record.kind = RecordKind::phantom;
        record.text = user;
        record.text += ": ";
        record.text += text;
    }
    if (change) see_change(frame, false);
}

void ClientCore::on_people(const base::JsonView& frame) {
    std::vector<std::string> names;
    if (const auto people = frame.member("people"))
        people->each_item(
            [&](const base::JsonView& name) { names.emplace_back(base::string_of(name).value_or("")); });
    std::ranges::sort(names);
    auto& record = note(RecordKind::people);
    record.node = node_;
    record.room = room_of(frame);
    record.text = fmt::format("{}", fmt::join(names, " "));
}

void ClientCore::ask_page(const std::string& room, const std::string& before) {
    auto ask = fmt::format(R"({{"t":"history","limit":{},"room":)", config_.history_page);
    base::append_json_string(ask, at_node(room));
    if (!before.empty()) {
        ask += R"(,"before":)";
        base::append_json_string(ask, before);
    }
    send(ask + '}');
}

void ClientCore::on(const AskHistory& e) {
    if (state_ != State::open) return;
    reading_[e.room].clear();
    ask_page(e.room, "");
}

void ClientCore::on_page(const base::JsonView& frame) {
    const auto room = room_of(frame);
    const auto reading = reading_.find(room);
    const auto messages = frame.member("messages");
    if (reading == reading_.end() || !messages) return;
    std::string_view oldest;
    const bool is_page = messages->each_item([&](const base::JsonView& message) {
        const auto name = text_name(msg_said_by(base::string_member(message, "user").value_or(""),
                                                base::string_member(message, "text").value_or("")));
        reading->second.push_back({std::string{name.msg}, base::text_member(message, "id"),
                                   message.member("removed") ? -1 : name.edit});
        oldest = base::string_member(message, "pos").value_or("");
    });
    if (!is_page) return;
    if (base::bool_member(frame, "more") && !oldest.empty()) {
        ask_page(room, std::string{oldest});
        return;
    }
    std::ranges::reverse(reading->second);
    effects_.push_back(HistoryRead{room, std::move(reading->second)});
    reading_.erase(reading);
}

}  // namespace davenport::sim::client
