#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace davenport::base {

class JsonView;

/// Who is in a room: everybody by name, or of a crowd only how many there are.
struct RoomPeople {
    /// More than so many at one node are a crowd.
    static constexpr std::size_t named_max = 500;

    std::set<std::string> names;
    std::size_t crowd = 0;  ///< connections, whatever their names

    [[nodiscard]] bool empty() const { return names.empty() && crowd == 0; }
    [[nodiscard]] std::size_t count() const { return names.size() + crowd; }
    friend bool operator==(const RoomPeople&, const RoomPeople&) = default;
};

/// Who is in which room, by one node's own clients.
using People = std::map<std::string, RoomPeople>;

/// What a node tells the others of who is there: one document for a journal, without any of a message's
/// fields.
struct Presence {
    std::string journal;  ///< the node's uuid
    std::string node;     ///< its name
    People people;
    std::string
        run{};  ///< the life of that node in which it was written; empty: an older version did not say
    /// The first word of a life, which knows nobody's: the others are to say theirs again.
    bool asks = false;
    friend bool operator==(const Presence&, const Presence&) = default;
};

inline constexpr std::string_view presence_id_lead = "davenport-presence:";
std::string presence_id(std::string_view journal);

/// The document's JSON text. `revision`: of the one that it replaces, or empty. At most a few thousand names
/// in all, a document is for reading: the rooms after those tell how many there are.
std::string to_document(const Presence& presence, std::string_view revision);
/// Nothing when the document is no presence.
std::optional<Presence> read_presence(const JsonView& document);

}  // namespace davenport::base
