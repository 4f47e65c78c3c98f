#include "node/base/policy.hpp"

#include "node/base/json_view.hpp"
#include "node/base/json_writer.hpp"
#include "node/base/message_id.hpp"
#include "node/base/names.hpp"
#include "node/base/text.hpp"

namespace davenport::base {
namespace {

/// The member as it is, but not of another type: false then. What is not there, or null, is left as it is.
bool read_string(const JsonView& object, std::string_view name, std::string& into) {
    const auto member = object.member(name);
    if (!member || member->is_null()) return true;
    const auto text = member->string();
    if (text) into = *text;
    return text.has_value();
}

bool read_bool(const JsonView& object, std::string_view name, bool& into) {
    const auto member = object.member(name);
    if (!member || member->is_null()) return true;
    const auto value = member->boolean();
    if (value) into = *value;
    return value.has_value();
}

bool read_count(const JsonView& object, std::string_view name, std::int64_t most, std::int64_t& into) {
    const auto member = object.member(name);
    if (!member || member->is_null()) return true;
    const auto value = member->integer();
    if (!value || *value < 0 || *value > most) return false;
    into = *value;
    return true;
}

/// A list of strings, none of them empty. `fold`: they are names.
bool read_list(const JsonView& object, std::string_view name, bool fold,
               std::set<std::string, std::less<>>& into) {
    const auto member = object.member(name);
    if (!member || member->is_null()) return true;
    bool good = true;
    const bool is_list = member->each_item([&](const JsonView& item) {
        const auto text = item.string();
        if (!text || text->empty() || text->size() > 256 || into.size() >= circle_max) {
            good = false;
            return;
        }
        into.insert(fold ? folded_name(*text) : std::string{*text});
    });
    return good && is_list;
}

bool read_circle(const JsonView& object, std::string_view name, std::optional<Circle>& into) {
    const auto member = object.member(name);
    if (!member || member->is_null()) return true;
    if (!member->is_object()) return false;
    Circle circle;
    if (!read_list(*member, "names", true, circle.names) || !read_list(*member, "roles", false, circle.roles))
        return false;
    into = std::move(circle);
    return true;
}

void write_circle(JsonWriter& json, std::string_view name, const std::optional<Circle>& circle) {
    if (!circle) return;
    json.key(name).begin_object().key("names").begin_array();
    for (const auto& one : circle->names) json.value(one);
    json.end_array().key("roles").begin_array();
    for (const auto& one : circle->roles) json.value(one);
    json.end_array().end_object();
}

void write_room_members(JsonWriter& json, const RoomSettings& settings) {
    json.member("topic", settings.topic);
    write_circle(json, "readers", settings.readers);
    write_circle(json, "writers", settings.writers);
    if (settings.slow_s > 0) json.member("slow_s", settings.slow_s);
    if (settings.retention_days > 0) json.member("retention_days", settings.retention_days);
}

/// Who wrote it and when; a key that cannot be read is none.
std::string read_origin(const JsonView& document, std::string& by) {
    const auto name = string_member(document, "by").value_or("");
    if (is_user_name(name)) by = name;
    const auto key = MessageKey::parse(string_member(document, "at").value_or(""));
    return key ? key->text() : std::string{};
}

std::string_view read_ban(const JsonView& document, Ban& ban) {
    std::string who, until;
    if (string_member(document, "what") != "ban") return "`what` of a ban is \"ban\"";
    if (!read_string(document, "who", who)) return "`who` is the name of the banned";
    auto name = prepare_name(who);
    if (!name.problem.empty()) return "`who` is the name of the banned";
    ban.name = std::move(name.text);
    if (!read_string(document, "room", ban.room) || (ban.room != everywhere && !is_room_name(ban.room)))
        return "`room` is a room's name, or \"*\" for all rooms";
    if (!read_string(document, "reason", ban.reason) || ban.reason.size() > ban_reason_bytes_max)
        return "`reason` is at most 500 bytes of text";
    if (!read_string(document, "until", until)) return "`until` is a time in ISO 8601";
    if (!until.empty()) {
        const auto end = parse_datetime(until);
        if (!end) return "`until` is a time in ISO 8601";
        ban.until_ms = unix_ms(*end);
    }
    if (!read_bool(document, "lifted", ban.lifted)) return "`lifted` is true or false";
    return {};
}

std::string_view read_room(std::string_view id, const JsonView& document, RoomSettings& settings) {
    if (string_member(document, "what") != "room") return "`what` of a room is \"room\"";
    settings.room = id.substr(room_id_lead.size());
    if (!is_room_name(settings.room)) return "its id ends with the room's name";
    const auto named = document.member("room");
    if (named && named->string() != std::string_view{settings.room}) return "`room` is the room of its id";
    return read_room_members(document, settings);
}

/// All members but the store's.
std::string body_of(const JsonView& document) {
    std::string out{"{"};
    document.each_member([&](std::string_view key, const JsonView& value) {
        if (key.starts_with('_')) return;
        if (out.size() > 1) out += ',';
        append_json_string(out, key);
        out += ':';
        out += value.text();
    });
    return out + '}';
}

}  // namespace

std::string ban_id(std::string_view room, std::string_view name) {
    return std::string{ban_id_lead}.append(room).append("~").append(folded_name(name));
}

std::string room_settings_id(std::string_view room) { return std::string{room_id_lead}.append(room); }

std::string ban_subject(std::string_view room, std::string_view name) {
    return std::string{room}.append("\n").append(folded_name(name));
}

std::string policy_body(const Ban& ban, std::string_view key) {
    std::string out;
    JsonWriter json{out};
    json.begin_object().member("v", 1).member("what", "ban").member("who", ban.name);
    json.member("room", ban.room).member("by", ban.by).member("at", key);
    if (!ban.reason.empty()) json.member("reason", ban.reason);
    if (ban.until_ms) json.member("until", iso8601(wall_from_unix_ms(*ban.until_ms)));
    if (ban.lifted) json.member("lifted", true);
    json.end_object();
    return out;
}

std::string policy_body(const RoomSettings& settings, std::string_view key) {
    std::string out;
    JsonWriter json{out};
    json.begin_object().member("v", 1).member("what", "room").member("room", settings.room);
    json.member("by", settings.by).member("at", key);
    write_room_members(json, settings);
    json.end_object();
    return out;
}

void append_room_members(std::string& out, const RoomSettings& settings) {
    std::string object;
    JsonWriter json{object};
    json.begin_object();
    write_room_members(json, settings);
    json.end_object();
    out.append(object, 1, object.size() - 2);
}

std::string_view read_room_members(const JsonView& object, RoomSettings& settings) {
    if (!read_string(object, "topic", settings.topic) || settings.topic.size() > topic_bytes_max)
        return "`topic` is at most 1000 bytes of text";
    if (!read_circle(object, "readers", settings.readers) ||
        !read_circle(object, "writers", settings.writers))
        return "`readers` and `writers` are {\"names\": [...], \"roles\": [...]}, at most 500 of each";
    if (!read_count(object, "slow_s", slow_s_max, settings.slow_s))
        return "`slow_s` is a number of seconds, at most a day";
    if (!read_count(object, "retention_days", retention_days_max, settings.retention_days))
        return "`retention_days` is a number of days, at most 36500";
    return {};
}

PolicyReading read_policy(std::string_view id, const JsonView& document) {
    PolicyReading out{.body = "{}"};
    if (!document.is_object()) return out.problem = "a policy is a JSON object", out;
    auto body = body_of(document);
    Policy policy;
    if (body.size() > policy_bytes_max) {
        out.problem = "it is longer than 64 KiB";
    } else if (id.starts_with(ban_id_lead)) {
        Ban ban;
        out.problem = read_ban(document, ban);
        policy.key = read_origin(document, ban.by);
        policy.what = std::move(ban);
    } else {
        RoomSettings settings;
        out.problem = read_room(id, document, settings);
        policy.key = read_origin(document, settings.by);
        policy.what = std::move(settings);
    }
    if (!out.problem.empty()) return out;
    out.policy = std::move(policy);
    out.body = std::move(body);
    return out;
}

}  // namespace davenport::base
