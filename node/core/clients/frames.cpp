#include "node/core/clients/frames.hpp"

#include "node/base/change.hpp"
#include "node/base/json.hpp"
#include "node/base/message_id.hpp"
#include "node/base/names.hpp"
#include "node/base/time.hpp"

#include <algorithm>
#include <charconv>

namespace davenport::node::frames {
namespace {

template <class Number>
void append_number(std::string& out, Number value) {
    char digits[20];
    const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    out.append(digits, end);
}

/// Writes the members of one flat object.
class Object {
public:
    Object(std::string& out, std::string_view t) : out_{out} {
        out_ += "{\"t\":\"";
        out_ += t;
        out_ += '"';
    }
    ~Object() { out_ += '}'; }
    Object(const Object&) = delete;
    Object& operator=(const Object&) = delete;

    Object& text(std::string_view lead, std::string_view value) {
        out_ += lead;
        base::append_json_string(out_, value);
        return *this;
    }
    template <class Number>
    Object& number(std::string_view lead, Number value) {
        out_ += lead;
        append_number(out_, value);
        return *this;
    }
    Object& raw(std::string_view piece) {
        out_ += piece;
        return *this;
    }

private:
    std::string& out_;
};

void add_progress(Object& object, const std::optional<Store::Progress>& catching_up) {
    if (catching_up)
        object.number(",\"catching_up\":{\"read\":", catching_up->read)
            .number(",\"of\":", catching_up->of)
            .raw("}");
}

/// Adds a frame that only its receiver reads.
template <class Members>
void add_object(base::FrameBatch& batch, std::string_view t, Members&& members) {
    batch.add({.type = t}, [&](std::string& out) {
        Object object{out, t};
        members(object);
    });
}

/// True for what base::iso8601 writes; other forms are read and written anew.
bool is_plain_iso(std::string_view text) {
    return text.size() == 24 && text[10] == 'T' && text[19] == '.' && text[23] == 'Z';
}

std::string iso_time(const base::ChatMessage& m) {
    if (const auto wall = base::parse_datetime(m.datetime())) return base::iso8601(*wall);
    const auto place = base::parse_message_id("x:" + std::string{m.position()});
    return base::iso8601(base::wall_from_unix_ms(place ? place->unix_ms : 0));
}

/// What became of a message since it was said.
void append_change_members(std::string& out, const base::ChatMessage& m) {
    base::append_json_string(out += ",\"change\":", base::version_of(m));
    const auto when = [&](std::string_view key) {
        const auto ms = base::unix_ms_of_change(key);
        base::append_json_string(out, ms == 0 ? std::string{} : base::iso8601(base::wall_from_unix_ms(ms)));
    };
    if (!m.is_removed()) {
        when((out += ",\"edited\":", m.edited()));
        return;
    }
    when((out += ",\"removed\":", m.removed()));
    if (!m.removed_by().empty()) base::append_json_string(out += ",\"removed_by\":", m.removed_by());
}

void append_message_members(std::string& out, const base::ChatMessage& m) {
    out.reserve(out.size() + m.id().size() + m.room().size() + m.user().size() + m.text().size() +
                m.host().size() + 192);
    out += "\"id\":";
    base::append_json_string(out, m.id());
    out += ",\"pos\":\"";
    out += m.position();
    out += "\",\"room\":\"";
    out += m.room();
    out += "\",\"user\":";
    base::append_json_string(out, m.user());
    out += ",\"text\":";
    base::append_json_string(out, m.text());
    out += ",\"time\":\"";
    if (is_plain_iso(m.datetime()) && base::parse_datetime(m.datetime()))
        out += m.datetime();
    else
        out += iso_time(m);
    out += "\",\"host\":";
    base::append_json_string(out, m.host());
    if (m.changed()) append_change_members(out, m);
}

/// A message as it stands in pages: without `t`, `n` and `late`.
void append_page_item(std::string& out, const base::ChatMessage& message) {
    out += '{';
    append_message_members(out, message);
    out += '}';
}

}  // namespace

void add(base::FrameBatch& batch, const Message& frame) {
    batch.add({.type = "message", .n = frame.n, .position = std::string{frame.message.position()}},
              [&](std::string& out) {
                  out += "{\"t\":\"message\",";
                  append_message_members(out, frame.message);
                  out += ",\"n\":";
                  append_number(out, frame.n);
                  out += frame.late ? ",\"late\":true}" : "}";
              });
}

void add(base::FrameBatch& batch, const Changed& frame) {
    batch.add({.type = "changed", .n = frame.n}, [&](std::string& out) {
        out += "{\"t\":\"changed\",";
        append_message_members(out, frame.message);
        out += ",\"n\":";
        append_number(out, frame.n);
        out += '}';
    });
}

void add(base::FrameBatch& batch, const Welcome& frame) {
    add_object(batch, "welcome", [&](Object& object) {
        object.raw(",\"v\":1")
            .text(",\"node\":", frame.node)
            .text(",\"journal\":", frame.journal)
            .number(",\"now\":", base::unix_ms(frame.now))
            .text(",\"store\":", frame.store_up ? "up" : "down")
            .number(",\"backlog\":", frame.backlog)
            .number(",\"limits\":{\"text\":", frame.text_bytes_max)
            .number(",\"name\":", base::name_letters_max)
            .raw("}");
        add_progress(object, frame.catching_up);
        if (frame.clock_ahead != base::Duration{})
            object.number(",\"clock_ahead_ms\":", frame.clock_ahead.count() / 1000);
        if (frame.signed_in) object.raw(",\"auth\":\"couchdb\"");
        if (frame.signed_in && !frame.signed_in->empty()) object.text(",\"user\":", *frame.signed_in);
        if (frame.moderator) object.raw(",\"moderator\":true");
    });
}

void add(base::FrameBatch& batch, const Joined& frame) {
    batch.add({"joined", frame.n, std::string{frame.cursor}, frame.gap, std::string{frame.seen}},
              [&](std::string& out) {
                  Object{out, "joined"}
                      .text(",\"room\":", frame.room)
                      .text(",\"cursor\":", frame.cursor)
                      .number(",\"n\":", frame.n)
                      .raw(frame.gap ? ",\"gap\":true" : "");
              });
}

void add(base::FrameBatch& batch, const CursorMoved& frame) {
    batch.add({"cursor", frame.n, std::string{frame.cursor}}, [&](std::string& out) {
        Object{out, "cursor"}
            .text(",\"room\":", frame.room)
            .text(",\"cursor\":", frame.cursor)
            .number(",\"n\":", frame.n);
    });
}

void add(base::FrameBatch& batch, const GapClosed& frame) {
    add_object(batch, "gap-closed", [&](Object& object) { object.text(",\"room\":", frame.room); });
}

void add(base::FrameBatch& batch, const Accepted& frame) {
    add_object(batch, "accepted",
               [&](Object& object) { object.text(",\"key\":", frame.key).text(",\"id\":", frame.id); });
}

void add(base::FrameBatch& batch, const Stored& frame) {
    add_object(batch, "stored",
               [&](Object& object) { object.text(",\"key\":", frame.key).text(",\"id\":", frame.id); });
}

void add(base::FrameBatch& batch, const Failed& frame) {
    add_object(batch, "failed", [&](Object& object) {
        object.text(",\"key\":", frame.key).text(",\"id\":", frame.id).text(",\"reason\":", frame.reason);
    });
}

void add(base::FrameBatch& batch, const Superseded& frame) {
    add_object(batch, "superseded", [&](Object& object) {
        object.text(",\"key\":", frame.key).text(",\"id\":", frame.id).text(",\"reason\":", frame.reason);
        if (!frame.above.empty()) object.text(",\"above\":", frame.above);
    });
}

void add(base::FrameBatch& batch, const Refused& frame) {
    add_object(batch, "refused", [&](Object& object) {
        if (!frame.key.empty()) object.text(",\"key\":", frame.key);
        object.text(",\"code\":", frame.code).text(",\"reason\":", frame.reason);
        if (frame.retry_ms > 0) object.number(",\"retry_ms\":", frame.retry_ms);
        if (frame.max > 0) object.number(",\"max\":", frame.max);
        if (!frame.until.empty()) object.text(",\"until\":", frame.until);
        if (!frame.room.empty()) object.text(",\"room\":", frame.room);
    });
}

void add(base::FrameBatch& batch, const RoomInfo& frame) {
    batch.add({.type = "room"}, [&](std::string& out) {
        out += "{\"t\":\"room\",";
        append_members(out, frame);
        out += '}';
    });
}

void append_members(std::string& out, const RoomInfo& frame) {
    base::append_json_string(out += "\"room\":", frame.room);
    base::append_room_members(out += ',', frame.settings ? *frame.settings : base::RoomSettings{});
    if (frame.settings && !frame.settings->by.empty())
        base::append_json_string(out += ",\"by\":", frame.settings->by);
}

void add(base::FrameBatch& batch, const Role& frame) {
    add_object(batch, "role", [&](Object& object) {
        object.raw(frame.moderator ? ",\"moderator\":true" : ",\"moderator\":false");
    });
}

void add(base::FrameBatch& batch, const PutOut& frame) {
    add_object(batch, "put-out", [&](Object& object) {
        object.text(",\"room\":", frame.room)
            .text(",\"code\":", frame.code)
            .text(",\"reason\":", frame.reason);
        if (!frame.until.empty()) object.text(",\"until\":", frame.until);
    });
}

void add(base::FrameBatch& batch, const StoreState& frame) {
    add_object(batch, "store", [&](Object& object) {
        object.text(",\"state\":", frame.up ? "up" : "down").number(",\"backlog\":", frame.backlog);
        add_progress(object, frame.catching_up);
        if (frame.clock_ahead != base::Duration{})
            object.number(",\"clock_ahead_ms\":", frame.clock_ahead.count() / 1000);
    });
}

void add(base::FrameBatch& batch, const People& frame) {
    std::string list;
    std::size_t count = 0;
    for (const auto& name : frame.people.names) {
        if (count == frame.most || frame.people.crowd > 0) break;
        base::append_json_string(list += count++ == 0 ? "" : ",", name);
    }
    add_object(batch, "people", [&](Object& object) {
        object.text(",\"room\":", frame.room)
            .raw(",\"people\":[")
            .raw(list)
            .number("],\"count\":", frame.people.count());
    });
}

void add(base::FrameBatch& batch, const Alike& frame) {
    add_object(batch, "alike", [&](Object& object) {
        object.text(",\"room\":", frame.room);
        for (const auto& name : frame.names)
            object.text(&name == &frame.names.front() ? ",\"names\":[" : ",", name);
        object.raw("]");
    });
}

void add(base::FrameBatch& batch, const Page& frame) {
    batch.add({.type = "page"}, [&](std::string& out) {
        ((out += "{\"t\":\"page\",\"room\":\"") += frame.room) += "\",";
        append_members(out, frame);
        out += '}';
    });
}

void add(base::FrameBatch& batch, const Found& frame) {
    batch.add({.type = "found"}, [&](std::string& out) {
        out += "{\"t\":\"found\",";
        append_members(out, frame);
        out += '}';
    });
}

void add(base::FrameBatch& batch, const Bye& frame) {
    add_object(batch, "bye", [&](Object& object) { object.text(",\"reason\":", frame.reason); });
}

void add(base::FrameBatch& batch, const Error& frame) {
    add_object(batch, "error", [&](Object& object) { object.text(",\"reason\":", frame.reason); });
}

void add(base::FrameBatch& batch, const Pong& frame) {
    add_object(batch, "pong", [&](Object& object) { object.number(",\"now\":", base::unix_ms(frame.now)); });
}

void append_members(std::string& out, const Page& frame) {
    const auto& messages = frame.page.messages;
    const auto begin = out.size();
    out += "\"messages\":[";
    std::size_t count = 0;
    for (; count < messages.size() && (count == 0 || out.size() - begin < frame.bytes_max); ++count) {
        if (count != 0) out += ',';
        append_page_item(out, messages[count]);
    }
    const bool more = frame.page.more || count < messages.size();
    out += more ? "],\"more\":true" : "],\"more\":false";
}

void append_members(std::string& out, const Found& frame) {
    base::append_json_string(out += "\"text\":", frame.query.text);
    if (!frame.query.room.empty()) base::append_json_string(out += ",\"room\":", frame.query.room);
    out += ",\"messages\":[";
    for (const auto& message : frame.answer.messages) {
        if (&message != &frame.answer.messages.front()) out += ',';
        append_page_item(out, message);
    }
    out += ']';
    if (frame.answer.next != 0) ((out += ",\"next\":\"") += std::to_string(frame.answer.next)) += '"';
    if (!frame.answer.whole) out += ",\"partial\":true";
}

}  // namespace davenport::node::frames
