#pragma once

#include "node/base/json_view.hpp"
#include "node/base/message_id.hpp"
#include "node/base/random.hpp"
#include "node/base/time.hpp"
#include "sim/client/events.hpp"
#include "sim/client/long_polling.hpp"
#include "sim/client/message_text.hpp"
#include "sim/client/posts.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

/// A simulated client: does what a careful page does, as a machine without I/O, and records what a node shows
/// it.
namespace davenport::sim::client {

struct Config {
    std::string name;                ///< "c3", also its user name
    std::string node;                ///< its home
    std::vector<std::string> rooms;  ///< it follows these
    std::string room_prefix{};       ///< before a room's name at the node; records have it without
    base::Time start;                ///< records count from here
    std::uint64_t seed = 1;
    base::Duration reconnect_after = std::chrono::milliseconds{100};
    bool repeats_accepted = false;  ///< after a reconnect, as the page does; see Posts
    base::Duration answer_timeout =
        std::chrono::seconds{5};  ///< a post that was not answered is repeated after this
    bool polling = false;         ///< by long polls and HTTP posts instead of a WebSocket
    bool looks_round = false;     ///< asks who is in its rooms
    int history_page = 500;       ///< messages of a page, when it reads a room's whole history
    bool watches = false;  ///< as the page does with somebody at it: pings what is quiet, leaves what is dead
    bool changes = false;  ///< its messages can be edited and removed: each bears a secret
};

/// Follows its rooms, posts what is due, repeats what was not answered (same key), resumes from its cursors,
/// and notes all that it sees. It shares no code with the node but the message key.
class ClientCore {
public:
    explicit ClientCore(Config config);
    [[nodiscard]] Effects start(base::Now now);
    [[nodiscard]] Effects handle(const Event& event, base::Now now);
    /// A frame that was parsed already.
    [[nodiscard]] Effects on_frame(const base::JsonView& frame, base::Now now);

    /// True when nothing that it sent waits for an answer and it is connected and joined, without a gap.
    [[nodiscard]] bool settled() const;
    [[nodiscard]] bool connected() const { return state_ == State::open; }

private:
    enum class State { closed, connecting, greeting, open };
    /// A message of its own, as it knows it.
    struct Own {
        std::string msg, id, room;
        int size_bytes;
        int edits = 0;
        bool removed = false;  ///< asked for
    };
    struct PendingChange {
        std::string msg, id, room;
        std::string key_text;
        std::string text;        ///< empty: a removal
        std::int64_t count = 0;  ///< as records have it
        base::Time due;
        int tries = 0;
        base::Time sent{};
    };
    /// What it was shown of a message's changes last.
    struct Version {
        std::string text;
        int sitting;
    };
    struct Followed {
        std::string cursor;
        std::int64_t n = 0;
        std::string seen;  ///< the highest `pos` that it was shown
        bool joining = false;
        bool gap = false;  ///< it was told that it may have missed something, and not yet that it has all
        bool out = false;  ///< it was put out or not let in, and tries again
        int sitting = 0;   ///< the number of its last join, of all rooms'
    };

    void on(const Connected&);
    void on(const Disconnected& e);
    void on(const Received& e);
    void on(const Answered& e);
    void on(const TimerFired& e);
    void on(const Post& e);
    void on(const Change& e);
    void on(const Hop& e);
    void on(const Vanish& e);
    void on(const AskHistory& e);
    void on(const Retry&);
    void on(const Garbage& e);

    [[nodiscard]] std::string at_node(const std::string& room) const { return config_.room_prefix + room; }
    /// The room of a frame as records have it.
    [[nodiscard]] std::string_view without_prefix(std::string_view room) const;
    [[nodiscard]] std::string room_of(const base::JsonView& frame) const;

    // client_core.cpp: the connection, and what it says
    void on_frame(const base::JsonView& frame);
    void on_welcome(const base::JsonView& frame);
    void on_answer(const base::JsonView& frame, RecordKind kind);
    void on_refused(const base::JsonView& frame);
    void on_pong(const base::JsonView& frame);
    /// It is not in this room, or not any more.
    void on_put_out(const base::JsonView& frame, bool asked);
    void join(const std::string& room, Followed& followed);
    void rejoin();
    /// Within one sitting a node shows nothing twice. A resume after a join may overlap what was shown
    /// before.
    [[nodiscard]] int sitting_in(std::string_view room) const {
        const auto found = rooms_.find(room);
        return found == rooms_.end() ? 0 : found->second.sitting;
    }

    // client_sees.cpp: what it is shown
    void on_joined(const base::JsonView& frame);
    void on_message(const base::JsonView& frame);
    void on_page(const base::JsonView& frame);
    void on_people(const base::JsonView& frame);
    void ask_page(const std::string& room, const std::string& before);

    /// Pings a connection that was quiet for a while, and leaves one that does not answer.
    void watch();
    // client_changes.cpp: edits and removals
    void keep_own(const Posts::Post& post, std::string id);
    void send(PendingChange& change);
    void repeat_changes(bool all);
    /// False when the key is of no change.
    bool on_change_answer(const base::JsonView& frame, std::string_view t);
    /// What became of a message; it is shown whole, so that who has not got it has it now.
    void on_changed(const base::JsonView& frame);
    /// Notes how a message is shown that was changed. `alone`: by a frame that is about nothing else.
    void see_change(const base::JsonView& frame, bool alone);
    /// It counts more than what this client was shown of the message.
    [[nodiscard]] bool is_news(std::string_view id, std::optional<std::string_view> version) const;
    Record& note(RecordKind kind, const PendingChange& change);

    void connect();
    void lose_connection(const std::string& reason, base::Duration pause);
    void leave(const std::string& reason, base::Duration pause);
    /// Sends what is due, and sets the timer for what is due later.
    void send_due();
    void send(Posts::Post& post);
    void set_posts_timer(base::Time at);
    void send(std::string frame) { effects_.push_back(Send{std::move(frame)}); }
    void set_timer(std::uint32_t timer, base::Duration after) {
        effects_.push_back(SetTimer{timer, now_.time + after});
    }
    base::MessageKey next_key();
    std::string make_nonce();
    Effects done();
    /// Notes what happened; the caller fills in the rest, before anything else is asked of the world.
    Record& note(RecordKind kind);
    Record& note(RecordKind kind, const Posts::Post& post);

    Config config_;
    base::Random random_;
    std::string nonce_;
    std::string secret_;  ///< by which it proves what it said
    State state_ = State::closed;
    int connection_ = 0;
    int sittings_ = 0;
    std::string node_;
    std::string node_name_;
    std::int64_t clock_offset_ms_ = 0;
    base::MessageKey last_key_;
    base::MessageKey newest_seen_;  ///< the highest time and counter in an id that it was shown
    int posted_ = 0;
    Posts posts_;
    std::optional<Posts::Post> answered_;  ///< the newest that was answered, for Retry
    base::Time posts_timer_at_ = base::Time::max();
    bool asked_time_ = false;
    base::Time heard_at_{};  ///< anything, over this connection
    bool pinged_ = false;    ///< and nothing heard since
    std::map<std::string, Followed, std::less<>> rooms_;
    boost::unordered_flat_map<std::uint64_t, int>
        seen_;  ///< hash of an id -> the sitting in which it last came; looked up, never walked
    std::map<std::string, std::vector<HistoryItem>> reading_;
    base::Random change_random_;
    std::deque<Own> own_;                                    ///< the last that were answered
    std::deque<PendingChange> changes_;                      ///< not answered yet
    std::map<std::string, PendingChange> accepted_changes_;  ///< by key: `stored` not yet told
    std::map<std::string, Version, std::less<>> versions_;   ///< by id
    std::optional<LongPolling> polling_;
    base::Now now_{};
    Effects effects_;
};

}  // namespace davenport::sim::client
