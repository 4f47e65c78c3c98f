#pragma once

#include "node/base/chat_message.hpp"
#include "node/base/frame.hpp"
#include "node/base/policy.hpp"
#include "node/base/presence.hpp"
#include "node/base/search.hpp"
#include "node/core/log/history.hpp"
#include "node/core/store/store.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

/// What clients are told (node/PROTOCOL.md), as typed values; views live for the call. They become text at
/// once, in add() and append(): this is the hot path. What another transport than a WebSocket needs to know
/// besides goes along as a base::FrameMark.
namespace davenport::node::frames {

struct Welcome {
    std::string_view node, journal;
    base::WallTime now{};
    bool store_up = false;
    std::size_t backlog = 0;
    std::size_t text_bytes_max = 0;
    base::Duration clock_ahead{};  ///< of the store's clock, where that matters
    const std::string* signed_in =
        nullptr;  ///< as whom, where people have to sign in; null where they need not
    bool moderator = false;
    std::optional<Store::Progress> catching_up{};
};
struct Message {
    const base::ChatMessage& message;
    std::uint64_t n = 0;
    bool late = false;
};
/// A message that was edited or removed, whole, as it is now.
struct Changed {
    const base::ChatMessage& message;
    std::uint64_t n = 0;
};
struct Joined {
    std::string_view room, cursor;
    std::uint64_t n = 0;
    bool gap = false;
    std::string_view seen{};  ///< the highest position that the client was shown before, anywhere
};
struct GapClosed {
    std::string_view room;
};
struct CursorMoved {
    std::string_view room, cursor;
    std::uint64_t n = 0;
};
struct Accepted {
    std::string_view key, id;
};
struct Stored {
    std::string_view key, id;
};
struct Failed {
    std::string_view key, id, reason;
};
/// A change that was overtaken: another one counts more.
struct Superseded {
    std::string_view key, id, reason;
    std::string_view above{};  ///< the key that counts more, of what moderators decide
};
struct Refused {
    std::string_view key, code, reason;
    std::int64_t retry_ms = 0;  ///< the same post may be repeated after that time; 0: never
    std::size_t max = 0;        ///< the bound that was exceeded, where one was
    std::string_view until{};   ///< the end of the ban that is the reason, where it has one
    std::string_view room{};    ///< of what was no post: the room that it was about
};
/// What a room is; without settings it is as all are.
struct RoomInfo {
    std::string_view room;
    const base::RoomSettings* settings = nullptr;
};
/// What this client may do has changed.
struct Role {
    bool moderator = false;
};
/// From here on the client does not follow this room.
struct PutOut {
    std::string_view room, code, reason, until;
};
struct StoreState {
    bool up = false;
    std::size_t backlog = 0;
    base::Duration clock_ahead{};                  ///< as Welcome's
    std::optional<Store::Progress> catching_up{};  ///< a new node reads what the store had before it
};
/// Who is in a room: the first `most` names, of a crowd none, and how many there are.
struct People {
    std::string_view room;
    const base::RoomPeople& people;
    std::size_t most = 0;
};
/// Names in a room that people take for one another; the first is known for longest.
struct Alike {
    std::string_view room;
    const std::vector<std::string>& names;
};
struct Page {
    std::string_view room;
    const HistoryPage& page;
    std::size_t bytes_max = 0;
};
struct Found {
    const base::SearchQuery& query;
    const base::SearchAnswer& answer;
};
struct Bye {
    std::string_view reason;
};
struct Error {
    std::string_view reason;
};
struct Pong {
    base::WallTime now{};
};

// Adds the frame to a batch.
void add(base::FrameBatch& batch, const Welcome& frame);
void add(base::FrameBatch& batch, const Message& frame);
void add(base::FrameBatch& batch, const Changed& frame);
void add(base::FrameBatch& batch, const Joined& frame);
void add(base::FrameBatch& batch, const GapClosed& frame);
void add(base::FrameBatch& batch, const CursorMoved& frame);
void add(base::FrameBatch& batch, const Accepted& frame);
void add(base::FrameBatch& batch, const Stored& frame);
void add(base::FrameBatch& batch, const Failed& frame);
void add(base::FrameBatch& batch, const Superseded& frame);
void add(base::FrameBatch& batch, const Refused& frame);
void add(base::FrameBatch& batch, const RoomInfo& frame);
void add(base::FrameBatch& batch, const Role& frame);
void add(base::FrameBatch& batch, const PutOut& frame);
void add(base::FrameBatch& batch, const StoreState& frame);
void add(base::FrameBatch& batch, const People& frame);
void add(base::FrameBatch& batch, const Alike& frame);
void add(base::FrameBatch& batch, const Page& frame);
void add(base::FrameBatch& batch, const Found& frame);
void add(base::FrameBatch& batch, const Bye& frame);
void add(base::FrameBatch& batch, const Error& frame);
void add(base::FrameBatch& batch, const Pong& frame);

/// A batch of this one frame.
template <class Frame>
base::Frames only(const Frame& frame) {
    auto batch = std::make_shared<base::FrameBatch>();
    add(*batch, frame);
    return batch;
}

// The same as they stand in the REST API: JSON members, without the braces and without `t`.
void append_members(std::string& out, const Page& frame);
void append_members(std::string& out, const Found& frame);
void append_members(std::string& out, const RoomInfo& frame);

}  // namespace davenport::node::frames
