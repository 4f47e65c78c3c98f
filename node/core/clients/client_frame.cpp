#include "node/core/clients/client_frame.hpp"

#include "node/base/message_id.hpp"
#include "node/base/text.hpp"
#include "node/core/clients/known_members.hpp"
#include "node/core/clients/post_rules.hpp"

#include <algorithm>
#include <charconv>

namespace davenport::node {
namespace {

constexpr std::size_t history_most = 500;
constexpr std::size_t history_page = 50;

std::size_t read_count(const base::JsonView& frame, std::string_view key, std::size_t otherwise) {
    const auto count = base::int_member(frame, key);
    if (!count || *count < 0) return otherwise;
    return std::min(static_cast<std::size_t>(*count), history_most);
}

ClientFrame read_room_frame(std::string_view t, const base::JsonView& frame, std::string room,
                            std::size_t history_default) {
    if (!base::is_room_name(room)) return Malformed{"`room`: " + std::string{room_name_rule}};
    if (t == "leave") return Leave{std::move(room)};
    if (t == "room") return RoomFrame{std::move(room)};
    if (t == "history") {
        History out{std::move(room), {}, std::max<std::size_t>(1, read_count(frame, "limit", history_page))};
        if (!read_text(frame, "before", out.before)) return Malformed{"`before` is a `pos`"};
        return out;
    }
    Join out{{std::move(room), std::nullopt, 0, read_count(frame, "history", history_default)}};
    std::string cursor;
    if (!read_text(frame, "cursor", cursor)) return Malformed{"`cursor` is a string, as it came"};
    if (!cursor.empty()) {
        out.request.cursor = Cursor::parse(cursor);
        if (!out.request.cursor) return Malformed{"this is no cursor of ours; join without it"};
    }
    auto& seen = out.request.seen;
    if (!read_text(frame, "seen", seen) || (!seen.empty() && !base::parse_message_id("x:" + seen)))
        return Malformed{"`seen` is a `pos`"};
    out.request.people = base::bool_member(frame, "people");
    out.request.n =
        static_cast<std::uint64_t>(std::max<std::int64_t>(0, base::int_member(frame, "n").value_or(0)));
    return out;
}

ClientFrame read_search(const base::JsonView& frame) {
    SearchFrame out;
    auto& query = out.query;
    std::string before;
    if (!read_text(frame, "text", query.text) || !read_text(frame, "room", query.room) ||
        !read_text(frame, "before", before))
        return Malformed{"`text`, `room` and `before` of a search are strings"};
    if (query.text.size() > search_text_bytes_max)
        return Malformed{"`text` of a search is at most 1000 bytes"};
    if (!query.room.empty() && !base::is_room_name(query.room))
        return Malformed{"`room`: " + std::string{room_name_rule}};
    if (!before.empty() && !read_search_place(before, query.before))
        return Malformed{"`before` is the `next` of an answer, as it came"};
    query.limit = std::clamp<std::size_t>(read_count(frame, "limit", query.limit), 1, search_results_max);
    return out;
}

bool is_answered_by_key(std::string_view t) {
    return t == "post" || t == "edit" || t == "remove" || t == "ban" || t == "unban" || t == "set-room";
}

ClientFrame read_frame_of(std::string_view t, const base::JsonView& frame, std::size_t history_default) {
    if (t == "ping") return Ping{};
    if (t == "hello") {
        Hello hello;
        if (!read_text(frame, "user", hello.user)) return Malformed{"`user` is a string"};
        return hello;
    }
    if (t == "post") {
        PostFrame post;
        if (!read_text(frame, "room", post.room) || !read_text(frame, "key", post.key) ||
            !read_text(frame, "text", post.text) || !read_text(frame, "host", post.host) ||
            !read_text(frame, "secret", post.secret))
            return Malformed{"`room`, `key`, `text`, `host` and `secret` of a post are strings"};
        return post;
    }
    if (t == "edit" || t == "remove") {
        ChangeFrame change{{}, {}, {}, {}, t == "remove"};
        if (!read_text(frame, "id", change.id) || !read_text(frame, "key", change.key) ||
            !read_text(frame, "text", change.text) || !read_text(frame, "secret", change.secret))
            return Malformed{"`id`, `key`, `text` and `secret` of an edit or a removal are strings"};
        return change;
    }
    if (t == "ban" || t == "unban") {
        BanFrame ban{{}, {}, {}, {}, {}, t == "unban"};
        if (!read_text(frame, "room", ban.room) || !read_text(frame, "name", ban.name) ||
            !read_text(frame, "key", ban.key) || !read_text(frame, "reason", ban.reason) ||
            !read_text(frame, "until", ban.until))
            return Malformed{"`room`, `name`, `key`, `reason` and `until` of a ban are strings"};
        if (auto problem = unknown_member(frame, {"t", "room", "name", "key", "reason", "until"});
            !problem.empty())
            return Malformed{std::move(problem)};
        return ban;
    }
    if (t == "set-room") {
        SetRoomFrame set;
        if (!read_text(frame, "room", set.settings.room) || !read_text(frame, "key", set.key))
            return Malformed{"`room` and `key` are strings"};
        if (const auto problem = base::read_room_members(frame, set.settings); !problem.empty())
            return Malformed{std::string{problem}};
        if (auto problem = unknown_member(
                frame, {"t", "room", "key", "topic", "readers", "writers", "slow_s", "retention_days"});
            !problem.empty())
            return Malformed{std::move(problem)};
        return set;
    }
    if (t == "search") return read_search(frame);
    std::string room;
    if (t == "join" || t == "leave" || t == "history" || t == "room") {
        if (!read_text(frame, "room", room)) return Malformed{"`room` is a string"};
        return read_room_frame(t, frame, std::move(room), history_default);
    }
    return Malformed{
        "unknown `t`: hello, join, leave, post, edit, remove, ban, unban, room, set-room, history, search "
        "and ping are known"};
}

}  // namespace

bool read_search_place(std::string_view text, std::int64_t& into) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
    return error == std::errc{} && end == text.data() + text.size() && into >= 0;
}

ClientFrame read_client_frame(base::JsonReader& reader, std::string_view text, std::size_t history_default) {
    const auto frame = reader.read(text);
    if (!frame || !frame->is_object()) return Malformed{"a frame is one JSON object in UTF-8"};
    const auto t = base::string_member(*frame, "t").value_or("");
    auto out = read_frame_of(t, *frame, history_default);
    if (auto* malformed = std::get_if<Malformed>(&out); malformed && is_answered_by_key(t))
        malformed->key = base::string_member(*frame, "key").value_or("");
    return out;
}

}  // namespace davenport::node
