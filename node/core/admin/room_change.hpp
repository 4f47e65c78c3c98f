#pragma once

#include "node/base/policy.hpp"
#include "node/base/time.hpp"
#include "node/core/admin/document_change.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The documents of rooms' settings, as an operator sees and changes them. Pure functions, for
/// DocumentChange.
namespace davenport::node {

struct RoomsFound {
    std::vector<base::RoomSettings> rooms;  ///< those that have settings, by name
    std::vector<std::string> nonsense;      ///< of each document that counts for nothing: its id, and why
};
RoomsFound read_rooms(const std::vector<StoreDocument>& documents);

/// What is to change; what is not given stays.
struct RoomChange {
    std::string room;
    std::string by;
    std::optional<std::string> topic{};
    /// In the outer one nothing: it stays; in the inner one nothing: everybody.
    std::optional<std::optional<base::Circle>> readers{}, writers{};
    std::optional<std::int64_t> slow_s{};
    std::optional<std::int64_t> retention_days{};
};
/// Nothing when the room is so already. AdminError when what comes out makes no sense.
std::optional<StoreDocument> write_room(const std::vector<StoreDocument>& documents, const RoomChange& change,
                                        base::WallTime now);

/// One of "everybody", "nobody", or names and roles, as "anna,role:staff"; several are joined by commas, and
/// a comma or a backslash in a name stands behind a backslash. "name:" and "role:" say which it is; without,
/// it is a name. Throws std::invalid_argument with what is wrong.
std::optional<base::Circle> parse_circle(std::string_view text);
/// What parse_circle() reads.
std::string circle_text(const std::optional<base::Circle>& circle);

}  // namespace davenport::node
