#include "node/core/frames.hpp"

#include "node/base/json.hpp"
#include "node/base/message_id.hpp"
#include "node/base/time.hpp"

#include <charconv>

namespace davenport::node::frames {
namespace {

/// Writes one flat object, member by member.
class Object {
public:
    explicit Object(std::string_view t) {
        out_.reserve(128);
        out_ += "{\"t\":\"";
        out_ += t;
        out_ += '"';
    }
    Object& text(std::string_view lead, std::string_view value) {
        out_ += lead;
        base::append_json_string(out_, value);
        return *this;
    }
    Object& number(std::string_view lead, std::int64_t value) {
        out_ += lead;
        out_ += std::to_string(value);
        return *this;
    }
    Object& raw(std::string_view piece) {
        out_ += piece;
        return *this;
    }
    std::string done() {
        out_ += '}';
        return std::move(out_);
    }

private:
    std::string out_;
};

void append_number(std::string& out, std::uint64_t value) {
    char digits[20];
    const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    out.append(digits, end);
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

void append_members(std::string& out, const base::ChatMessage& m) {
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
}

}  // namespace

void append_message(std::string& out, const base::ChatMessage& message, std::uint64_t n, bool late) {
    out += "{\"t\":\"message\",";
    append_members(out, message);
    out += ",\"n\":";
    append_number(out, n);
    out += late ? ",\"late\":true}" : "}";
}

void append_page_item(std::string& out, const base::ChatMessage& message) {
    out += '{';
    append_members(out, message);
    out += '}';
}

std::string welcome(std::string_view node, std::string_view journal, base::WallTime now, bool store_up,
                    std::size_t backlog, std::size_t text_bytes_max, const std::string* signed_in) {
    Object frame{"welcome"};
    frame.raw(",\"v\":1")
        .text(",\"node\":", node)
        .text(",\"journal\":", journal)
        .number(",\"now\":", base::unix_ms(now))
        .text(",\"store\":", store_up ? "up" : "down")
        .number(",\"backlog\":", static_cast<std::int64_t>(backlog))
        .number(",\"limits\":{\"text\":", static_cast<std::int64_t>(text_bytes_max))
        .raw("}");
    if (signed_in) frame.raw(",\"auth\":\"couchdb\"");
    if (signed_in && !signed_in->empty()) frame.text(",\"user\":", *signed_in);
    return frame.done();
}

std::string joined(std::string_view room, std::string_view cursor, std::uint64_t n, bool gap) {
    return Object{"joined"}
        .text(",\"room\":", room)
        .text(",\"cursor\":", cursor)
        .number(",\"n\":", static_cast<std::int64_t>(n))
        .raw(gap ? ",\"gap\":true" : "")
        .done();
}

std::string gap_closed(std::string_view room) { return Object{"gap-closed"}.text(",\"room\":", room).done(); }

std::string cursor(std::string_view room, std::string_view cursor, std::uint64_t n) {
    return Object{"cursor"}
        .text(",\"room\":", room)
        .text(",\"cursor\":", cursor)
        .number(",\"n\":", static_cast<std::int64_t>(n))
        .done();
}

std::string accepted(std::string_view key, std::string_view id) {
    return Object{"accepted"}.text(",\"key\":", key).text(",\"id\":", id).done();
}

std::string stored(std::string_view key, std::string_view id) {
    return Object{"stored"}.text(",\"key\":", key).text(",\"id\":", id).done();
}

std::string failed(std::string_view key, std::string_view id, std::string_view reason) {
    return Object{"failed"}.text(",\"key\":", key).text(",\"id\":", id).text(",\"reason\":", reason).done();
}

std::string refused(std::string_view key, std::string_view code, std::string_view reason,
                    std::int64_t retry_ms) {
    Object frame{"refused"};
    if (!key.empty()) frame.text(",\"key\":", key);
    frame.text(",\"code\":", code).text(",\"reason\":", reason);
    if (retry_ms > 0) frame.number(",\"retry_ms\":", retry_ms);
    return frame.done();
}

std::string store(bool up, std::size_t backlog) {
    return Object{"store"}
        .text(",\"state\":", up ? "up" : "down")
        .number(",\"backlog\":", static_cast<std::int64_t>(backlog))
        .done();
}

std::string people(std::string_view room, const std::set<std::string>& names, std::size_t most) {
    std::string list;
    std::size_t count = 0;
    for (const auto& name : names) {
        if (count == most) break;
        base::append_json_string(list += count++ == 0 ? "" : ",", name);
    }
    return Object{"people"}
        .text(",\"room\":", room)
        .raw(",\"people\":[")
        .raw(list)
        .number("],\"count\":", static_cast<std::int64_t>(names.size()))
        .done();
}

std::string found(const base::SearchQuery& query, const base::SearchAnswer& answer, bool framed) {
    std::string out = framed ? "{\"t\":\"found\",\"text\":" : "{\"text\":";
    base::append_json_string(out, query.text);
    if (!query.room.empty()) base::append_json_string(out += ",\"room\":", query.room);
    out += ",\"messages\":[";
    for (const auto& message : answer.messages) {
        if (out.back() != '[') out += ',';
        append_page_item(out, message);
    }
    out += ']';
    if (answer.next != 0) ((out += ",\"next\":\"") += std::to_string(answer.next)) += '"';
    if (!answer.whole) out += ",\"partial\":true";
    return out + '}';
}

std::string bye(std::string_view reason) { return Object{"bye"}.text(",\"reason\":", reason).done(); }

std::string error(std::string_view reason) { return Object{"error"}.text(",\"reason\":", reason).done(); }

std::string pong(base::WallTime now) { return Object{"pong"}.number(",\"now\":", base::unix_ms(now)).done(); }

}  // namespace davenport::node::frames
