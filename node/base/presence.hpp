#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace davenport::base {

class JsonView;

/// Who is in which room, by one node's own clients.
using People = std::map<std::string, std::set<std::string>>;

/// What a node tells the others of who is there: one document for a journal, without any of a message's
/// fields.
struct Presence {
    std::string journal;  ///< the node's uuid
    std::string node;     ///< its name
    People people;
    std::string
        run{};  ///< the life of that node in which it was written; empty: an older version did not say
    friend bool operator==(const Presence&, const Presence&) = default;
};

inline constexpr std::string_view presence_id_lead = "davenport-presence:";
std::string presence_id(std::string_view journal);

/// The document's JSON text. `revision`: of the one that it replaces, or empty. At most some hundred names a
/// room, and a few thousand in all: a document is for reading.
std::string to_document(const Presence& presence, std::string_view revision);
/// Nothing when the document is no presence.
std::optional<Presence> read_presence(const JsonView& document);

}  // namespace davenport::base
