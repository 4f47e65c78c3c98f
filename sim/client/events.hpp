#pragma once

#include "node/base/http.hpp"
#include "node/base/time.hpp"
#include "sim/record/record.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

/// The messages between a simulated client and its world: events to it, effects from it.
namespace davenport::sim::client {

// ---- events, from the world
struct Connected {};  ///< the WebSocket handshake is done
struct Disconnected {
    std::string reason;
};  ///< or the attempt failed
struct Received {
    std::string frame;
};
struct Answered {
    std::uint64_t request;
    std::string error;
    base::HttpResponse response;
};  ///< to an Ask; `error`: what broke instead
struct TimerFired {
    std::uint32_t timer;
};
struct Post {
    std::string room;
    int size_bytes;
    base::Time due;
};  ///< a message is due
struct Change {
    bool removes;
    base::Time due;
};  ///< an edit or a removal of one of its last messages is due
struct Hop {
    std::string node;
};  ///< go on at another node
struct Vanish {
    base::Duration away;
};  ///< cut the connection without a word, come back later
struct AskHistory {
    std::string room;
};                ///< page through the whole history of the room; ends with HistoryRead
struct Retry {};  ///< send the newest answered message once more, as if its answer had been lost
struct Garbage {
    std::string frame;
};  ///< send this as it is
using Event = std::variant<Connected, Disconnected, Received, TimerFired, Post, Hop, Vanish, AskHistory,
                           Retry, Garbage, Answered, Change>;

// ---- effects, for the world to perform
struct Connect {
    std::string node;
};                     ///< answer with Connected or Disconnected
struct Disconnect {};  ///< at once; no Disconnected follows
struct Send {
    std::string frame;
};
struct Ask {
    std::uint64_t request;
    std::string node;
    base::HttpRequest http;
    base::Duration patience;
};  ///< answer with Answered, within its patience
struct SetTimer {
    std::uint32_t timer;
    base::Time at;
};  ///< setting again moves it
struct Note {
    Record record;
};  ///< for the history; `at_us` and `client` are filled in
/// A message as a node's history has it.
struct HistoryItem {
    std::string msg, id;
    std::int64_t count = 0;  ///< the number of its edit, -1 when it is removed (then `msg` is empty)
    friend bool operator==(const HistoryItem&, const HistoryItem&) = default;
};
struct HistoryRead {
    std::string room;
    std::vector<HistoryItem> messages;
};  ///< oldest first
using Effect = std::variant<Connect, Disconnect, Send, SetTimer, Note, HistoryRead, Ask>;
using Effects = std::vector<Effect>;

}  // namespace davenport::sim::client
