#pragma once

#include "node/base/json_view.hpp"
#include "node/base/policy.hpp"
#include "node/base/search.hpp"
#include "node/core/clients/resume.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace davenport::node {

// What a client may say (node/PROTOCOL.md), read and checked for its form; whether a post is acceptable is
// another question.
struct Hello {
    std::string user;
};
struct Join {
    JoinRequest request;
};
struct Leave {
    std::string room;
};
struct PostFrame {
    std::string room, key, text, host, secret;
};
struct ChangeFrame {
    std::string id, key, text, secret;
    bool removes;
};
struct BanFrame {
    std::string room, name, key, reason, until;  ///< `room` empty: everywhere
    bool lifts;
};
struct RoomFrame {
    std::string room;
};  ///< asks what the room is
struct SetRoomFrame {
    std::string key;
    base::RoomSettings settings;
};
struct History {
    std::string room, before;
    std::size_t limit;
};
struct SearchFrame {
    base::SearchQuery query;
};
struct Ping {};
struct Malformed {
    std::string reason;  ///< told to the client, in words that say how to mend it
    std::string key{};   ///< of what is answered by its key; empty when it has none that can be read
};

using ClientFrame = std::variant<Hello, Join, Leave, PostFrame, ChangeFrame, BanFrame, RoomFrame,
                                 SetRoomFrame, History, SearchFrame, Ping, Malformed>;

/// Reads the place where older results go on, as an answer gave it.
bool read_search_place(std::string_view text, std::int64_t& into);

/// So long is what is looked for at most: each word costs a look into the index.
inline constexpr std::size_t search_text_bytes_max = 1000;
/// The most that one search gives.
inline constexpr std::size_t search_results_max = 100;

/// `reader`: for this frame alone, its memory for all of them. `history_default`: how many messages a fresh
/// join gets when the client does not say.
ClientFrame read_client_frame(base::JsonReader& reader, std::string_view text, std::size_t history_default);

}  // namespace davenport::node
