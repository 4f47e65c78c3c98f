#pragma once

#include "node/base/presence.hpp"
#include "node/base/sign.hpp"
#include "node/core/clients/frames.hpp"
#include "node/core/clients/token_bucket.hpp"
#include "node/core/turn.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace davenport::node {

struct Room;

/// Takes what is sent to sessions that have no connection of their own (long polls).
class SessionOutlet {
public:
    virtual void on_frames(SessionId session, base::FrameList frames) = 0;
    /// The session fell too far behind.
    virtual void on_cut_off(SessionId session) = 0;

protected:
    ~SessionOutlet() = default;
};

/// One client: who it is, and everything that waits to be sent to it.
struct Session {
    SessionId id = 0;
    std::string address;
    std::string user;                              ///< empty before `hello`
    std::shared_ptr<const base::Credential> pass;  ///< where people sign in: as whom; null: nobody
    TokenBucket frames;                            ///< how often it may send anything
    std::vector<Room*> rooms;                      ///< followed live
    std::shared_ptr<base::FrameBatch> own;         ///< frames for this client alone, of this turn
    base::FrameList waiting;                       ///< leaves in the next Send
    std::size_t waiting_bytes = 0;
    std::size_t waiting_bytes_most = 0;  ///< behind a Send that was not taken yet, at any time
    SessionOutlet* outlet = nullptr;     ///< in place of a connection
    bool told_moderator = false;         ///< that it is one
    bool in_flight = false;              ///< a Send is not yet Written
    bool dirty = false;                  ///< stands in Sessions::dirty_
    bool closing = false;                ///< Close is asked for; nothing more is queued

    /// Who it is, as far as anybody knows; empty: nobody has said.
    [[nodiscard]] std::string_view person() const { return pass ? std::string_view{pass->name} : user; }
};

/// The clients and their send queues: everything for one client leaves in the order queued, one Send in
/// flight, all that waits in the next.
///
/// A send queue is bounded in bytes: a client that has `bytes_max` waiting when more comes is cut off; it
/// comes back and resumes. (So one batch of any size can always be queued, and the bound is exceeded by one
/// batch at most.)
class Sessions {
public:
    explicit Sessions(std::size_t bytes_max) : bytes_max_{bytes_max} {}

    Session& open(SessionId id, std::string address);
    /// The session, or nullptr when it is gone or going.
    Session* find(SessionId id);
    /// The session, also while it is going.
    Session* any(SessionId id);
    void written(SessionId id);
    /// Forgets the session; the caller has taken it out of its rooms.
    void closed(SessionId id) { sessions_.erase(id); }
    [[nodiscard]] std::size_t size() const { return sessions_.size(); }
    [[nodiscard]] bool idle() const;
    /// Who has a name and follows the room; a room counts among a connection's first `rooms_told_max` rooms
    /// only, so that one client does not use up the presence document of all. Of a crowd, how many follow.
    static constexpr std::size_t rooms_told_max = 50;
    [[nodiscard]] static base::RoomPeople people_in(const Room& room);
    /// The people of the session's rooms may be others from now on.
    void note_moved(const Session& session);
    void note_moved(std::string_view room) { moved_.emplace(room); }
    /// The rooms whose people may be others since this was last asked.
    [[nodiscard]] std::set<std::string> take_moved() { return std::exchange(moved_, {}); }
    /// Rooms that somebody follows.
    [[nodiscard]] std::set<std::string> rooms_followed() const;
    /// How many were cut off for being too slow.
    [[nodiscard]] std::uint64_t cut_off() const { return cut_off_; }

    /// Queues one frame for this client alone. Frames of one turn share a batch.
    template <class Frame>
    void tell(Session& session, const Frame& frame) {
        if (auto* batch = own_batch(session)) frames::add(*batch, frame);
    }
    /// Queues a batch that others may share.
    void send(Session& session, const base::Frames& frames);
    void send_to_all(const base::Frames& frames);
    /// Those whose sign-in `counts` is false for.
    [[nodiscard]] std::vector<Session*> signed_in_without(
        const std::function<bool(const base::Credential&)>& counts);

    /// Calls `use(Session&)` with each that is not going.
    template <class Use>
    void each(const Use& use) {
        for (auto& [id, session] : sessions_)
            if (!session.closing) use(session);
    }

    /// Bytes that wait for the next Send to each client, added up. Looks at every client.
    [[nodiscard]] std::size_t queued_bytes() const;
    /// Bytes that wait for the next Send.
    [[nodiscard]] static std::size_t queued_bytes(const Session& session) {
        return session.waiting_bytes + (session.own ? session.own->size_bytes() : 0);
    }
    /// The most that has waited for one client while it took what went before, since the start.
    [[nodiscard]] std::size_t queued_bytes_most() const { return queued_bytes_most_; }
    /// The same of one session; 0 when it is gone.
    [[nodiscard]] std::size_t queued_bytes_most(SessionId id) const;
    /// True when the client has taken all that was queued for it.
    [[nodiscard]] static bool drained(const Session& session) {
        return !session.in_flight && session.waiting.empty() && !session.own;
    }
    /// Ends a session; its Closed is still to come.
    void close(Session& session, std::string reason);

    /// True when flush() would do anything.
    [[nodiscard]] bool has_work() const { return !dirty_.empty() || !closes_.empty(); }
    /// The end of a turn: one Send for each client that waits and has none in flight, one Close for each that
    /// is to go.
    void flush(Turn& turn);

private:
    /// The batch of frames for this client alone; nullptr when it is going.
    base::FrameBatch* own_batch(Session& session);
    void seal(Session& session);
    void queue(Session& session, base::Frames frames);
    void mark(Session& session);

    std::size_t bytes_max_;
    std::map<SessionId, Session> sessions_;
    std::vector<SessionId> dirty_;
    std::vector<Close> closes_;
    std::set<std::string> moved_;
    std::uint64_t cut_off_ = 0;
    std::size_t queued_bytes_most_ = 0;
};

}  // namespace davenport::node
