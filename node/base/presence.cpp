#include "node/base/presence.hpp"

#include "node/base/json_view.hpp"
#include "node/base/json_writer.hpp"
#include "node/base/text.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace davenport::base {
namespace {

constexpr std::size_t names_max = 5'000;
constexpr std::size_t crowd_max = 100'000'000;

}  // namespace

std::string presence_id(std::string_view journal) {
    return std::string{presence_id_lead} + std::string{journal};
}

std::string to_document(const Presence& presence, std::string_view revision) {
    std::string out;
    JsonWriter json{out};
    json.begin_object().member("_id", presence_id(presence.journal));
    if (!revision.empty()) json.member("_rev", revision);
    json.member("v", 1).member("node", presence.node);
    if (!presence.run.empty()) json.member("run", presence.run);
    if (presence.asks) json.member("asks", true);
    json.key("people").begin_object();
    std::size_t written = 0;
    std::vector<std::pair<std::string_view, std::size_t>> crowds;
    for (const auto& [room, people] : presence.people) {
        if (people.crowd > 0 || written + people.names.size() > names_max) {
            crowds.emplace_back(room, people.count());
            continue;
        }
        json.key(room).begin_array();
        for (const auto& name : people.names) json.value(name);
        json.end_array();
        written += people.names.size();
    }
    json.end_object();
    if (!crowds.empty()) {
        json.key("crowds").begin_object();
        for (const auto& [room, count] : crowds) json.member(room, count);
        json.end_object();
    }
    json.end_object();
    return out;
}

std::optional<Presence> read_presence(const JsonView& document) {
    const auto id = string_member(document, "_id");
    if (!id || !id->starts_with(presence_id_lead) || bool_member(document, "_deleted")) return std::nullopt;
    const auto rooms = document.member("people");
    if (!rooms || !rooms->is_object()) return std::nullopt;
    Presence out{std::string{id->substr(presence_id_lead.size())},
                 text_member(document, "node"),
                 {},
                 text_member(document, "run"),
                 bool_member(document, "asks")};
    std::size_t read = 0;
    rooms->each_member([&](std::string_view room, const JsonView& names) {
        if (!is_room_name(room)) return;
        names.each_item([&](const JsonView& item) {
            const auto name = item.string();
            if (name && ++read <= names_max && is_user_name(*name))
                out.people[std::string{room}].names.emplace(*name);
        });
    });
    if (const auto crowds = document.member("crowds"))
        crowds->each_member([&](std::string_view room, const JsonView& count) {
            const auto number = count.integer();
            if (is_room_name(room) && number && *number > 0 && ++read <= names_max)
                out.people[std::string{room}] = {{}, std::min(static_cast<std::size_t>(*number), crowd_max)};
        });
    return out;
}

}  // namespace davenport::base
