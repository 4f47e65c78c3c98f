#pragma once

#include "node/base/time.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>

/// Policies: documents of the chat's database that say what holds in it. A ban says who may not take part, a
/// room's settings say what the room is and who may read and write there. Pure functions; a policy that a
/// node wrote and one that somebody wrote by hand count alike.
namespace davenport::base {

class JsonView;

/// What the ids of such documents begin with. No room's name has a '~', so no message has such an id.
inline constexpr std::string_view ban_id_lead = "davenport-ban~";
inline constexpr std::string_view room_id_lead = "davenport-room~";
/// In place of a room's name: the ban holds in all rooms.
inline constexpr std::string_view everywhere = "*";

[[nodiscard]] inline bool is_policy_id(std::string_view id) {
    return id.starts_with(ban_id_lead) || id.starts_with(room_id_lead);
}

/// Somebody may not take part.
struct Ban {
    std::string name;  ///< prepared; compared as folded_name() has it
    std::string room;  ///< or `everywhere`
    std::string by{};  ///< the moderator; empty: nobody says
    std::string reason{};
    std::optional<std::int64_t> until_ms{};  ///< since 1970; nothing: for good
    bool lifted = false;

    [[nodiscard]] bool in_force(WallTime now) const {
        return !lifted && (!until_ms || unix_ms(now) < *until_ms);
    }
    friend bool operator==(const Ban&, const Ban&) = default;
};

/// Some of those who have accounts.
struct Circle {
    std::set<std::string, std::less<>> names;  ///< as folded_name() has them
    std::set<std::string, std::less<>> roles;  ///< of accounts, compared as they are
    friend bool operator==(const Circle&, const Circle&) = default;
};

/// What a room is.
struct RoomSettings {
    std::string room;
    std::string topic{};
    std::string by{};                 ///< who set it; empty: nobody says
    std::optional<Circle> readers{};  ///< they alone may read; nothing: everybody may
    std::optional<Circle> writers{};  ///< of those who may read, they alone may write; nothing: all
    std::int64_t slow_s = 0;          ///< seconds between two posts of one person; 0: no limit
    std::int64_t retention_days = 0;  ///< how long messages are kept; 0: for ever
    friend bool operator==(const RoomSettings&, const RoomSettings&) = default;
};

inline constexpr std::size_t ban_reason_bytes_max = 500;
inline constexpr std::size_t topic_bytes_max = 1000;
inline constexpr std::size_t circle_max = 500;  ///< names, and as many roles
inline constexpr std::int64_t slow_s_max = 86'400;
inline constexpr std::int64_t retention_days_max = 36'500;
/// Who is shown to have removed what was older than that.
inline constexpr std::string_view removed_by_retention = "retention";
/// A longer document is no policy.
inline constexpr std::size_t policy_bytes_max = 64 * 1024;

struct Policy {
    std::string key;  ///< orders the states of one policy, as the text of a MessageKey: the highest counts.
                      ///< Empty, below all others: whoever wrote it gave none
    std::variant<Ban, RoomSettings> what;
};

/// The document that a node writes for a ban of this name in this room (or `everywhere`).
std::string ban_id(std::string_view room, std::string_view name);
std::string room_settings_id(std::string_view room);
/// Equal for all bans that are about the same: those of one name in one room, whatever their documents' ids.
std::string ban_subject(std::string_view room, std::string_view name);

/// The document's JSON text, without the members that are the store's (`_id`, `_rev`).
std::string policy_body(const Ban& ban, std::string_view key);
std::string policy_body(const RoomSettings& settings, std::string_view key);
/// The settings as clients are told them and as they set them: members of a JSON object, without braces.
void append_room_members(std::string& out, const RoomSettings& settings);

/// A document with a policy's id, read.
struct PolicyReading {
    std::optional<Policy> policy{};  ///< nothing: it makes no sense, see `problem`
    std::string_view problem{};      ///< in words that say what to do
    std::string body{};              ///< as policy_body(); "{}" of one that makes no sense
};
/// `document`: with or without the store's members.
PolicyReading read_policy(std::string_view id, const JsonView& document);

/// Reads the members of `settings` that clients may set (all but room and by). Those that are not there are
/// not set. The problem, or empty.
std::string_view read_room_members(const JsonView& object, RoomSettings& settings);

}  // namespace davenport::base
