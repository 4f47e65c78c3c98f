#pragma once

#include "node/base/http.hpp"
#include "node/core/clients/members.hpp"
#include "node/core/clients/resume.hpp"
#include "node/core/clients/rooms.hpp"
#include "node/core/clients/sessions.hpp"
#include "node/core/turn.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace davenport::node {

/// Long polling, as of old: a request that is answered when something was said, or when its time is over.
///
/// Each is a client like any other, with a session that lasts as long as the request: it joins or resumes,
/// and what it is sent is gathered and handed over as one answer, with the place to go on from: at the
/// beginning of a later turn, when a place is known that covers all of it. So it is shown everything once, on
/// any node, by the rules that all clients share.
class Polls final : private SessionOutlet {
public:
    /// What a request asks for.
    struct Wish {
        JoinRequest join;
        std::string next;  ///< where it goes on from, as it was handed out; empty: the newest messages
        base::Duration patience{};
    };

    Polls(const CommitQueue& commit_queue, Sessions& sessions, Resume& resume, Rooms& rooms)
        : commits_{&commit_queue}, sessions_{&sessions}, resume_{&resume}, rooms_{&rooms} {}

    /// False when there are too many already.
    bool begin(Turn& turn, ExchangeId exchange, Wish wish, std::string address, Members::Pass pass);
    /// After the sessions were flushed: gathers what they were sent; those that have something are woken to
    /// be answered. True when resuming may go on for some of them: the caller lets it, and calls again.
    bool gather(Turn& turn);
    void on_timer(Turn& turn);
    /// It is answered so, and told nothing else. False when the session is not a poll's.
    bool turn_away(Turn& turn, SessionId id, base::HttpResponse answer);
    /// The node is about to end: all are answered with what they have.
    void end_all(Turn& turn);

    /// "N.CURSOR" or "N.CURSOR.SEEN": what a client hands back to go on. `seen`: the highest position that it
    /// was shown; a cursor that tells of a gap does not know it.
    static std::string next_of(std::uint64_t n, std::string_view cursor, std::string_view seen);
    /// False when `next` was not made here.
    static bool read_next(std::string_view next, JoinRequest& into);

private:
    struct Poll {
        ExchangeId exchange;
        std::string room, next;
        base::Time until;
        std::vector<std::string> messages;  ///< their JSON
        std::string cursor;
        std::string seen;     ///< the highest position that it was shown, here or elsewhere
        std::uint64_t n = 0;  ///< of this node's journal: that of `next` may be of another
        bool joined = false, gap = false;
    };

    void on_frames(SessionId session, base::FrameList frames) override;
    void on_cut_off(SessionId session) override { cut_off_.push_back(session); }
    static void add(Poll& poll, std::string_view text, const base::FrameMark& mark);
    static void go_on_from(Poll& poll, const std::string& place);
    void answer(Turn& turn, SessionId id, Poll& poll);
    void end(Turn& turn, SessionId id);
    void arm(Turn& turn);

    const CommitQueue* commits_;
    Sessions* sessions_;
    Resume* resume_;
    Rooms* rooms_;
    std::map<SessionId, Poll> polls_;
    // Since the last gather().
    std::vector<SessionId> served_, cut_off_;
};

}  // namespace davenport::node
