#include "node/core/admin/room_change.hpp"

#include "node/base/json_view.hpp"
#include "node/base/json_writer.hpp"
#include "node/base/names.hpp"
#include "node/base/text.hpp"
#include "node/core/admin/ban_change.hpp"
#include "node/core/admin/people.hpp"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace davenport::node {
namespace {

constexpr std::string_view everybody = "everybody", nobody = "nobody",
                           name_lead = "name:", role_lead = "role:";

std::string circle_json(const std::optional<base::Circle>& circle) {
    if (!circle) return {};
    std::string out;
    base::JsonWriter json{out};
    json.begin_object().key("names").begin_array();
    for (const auto& name : circle->names) json.value(name);
    json.end_array().key("roles").begin_array();
    for (const auto& role : circle->roles) json.value(role);
    json.end_array().end_object();
    return out;
}

std::string count_json(std::int64_t count) { return count > 0 ? std::to_string(count) : std::string{}; }

base::RoomSettings with(base::RoomSettings settings, const RoomChange& change) {
    settings.by = change.by;
    if (change.topic) settings.topic = *change.topic;
    if (change.readers) settings.readers = *change.readers;
    if (change.writers) settings.writers = *change.writers;
    if (change.slow_s) settings.slow_s = *change.slow_s;
    if (change.retention_days) settings.retention_days = *change.retention_days;
    return settings;
}

std::vector<std::string> split(std::string_view text) {
    std::vector<std::string> out{{}};
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == ',')
            out.emplace_back();
        else if (text[i] == '\\' && i + 1 < text.size())
            out.back() += text[++i];
        else
            out.back() += text[i];
    }
    return out;
}

void add_name(std::string_view text, base::Circle& circle) {
    const auto name = base::prepare_name(text);
    if (!name.problem.empty())
        throw std::invalid_argument(fmt::format("'{}': {}", base::one_printable_line(text), name.problem));
    circle.names.insert(base::folded_name(name.text));
}

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == ',' || c == '\\') out += '\\';
        out += c;
    }
    return out;
}

}  // namespace

RoomsFound read_rooms(const std::vector<StoreDocument>& documents) {
    RoomsFound out;
    base::JsonReader reader;
    for (const auto& [id, json] : documents) {
        const auto document = reader.read(json);
        if (!id.starts_with(base::room_id_lead) || !document) continue;
        auto read = base::read_policy(id, *document);
        if (read.policy)
            out.rooms.push_back(std::get<base::RoomSettings>(std::move(read.policy->what)));
        else
            out.nonsense.push_back(fmt::format("{}: {}", base::one_printable_line(id), read.problem));
    }
    std::ranges::sort(out.rooms, {}, &base::RoomSettings::room);
    return out;
}

std::optional<StoreDocument> write_room(const std::vector<StoreDocument>& documents, const RoomChange& change,
                                        base::WallTime now) {
    const auto id = base::room_settings_id(change.room);
    const auto there = std::ranges::find(documents, id, &StoreDocument::id);
    std::string_view json = "{}";
    std::string last_key;
    base::JsonReader reader;
    if (there != documents.end()) {
        json = there->json;
        const auto read = base::read_policy(id, *reader.read(json));
        if (read.policy) {
            const auto& before = std::get<base::RoomSettings>(read.policy->what);
            auto after = with(before, change);
            after.by = before.by;
            if (after == before) return std::nullopt;
            last_key = read.policy->key;
        }
    }
    std::vector<std::pair<std::string_view, std::string>> members{
        {"_id", json_text(id)},       {"v", "1"},
        {"what", json_text("room")},  {"room", json_text(change.room)},
        {"by", json_text(change.by)}, {"at", json_text(key_above(last_key, now))}};
    if (change.topic) members.emplace_back("topic", change.topic->empty() ? "" : json_text(*change.topic));
    if (change.readers) members.emplace_back("readers", circle_json(*change.readers));
    if (change.writers) members.emplace_back("writers", circle_json(*change.writers));
    if (change.slow_s) members.emplace_back("slow_s", count_json(*change.slow_s));
    if (change.retention_days) members.emplace_back("retention_days", count_json(*change.retention_days));
    StoreDocument out{id, with_members(json, members)};
    const auto read = base::read_policy(id, *reader.read(out.json));
    if (!read.policy)
        throw AdminError(
            fmt::format("the settings of {} would make no sense: {}; what stands in the store "
                        "as {} may have to be mended by hand",
                        change.room, read.problem, id));
    return out;
}

std::optional<base::Circle> parse_circle(std::string_view text) {
    if (text == everybody) return std::nullopt;
    base::Circle out;
    if (text == nobody) return out;
    for (const auto& one : split(text)) {
        if (one == everybody || one == nobody)
            throw std::invalid_argument(
                fmt::format("'{}' stands alone; somebody of that name is {}{}", one, name_lead, one));
        if (one.starts_with(role_lead)) {
            const auto role = std::string_view{one}.substr(role_lead.size());
            // "_admin" is what the server's own administrators have.
            if (const auto problem = role == "_admin" ? std::string_view{} : role_problem(role);
                !problem.empty())
                throw std::invalid_argument(fmt::format("'{}': {}", base::one_printable_line(one), problem));
            out.roles.emplace(role);
        } else {
            add_name(one.starts_with(name_lead) ? std::string_view{one}.substr(name_lead.size()) : one, out);
        }
    }
    if (out.names.size() > base::circle_max || out.roles.size() > base::circle_max)
        throw std::invalid_argument(
            fmt::format("at most {} names and as many roles: give them a role", base::circle_max));
    return out;
}

std::string circle_text(const std::optional<base::Circle>& circle) {
    if (!circle) return std::string{everybody};
    std::vector<std::string> parts;
    for (const auto& name : circle->names) {
        const bool is_plain = name != everybody && name != nobody && !name.starts_with(name_lead) &&
                              !name.starts_with(role_lead);
        parts.push_back(is_plain ? escaped(name) : escaped(std::string{name_lead} + name));
    }
    for (const auto& role : circle->roles) parts.push_back(escaped(std::string{role_lead} + role));
    return parts.empty() ? std::string{nobody} : fmt::format("{}", fmt::join(parts, ","));
}

}  // namespace davenport::node
