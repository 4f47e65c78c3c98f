#pragma once

#include "node/core/clients/known_names.hpp"
#include "node/core/clients/sessions.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace davenport::node {

/// A room that somebody follows.
struct Room {
    /// A follower that has seen, or may have seen, elsewhere what is newer than all here.
    struct MaybeAhead {
        Session* session;
        std::string until;  ///< it is a follower like the others once the room has come to this position;
                            ///< empty: once it follows again
    };
    std::string name;
    std::vector<Session*> followers;
    std::vector<MaybeAhead> maybe_ahead;
    std::string newest;                            ///< the highest position shown here; empty while none is
    std::shared_ptr<base::FrameBatch> batch;       ///< what was shown in this turn
    std::shared_ptr<base::FrameBatch> late_batch;  ///< the same for the maybe_ahead, everything marked late
    std::size_t shown_since_cursor = 0;
    KnownNames names;         ///< LookAlikes reads them
    bool names_read = false;  ///< those of the past
};

/// Who follows which room, and the fan-out: what a room is shown in one turn is one batch, made once and
/// shared by all of its followers.
class Rooms {
public:
    explicit Rooms(Sessions& sessions) : sessions_{&sessions} {}

    /// The room, if anybody follows it.
    Room* find(std::string_view name);
    /// From here on `session` is shown what the room is. `newest`: the highest position in the room, used
    /// when nobody followed it before. `seen`: the highest that the session was shown anywhere; until the
    /// room has come so far, all is marked late for it.
    Room& follow(Session& session, std::string_view name, std::string_view newest,
                 std::string_view seen = {});
    /// The same, but nobody knows what the session was shown elsewhere: all is marked late for it, until it
    /// follows again.
    Room& follow_all_late(Session& session, std::string_view name, std::string_view newest);
    void unfollow(Session& session, std::string_view name);
    void unfollow_all(Session& session);
    /// Grows with everybody who comes or goes.
    [[nodiscard]] std::uint64_t version() const { return version_; }
    [[nodiscard]] static bool follows(const Session& session, std::string_view name);

    /// Shows a message to everybody in its room. `n`: the watermark at the turn's start.
    void show(const base::ChatMessage& message, std::uint64_t n);
    /// Shows the same people what became of one.
    void show_change(const base::ChatMessage& message, std::uint64_t n);
    /// Adds any other frame for all of the room, after what was shown so far.
    template <class Frame>
    void announce(Room& room, const Frame& frame) {
        touch(room);
        frames::add(*room.batch, frame);
        if (!room.maybe_ahead.empty()) frames::add(late_batch(room), frame);
    }

    // ---- names that are not known in their room yet (LookAlikes)
    /// Somebody bears that name in the room, if anybody follows it.
    void note_name(std::string_view room, std::string_view name);
    [[nodiscard]] bool has_names_to_look_at() const { return !entered_.empty() || !unknown_names_.empty(); }
    /// Who follows a room since this was last asked, with the room's name.
    [[nodiscard]] std::vector<std::pair<SessionId, std::string>> take_entered() {
        return std::exchange(entered_, {});
    }
    /// Rooms, and a name that was noted or spoke there.
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> take_unknown_names() {
        return std::exchange(unknown_names_, {});
    }
    template <class Use>
    void each_follower(const Room& room, const Use& use) {
        for (auto* session : room.followers) use(*session);
        for (const auto& one : room.maybe_ahead) use(*one.session);
    }

    /// Rooms whose followers could do with a newer cursor.
    [[nodiscard]] std::vector<Room*> take_stale_cursors(std::size_t shown_at_least);
    [[nodiscard]] bool has_stale_cursors() const { return !stale_.empty(); }

    /// The end of a turn: hands the batches to the send queues, after what each client is told alone.
    void seal();

private:
    struct Hash : std::hash<std::string_view> {
        using is_transparent = void;
    };
    Room& enter(Session& session, std::string_view name, std::string_view newest);
    void forget_if_empty(Room& room);
    void touch(Room& room);
    base::FrameBatch& late_batch(Room& room);

    Sessions* sessions_;
    std::unordered_map<std::string, std::unique_ptr<Room>, Hash, std::equal_to<>>
        rooms_;                   ///< looked up, never walked
    std::vector<Room*> touched_;  ///< have a batch in this turn
    std::vector<Room*> stale_;    ///< have shown something since their last cursor
    std::uint64_t version_ = 0;
    std::vector<std::pair<SessionId, std::string>> entered_;
    std::vector<std::pair<std::string, std::string>> unknown_names_;
};

}  // namespace davenport::node
