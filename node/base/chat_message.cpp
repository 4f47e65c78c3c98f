#include "node/base/chat_message.hpp"

#include "node/base/json.hpp"
#include "node/base/message_id.hpp"
#include "node/base/text.hpp"

namespace base {

ChatMessage make_message(std::string_view room, std::string_view user, const MessageKey& key, std::string_view text,
                         std::string_view host) {
    ChatMessage m;
    m.id = make_message_id(room, user, key, text);
    m.room = room;
    m.position = m.id.substr(room.size() + 1);
    m.user = user;
    m.text = text;
    m.datetime = iso8601(wall_from_unix_ms(key.unix_ms));
    m.host = host;
    return m;
}

std::string to_document(const ChatMessage& m) {
    std::string out;
    out.reserve(m.id.size() + m.user.size() + m.text.size() + m.datetime.size() + m.host.size() + 64);
    const auto field = [&](std::string_view lead, std::string_view value) {
        out += lead;
        append_json_string(out, value);
    };
    field("{\"_id\":", m.id);
    field(",\"user\":", m.user);
    field(",\"msg\":", m.text);
    field(",\"datetime\":", m.datetime);
    field(",\"host\":", m.host);
    out += '}';
    return out;
}

std::optional<ChatMessage> from_document(const JsonView& document, WallTime seen) {
    const auto id = string_member(document, "_id");
    const auto user = string_member(document, "user");
    const auto text = string_member(document, "msg");
    if (!id || !user || !text || id->starts_with('_') || bool_member(document, "_deleted")) return std::nullopt;
    ChatMessage m;
    m.id = *id;
    m.user = *user;
    m.text = *text;
    m.datetime = string_member(document, "datetime").value_or("");
    m.host = string_member(document, "host").value_or("");
    if (const auto parts = parse_message_id(*id); parts && is_room_name(parts->room)) {
        m.room = parts->room;
        m.position = parts->letters;
    } else {
        m.room = default_room;
        m.position = make_foreign_letters(unix_ms(parse_datetime(m.datetime).value_or(seen)), *id);
    }
    return m;
}

}  // namespace base
