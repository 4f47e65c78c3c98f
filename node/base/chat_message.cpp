#include "node/base/chat_message.hpp"

#include "node/base/json.hpp"
#include "node/base/message_id.hpp"
#include "node/base/text.hpp"

#include <algorithm>

namespace davenport::base {

ChatMessage::ChatMessage(const Parts& p) {
    const std::array<std::string_view, parts_count> parts{p.id,   p.room,     p.position, p.user,
                                                          p.text, p.datetime, p.host};
    Ends ends;
    std::uint32_t end = 0;
    for (std::size_t i = 0; i < parts_count; ++i)
        ends[i] = end += static_cast<std::uint32_t>(parts[i].size());
    auto block = std::make_shared_for_overwrite<char[]>(sizeof ends + end);
    auto* to = block.get();
    std::memcpy(to, &ends, sizeof ends);
    to += sizeof ends;
    for (const auto part : parts) to = std::ranges::copy(part, to).out;
    block_ = std::move(block);
}

bool operator==(const ChatMessage& a, const ChatMessage& b) {
    if (a.block_ == b.block_) return true;
    for (std::size_t i = 0; i < ChatMessage::parts_count; ++i)
        if (a.part(i) != b.part(i)) return false;
    return true;
}

ChatMessage make_message(std::string_view room, std::string_view user, const MessageKey& key,
                         std::string_view text, std::string_view host) {
    const auto id = make_message_id(room, user, key, text);
    const auto datetime = iso8601(wall_from_unix_ms(key.unix_ms));
    return ChatMessage{{.id = id,
                        .room = room,
                        .position = std::string_view{id}.substr(room.size() + 1),
                        .user = user,
                        .text = text,
                        .datetime = datetime,
                        .host = host}};
}

std::string to_document(const ChatMessage& m) {
    std::string out;
    out.reserve(m.id().size() + m.user().size() + m.text().size() + m.datetime().size() + m.host().size() +
                64);
    const auto field = [&](std::string_view lead, std::string_view value) {
        out += lead;
        append_json_string(out, value);
    };
    field("{\"_id\":", m.id());
    field(",\"user\":", m.user());
    field(",\"msg\":", m.text());
    field(",\"datetime\":", m.datetime());
    field(",\"host\":", m.host());
    out += '}';
    return out;
}

std::optional<ChatMessage> from_document(const JsonView& document, WallTime seen) {
    static constexpr std::array<std::string_view, 6> keys{"_id",      "user", "msg",
                                                          "datetime", "host", "_deleted"};
    const auto [its_id, its_user, its_msg, datetime, host, deleted] = document.members(keys);
    const auto id = string_of(its_id), user = string_of(its_user), text = string_of(its_msg);
    if (!id || !user || !text || id->starts_with('_') || is_true(deleted)) return std::nullopt;
    ChatMessage::Parts m{.id = *id,
                         .room = default_room,
                         .position = {},
                         .user = *user,
                         .text = *text,
                         .datetime = string_of(datetime).value_or(""),
                         .host = string_of(host).value_or("")};
    if (const auto parts = parse_message_id(*id); parts && is_room_name(parts->room)) {
        m.room = parts->room;
        m.position = parts->letters;
        return ChatMessage{m};
    }
    const auto letters = make_foreign_letters(unix_ms(parse_datetime(m.datetime).value_or(seen)), *id);
    m.position = letters;
    return ChatMessage{m};
}

}  // namespace davenport::base
