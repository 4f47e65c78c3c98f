#pragma once

#include "node/core/clients/cursor.hpp"
#include "node/core/clients/rooms.hpp"
#include "node/core/config.hpp"
#include "node/core/log/commit_queue.hpp"
#include "node/core/store/store.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace davenport::node {

/// A client's wish to follow a room.
struct JoinRequest {
    std::string room{};
    std::optional<Cursor> cursor{};  ///< resume from here; nothing: the newest `history` messages
    std::uint64_t n = 0;             ///< the largest that the client saw together with the cursor
    std::size_t history = 0;
    bool people = false;  ///< wants to be told who is there
    std::string seen{};   ///< the highest position that the client was shown, if it says so
};

/// Brings clients that join a room, or come back to it, to where the room is live.
///
/// What they missed goes out page by page, the next when the client has taken the last, so that no send queue
/// overflows; a client follows the room live only after the last page. On the journal that the cursor is of,
/// resume is exact by arrival. On another node it is one read of the store's feed from the cursor's seq, then
/// what this node knows and the store has not told yet. With the store down it is a guess by time, marked
/// `gap`, and completed when the store is back.
class Resume {
public:
    Resume(const ChatConfig& config, CommitQueue& log, Store& store, Sessions& sessions, Rooms& rooms);

    void join(Session& session, JoinRequest request);
    void leave(SessionId session, std::string_view room);
    void closed(SessionId session);
    /// The client took what was sent to it.
    void written(SessionId session);

    /// The store answers again, or its feed has been read to the end: gaps may be closed.
    void store_is_back();

    /// The store answers, and what this client may have missed while it did not is on its way.
    [[nodiscard]] bool is_closing_gap(SessionId session) const;
    /// True when pump() would go on with a job.
    [[nodiscard]] bool has_work() const { return !ready_.empty(); }
    /// The end of a turn, after the rooms' batches are queued: goes on with whatever can go on.
    void pump(Turn& turn);

    /// The store was just found to have these. A page of the feed that is under way may have been read before
    /// it had them, and among what it has not they are not found any more.
    void stored(const std::vector<std::string>& ids);
    /// A cursor for clients that have been shown all of `room` up to the turn's start.
    [[nodiscard]] Cursor cursor_of(std::string_view newest_position) const;
    /// The feed's seq as of the turn's start, and the store that it is of.
    void set_seen(const base::Generation& generation, const Place& place) {
        seen_.generation = generation;
        seen_.place = place;
    }
    /// After a room's followers were all given a new cursor: those with a gap get theirs, which still tells
    /// of it.
    void repeat_gap_cursors(std::string_view room);

private:
    enum class Stage {
        history,   ///< a fresh join: one page
        feed,      ///< reading the store's feed from the cursor's seq
        confirm,   ///< all is read; whether it was of the same store is being asked
        unstored,  ///< what was accepted here and the store has not told yet
        arrivals,  ///< the journal in order of arrival, up to now
        by_time,   ///< the store is down: the journal from a time on
        gap,       ///< live, and waiting for the store so that the gap can be closed
    };
    static constexpr std::size_t journal_rows_per_turn = 4000;  ///< others are served in between
    using Key = std::pair<SessionId, std::string>;
    struct Job {
        Stage stage = Stage::history;
        JoinRequest request;
        Place place;                                ///< feed: read up to here
        std::uint64_t after = 0;                    ///< unstored, arrivals: sent up to here
        std::uint64_t joined_at = 0;                ///< the watermark when the job began
        std::string newest;                         ///< the highest position that the client has been shown
        std::set<std::string, std::less<>> sent;    ///< ids, where a later stage may come upon them again
        std::vector<std::string> stored_meanwhile;  ///< ids that went into the store while its feed was read
        Store::RequestId reading = 0;               ///< feed: the page that is under way
        base::Time read_at{};                       ///< confirm: when the feed's last page came
        std::optional<std::uint64_t>
            suspicions;  ///< feed, confirm: of the store, when the feed's first page was asked for
        std::optional<std::deque<std::string>>
            guessed;         ///< by_time: ids that are still to be sent, oldest first
        bool exact = false;  ///< the cursor is of this journal
        bool live = false;   ///< joined already: only the gap is being closed
    };

    enum class Then { again, wait, done };  ///< what run() does after a step

    void run(Turn& turn, const Key& key);
    Then step(Turn& turn, const Key& key, Job& job, Session& session);
    Then send_history(Job& job, Session& session);
    Then ask_feed(Turn& turn, const Key& key, Job& job);
    Then confirm(Turn& turn, const Key& key, Job& job, Session& session);
    Then send_unstored(Turn& turn, const Key& key, Job& job, Session& session);
    Then send_arrivals(Job& job, Session& session);
    Then guess_by_time(Job& job, Session& session);
    [[nodiscard]] std::deque<std::string> ids_since(const Job& job);
    Then close_gap(Job& job);
    /// The last page is out: the client follows live from here, or its gap is closed.
    Then finish(Job& job, Session& session, bool gap);
    void on_page(Turn& turn, const Key& key, const StorePage* page, bool unknown_place);
    void forget_reading(Job& job);
    void send_unverified(Job& job, Session& session);
    void give_up_feed(Job& job);

    void send(Job& job, Session& session, const base::ChatMessage& message, std::uint64_t n);
    /// True when the client has it from this connection, or will get it as a follower of the room.
    [[nodiscard]] bool has_or_gets(const Job& job, std::string_view id);
    [[nodiscard]] bool full(const Session& session) const;
    [[nodiscard]] std::string top_position(std::string_view room);
    [[nodiscard]] std::string newest_seen(std::string_view room, std::uint64_t n);
    [[nodiscard]] bool same_store(const Job& job) const;
    [[nodiscard]] Cursor gap_cursor(const Job& job) const;

    std::size_t page_bytes_max_;
    std::size_t page_rows_;  ///< of the journal
    CommitQueue* log_;
    Store* store_;
    Sessions* sessions_;
    Rooms* rooms_;

    std::set<Key> reading_;  ///< jobs that may be in the stages feed, confirm or unstored
    std::map<Key, Job> jobs_;
    std::set<Key> ready_;    ///< to be looked at in the next pump()
    std::set<Key> waiting_;  ///< until the store is confirmed, or the look back is over
    base::Time confirmed_at_{};
    bool looking_back_ = false;
    std::size_t pages_under_way_ = 0;
    base::Checkpoint seen_;
};

}  // namespace davenport::node
