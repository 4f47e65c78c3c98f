#include "node/program/admin_output.hpp"

#include "node/base/json_writer.hpp"
#include "node/base/text.hpp"
#include "node/core/admin/ban_change.hpp"
#include "node/core/admin/room_change.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace davenport::node::program {
namespace {

using Row = std::vector<std::string>;

std::size_t letters(std::string_view text) {
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string table(std::vector<Row> rows) {
    std::vector<std::size_t> widths(rows.front().size());
    for (auto& row : rows)
        for (std::size_t i = 0; i < row.size(); ++i) {
            row[i] = base::one_printable_line(row[i]);
            widths[i] = std::max(widths[i], letters(row[i]));
        }
    std::string out;
    for (const auto& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i)
            line.append(row[i]).append(widths[i] - letters(row[i]) + 2, ' ');
        line.erase(line.find_last_not_of(' ') + 1);
        out.append(line) += '\n';
    }
    return out;
}

std::string time_text(std::int64_t unix_ms) { return base::iso8601(base::wall_from_unix_ms(unix_ms)); }
std::string slow_text(std::int64_t seconds) { return seconds == 0 ? "off" : span_text(seconds); }

constexpr std::int64_t day_s = 24LL * 60 * 60;

std::string kept_text(std::int64_t days) { return days == 0 ? "off" : fmt::format("{}d", days); }

void write_person(base::JsonWriter& json, const Person& person) {
    json.member("name", person.name).key("roles").begin_array();
    for (const auto& role : person.roles) json.value(role);
    json.end_array();
}

void write_ban(base::JsonWriter& json, const base::Ban& ban) {
    json.member("name", ban.name);
    if (ban.room != base::everywhere) json.member("room", ban.room);
    json.member("by", ban.by).member("reason", ban.reason);
    if (ban.until_ms) json.member("until", time_text(*ban.until_ms));
}

std::string room_object(const base::RoomSettings& room) {
    std::string out = "{\"room\":";
    base::append_json_string(out, room.room);
    out += ',';
    base::append_room_members(out, room);
    if (!room.by.empty()) base::append_json_string(out += ",\"by\":", room.by);
    return out + '}';
}

struct Unit {
    char letter;
    std::int64_t seconds;
};
constexpr std::array<Unit, 5> units{{{'w', 7 * day_s}, {'d', day_s}, {'h', 60LL * 60}, {'m', 60}, {'s', 1}}};
constexpr std::int64_t span_s_max = 100'000'000'000;

}  // namespace

std::string people_table(const std::vector<Person>& people) {
    std::vector<Row> rows{{"NAME", "ROLES"}};
    for (const auto& one : people) rows.push_back({one.name, fmt::format("{}", fmt::join(one.roles, ", "))});
    return table(std::move(rows));
}

std::string people_json(const std::vector<Person>& people) {
    std::string out;
    base::JsonWriter json{out};
    json.begin_object().key("people").begin_array();
    for (const auto& one : people) {
        json.begin_object();
        write_person(json, one);
        json.end_object();
    }
    json.end_array().end_object();
    return out + '\n';
}

std::string person_json(const Person& person, bool changed) {
    std::string out;
    base::JsonWriter json{out};
    json.begin_object();
    write_person(json, person);
    json.member("changed", changed).end_object();
    return out + '\n';
}

std::string bans_table(const std::vector<base::Ban>& bans) {
    std::vector<Row> rows{{"NAME", "FROM", "UNTIL", "BY", "REASON"}};
    for (const auto& one : bans)
        rows.push_back({one.name, room_in_words(one.room),
                        one.until_ms ? time_text(*one.until_ms) : "for good", one.by, one.reason});
    return table(std::move(rows));
}

std::string bans_json(const std::vector<base::Ban>& bans) {
    std::string out;
    base::JsonWriter json{out};
    json.begin_object().key("bans").begin_array();
    for (const auto& one : bans) {
        json.begin_object();
        write_ban(json, one);
        json.end_object();
    }
    json.end_array().end_object();
    return out + '\n';
}

std::string ban_json(const base::Ban& ban, bool changed) {
    std::string out;
    base::JsonWriter json{out};
    json.begin_object();
    write_ban(json, ban);
    json.member("lifted", ban.lifted).member("changed", changed).end_object();
    return out + '\n';
}

std::string rooms_table(const std::vector<base::RoomSettings>& rooms) {
    std::vector<Row> rows{{"ROOM", "READERS", "WRITERS", "SLOW-MODE", "RETENTION", "BY", "TOPIC"}};
    for (const auto& one : rooms)
        rows.push_back({one.room, circle_text(one.readers), circle_text(one.writers), slow_text(one.slow_s),
                        kept_text(one.retention_days), one.by, one.topic});
    return table(std::move(rows));
}

std::string rooms_json(const std::vector<base::RoomSettings>& rooms) {
    std::string out = "{\"rooms\":[";
    for (const auto& one : rooms) (out += out.back() == '[' ? "" : ",") += room_object(one);
    return out + "]}\n";
}

std::string room_facts(const base::RoomSettings& room) {
    return table({{"room", room.room},
                  {"topic", room.topic},
                  {"readers", circle_text(room.readers)},
                  {"writers", circle_text(room.writers)},
                  {"slow-mode", slow_text(room.slow_s)},
                  {"retention", kept_text(room.retention_days)},
                  {"set by", room.by}});
}

std::string room_json(const base::RoomSettings& room) { return room_object(room) + '\n'; }

std::string span_text(std::int64_t seconds) {
    for (const auto& unit : units)
        if (seconds % unit.seconds == 0) return fmt::format("{}{}", seconds / unit.seconds, unit.letter);
    return {};
}

std::int64_t read_span(const std::string& option, const std::string& text) {
    std::int64_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    const std::string_view letter{end, static_cast<std::size_t>(text.data() + text.size() - end)};
    for (const auto& unit : units)
        if (error == std::errc{} && letter == std::string_view{&unit.letter, 1} && count > 0 &&
            count <= span_s_max / unit.seconds)
            return count * unit.seconds;
    throw std::invalid_argument(fmt::format("{} {}: give a number and s, m, h, d or w, as 5s or 2d", option,
                                            base::one_printable_line(text)));
}

}  // namespace davenport::node::program
