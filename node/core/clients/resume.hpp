#pragma once

#include "node/core/clients/crowd_pages.hpp"
#include "node/core/clients/cursor.hpp"
#include "node/core/clients/flow.hpp"
#include "node/core/clients/page_reads.hpp"
#include "node/core/clients/room_page.hpp"
#include "node/core/clients/rooms.hpp"
#include "node/core/clients/shown_rooms.hpp"
#include "node/core/config.hpp"
#include "node/core/log/commit_queue.hpp"
#include "node/core/store/store.hpp"

#include <coroutine>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
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
/// resume is exact by arrival. On another node it is one read of the store from the cursor's place, then what
/// this node knows and the store has not told yet. With the store down it is a guess by time, marked `gap`,
/// and completed when the store is back. bring_up_to_date() in resume.cpp reads in that order.
class Resume {
public:
    Resume(const ChatConfig& config, CommitQueue& log, Store& store, Sessions& sessions, Rooms& rooms);

    void join(Turn& turn, Session& session, JoinRequest request);
    void leave(Turn& turn, SessionId session, std::string_view room);
    void closed(Turn& turn, SessionId session);
    /// The client took what was sent to it.
    void written(SessionId session);

    /// The store answers again, or its feed has been read to the end: gaps may be closed.
    void store_is_back();

    /// The store answers, and what this client may have missed while it did not is on its way.
    [[nodiscard]] bool is_closing_gap(SessionId session) const;
    /// How many rooms this client is on its way to, and does not follow yet.
    [[nodiscard]] std::size_t under_way(SessionId session) const;
    /// Which ones.
    [[nodiscard]] std::vector<std::string> rooms_under_way(SessionId session) const;
    /// True when pump() would go on with a job.
    [[nodiscard]] bool has_work() const { return !ready_.empty(); }
    /// The end of a turn, after the rooms' batches are queued: goes on with whatever can go on.
    void pump(Turn& turn);

    /// Tells one who follows the room what became of a message that was never shown here. Who closes a gap
    /// may lack the message itself.
    void tell_change(Session& session, const base::ChatMessage& message);
    /// How far the store was read for this client, where it may go on from there when it comes again: all up
    /// to there was sent. Nothing when that is not known, or no way at all.
    [[nodiscard]] std::optional<Place> reached(SessionId session, std::string_view room) const;
    /// Ids that were stored while a page was in flight. That page may lack them, and they are no longer among
    /// those known to be missing from the store.
    void stored(const std::vector<std::string>& ids);
    /// A cursor for clients that have been shown all of `room` up to the turn's start.
    [[nodiscard]] Cursor cursor_of(std::string_view newest_position) const;
    /// How far this node had read the store at the turn's start, and which store that is.
    void set_seen(const base::Generation& generation, const Place& place) {
        seen_.generation = generation;
        seen_.place = place;
    }
    /// After a room's followers were all given a new cursor: those with a gap get theirs, which still tells
    /// of it.
    void repeat_gap_cursors(std::string_view room);

private:
    using Key = PageReads::Who;
    /// One client on its way to one room.
    struct Job {
        Key key;
        JoinRequest request;
        bool ready = false;  ///< among those that go on in the next pump()
        Flow<> flow;
        std::coroutine_handle<> suspended{};  ///< where the flow goes on
        // For as long as the flow runs:
        Turn* turn = nullptr;
        Session* session = nullptr;

        std::uint64_t joined_at = 0;  ///< the watermark when the client joined, or went live with a gap
        std::string newest;           ///< the highest position that the client has been shown
        /// Ids with their versions, where a later step may come upon them again.
        std::map<std::string, std::string, std::less<>> sent;
        RoomPage::Shared page;         ///< what it was sent of these together with others
        bool exact = false;            ///< the cursor is of this journal
        bool store_first = false;      ///< the cursor is of the store that answered at the join
        bool live = false;             ///< joined already: only the gap is being closed
        bool waits_for_store = false;  ///< live, and nothing can be done before the store is back

        // Of read_store():
        Place place;                                ///< read up to here
        bool reading = false;                       ///< a page is on its way
        PageReads::Shared answer{};                 ///< what came of it
        base::Time read_at{};                       ///< when the last page came
        std::optional<std::uint64_t> suspicions;    ///< of the store, when the first page was asked for
        bool collects_stored = false;               ///< until what the store lacks has been looked through
        std::vector<std::string> stored_meanwhile;  ///< ids that went into the store since
    };
    /// Ends when the job is looked at again.
    struct Pause {
        Job& job;
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<> flow) const noexcept { job.suspended = flow; }
        void await_resume() const noexcept {}
    };

    /// It goes on in the next pump().
    void make_ready(Job& job);
    void run_bit(Turn& turn);
    void run(Turn& turn, const Key& key);
    /// What it reads is cancelled.
    void end(Turn& turn, std::map<Key, Job>::iterator job);
    void on_answer(const Key& key, const PageReads::Shared& answer);

    // The way of a job, from top to bottom.
    Flow<> bring_up_to_date(Job& job);
    Flow<> close_gap(Job& job);
    Flow<> read_newest(Job& job);
    Flow<bool> read_store(Job& job);
    /// The job reads until the page's answer is there.
    void ask_for(Job& job, PageReads::Wanted what);
    Flow<> send_unstored(Job& job);
    Flow<> send_newer(Job& job);
    Flow<> send_since_by_time(Job& job, std::uint64_t& after);
    Flow<> send_arrivals(Job& job, std::uint64_t after);
    void send_history(Job& job);
    Flow<> send_unverified(Job& job);
    bool send_vanished(Job& job, bool all);
    void go_live(Job& job, bool gap);

    void send(Job& job, const base::ChatMessage& message, std::uint64_t n, bool only_change = false);
    /// Sends what the client neither has nor will get anyway.
    void send_if_missing(Job& job, const base::ChatMessage& message);
    [[nodiscard]] bool has_or_gets(const Job& job, const base::ChatMessage& message);
    /// The client was shown the message before, in whatever state.
    [[nodiscard]] static bool surely_had(const Job& job, const base::JournalEntry& entry);
    /// It was sent on this connection, as it is now or with a change that counts more.
    [[nodiscard]] static bool was_sent(const Job& job, const base::ChatMessage& message);
    /// In which version it was sent; nothing when it was not.
    [[nodiscard]] static std::optional<std::string_view> sent_version(const Job& job, std::string_view id);
    Flow<> send_page(Job& job, PageReads::Shared answer);
    /// The client took enough of what it was sent; false, too, when it is going: then the job goes with it.
    [[nodiscard]] bool may_send(const Job& job) const;
    [[nodiscard]] bool same_store(const Job& job) const;
    /// The cursor, and `n` beside it, are of this journal, which has not gone back since.
    [[nodiscard]] bool same_journal(const JoinRequest& request) const;
    [[nodiscard]] Cursor gap_cursor(const Job& job) const;

    std::size_t session_bytes_max_, page_bytes_max_;
    std::size_t page_rows_;  ///< of the journal
    CommitQueue* log_;
    ShownRooms shown_;
    CrowdPages crowd_;
    Store* store_;
    Sessions* sessions_;
    Rooms* rooms_;

    PageReads reads_;
    std::map<Key, Job> jobs_;
    std::deque<Key> ready_;     ///< to be looked at in the next pump(); some may have ended
    std::size_t sent_ = 0;      ///< messages, in this bit
    base::Time next_bit_at_{};  ///< after one that left some
    std::shared_ptr<const std::vector<std::string>> unverified_;  ///< the store's, in this pump()
    std::set<Key> waiting_;  ///< until the store is confirmed, or has been verified
    base::Time confirmed_at_{};
    bool verifying_ = false, opening_ = false;
    base::Checkpoint seen_;
};

}  // namespace davenport::node
