#include "node/core/admin/ban_change.hpp"

#include "node/base/closest.hpp"
#include "node/base/json_view.hpp"
#include "node/base/message_id.hpp"
#include "node/base/names.hpp"
#include "node/base/text.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include <fmt/format.h>

namespace davenport::node {
namespace {

constexpr std::string_view admin_nonce = "admin";

struct BanDocument {
    std::string id, key;
    base::Ban ban;

    /// As Policies::first_of() ranks them.
    [[nodiscard]] auto rank() const {
        return std::tuple{std::string_view{key}, !ban.lifted, std::string_view{id}};
    }
};

/// The one that counts, by base::ban_subject().
using Counting = std::map<std::string, BanDocument, std::less<>>;

Counting counting_of(const std::vector<StoreDocument>& documents, std::vector<std::string>& nonsense) {
    Counting out;
    base::JsonReader reader;
    for (const auto& [id, json] : documents) {
        const auto document = reader.read(json);
        if (!id.starts_with(base::ban_id_lead) || !document) continue;
        const auto read = base::read_policy(id, *document);
        if (!read.policy) {
            nonsense.push_back(fmt::format("{}: {}", base::one_printable_line(id), read.problem));
            continue;
        }
        BanDocument one{id, read.policy->key, std::get<base::Ban>(read.policy->what)};
        const auto [at, is_new] = out.try_emplace(base::ban_subject(one.ban.room, one.ban.name), one);
        if (!is_new && at->second.rank() < one.rank()) at->second = std::move(one);
    }
    return out;
}

/// The members that a node writes of a ban, each set or taken out.
std::vector<std::pair<std::string_view, std::string>> members_of(const base::Ban& ban, std::string_view key) {
    return {{"v", "1"},
            {"what", json_text("ban")},
            {"who", json_text(ban.name)},
            {"room", json_text(ban.room)},
            {"by", json_text(ban.by)},
            {"at", json_text(key)},
            {"reason", ban.reason.empty() ? std::string{} : json_text(ban.reason)},
            {"until",
             ban.until_ms ? json_text(base::iso8601(base::wall_from_unix_ms(*ban.until_ms))) : std::string{}},
            {"lifted", ban.lifted ? "true" : ""}};
}

}  // namespace

std::string key_above(std::string_view above, base::WallTime now) {
    base::MessageKey key{base::unix_ms(now), 0, std::string{admin_nonce}};
    if (const auto last = base::MessageKey::parse(above); last && key.text() <= above)
        key.unix_ms = last->unix_ms + 1;
    return key.text();
}

std::string room_in_words(std::string_view room) {
    return room == base::everywhere ? std::string{"all rooms"} : std::string{room};
}

BansFound read_bans(const std::vector<StoreDocument>& documents) {
    BansFound out;
    for (auto& [subject, one] : counting_of(documents, out.nonsense)) out.bans.push_back(std::move(one.ban));
    std::ranges::sort(out.bans, {}, [](const auto& ban) { return std::tie(ban.name, ban.room); });
    return out;
}

std::optional<StoreDocument> write_ban(const std::vector<StoreDocument>& documents, const base::Ban& ban,
                                       base::WallTime now) {
    std::vector<std::string> ignored;
    const auto counting = counting_of(documents, ignored);
    const auto subject = base::ban_subject(ban.room, ban.name);
    const auto before = counting.find(subject);
    auto after = ban;
    if (before != counting.end()) {
        const auto& last = before->second.ban;
        after.name = last.name;
        if (ban.lifted) after = last, after.lifted = true, after.by = ban.by;
        if (after == last && (last.lifted || last.in_force(now))) return std::nullopt;
    }
    const auto id = base::ban_id(ban.room, ban.name);
    const auto there = std::ranges::find(documents, id, &StoreDocument::id);
    std::string_view json = "{}";
    if (there != documents.end()) {
        json = there->json;
        base::JsonReader reader;
        const auto read = base::read_policy(id, *reader.read(json));
        const auto* other = read.policy ? std::get_if<base::Ban>(&read.policy->what) : nullptr;
        if (other && base::ban_subject(other->room, other->name) != subject)
            throw AdminError(
                fmt::format("the document {} is about {} in {}, against its id: give it another "
                            "id by hand, or delete it",
                            id, base::one_printable_line(other->name), room_in_words(other->room)));
    }
    auto members = members_of(after, key_above(before == counting.end() ? "" : before->second.key, now));
    members.insert(members.begin(), {"_id", json_text(id)});
    return StoreDocument{id, with_members(json, members)};
}

AdminError not_banned(const BansFound& found, std::string_view room, std::string_view name,
                      base::WallTime now) {
    std::vector<std::string_view> names;
    std::string elsewhere;
    for (const auto& ban : found.bans) {
        if (!ban.in_force(now)) continue;
        if (base::folded_name(ban.name) == base::folded_name(name))
            elsewhere = ban.room == base::everywhere ? "--everywhere" : "--room " + ban.room;
        else
            names.push_back(ban.name);
    }
    const auto near = base::closest(name, names);
    return AdminError{fmt::format("{} is not banned from {}{}", base::one_printable_line(name),
                                  room_in_words(room),
                                  !elsewhere.empty() ? fmt::format(", but there is a ban {}", elsewhere)
                                  : !near.empty()    ? fmt::format("; did you mean {}?", near)
                                                     : "; `bans list` shows all bans")};
}

}  // namespace davenport::node
