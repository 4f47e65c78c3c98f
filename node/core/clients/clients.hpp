#pragma once

#include "node/core/clients/access.hpp"
#include "node/core/clients/change_handler.hpp"
#include "node/core/clients/frame_handler.hpp"
#include "node/core/clients/greeter.hpp"
#include "node/core/clients/http_handler.hpp"
#include "node/core/clients/look_alikes.hpp"
#include "node/core/clients/members.hpp"
#include "node/core/clients/moderation_handler.hpp"
#include "node/core/clients/polls.hpp"
#include "node/core/clients/post_handler.hpp"
#include "node/core/clients/presence_tracker.hpp"
#include "node/core/clients/resume.hpp"
#include "node/core/clients/retention.hpp"
#include "node/core/clients/rooms.hpp"
#include "node/core/clients/search_handler.hpp"
#include "node/core/clients/sessions.hpp"
#include "node/core/clients/sign_in.hpp"
#include "node/core/config.hpp"
#include "node/core/log/commit_queue.hpp"
#include "node/core/node_counts.hpp"
#include "node/core/store/store.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace davenport::node {

/// node/core/clients: people, and how they come in. Sessions and rooms, what was missed (Resume), what is
/// posted, who is there, and the transports: WebSocket frames, event streams, long polls, REST.
///
/// The end of a turn calls show() and send(), in that order; between them the log counts as shown what show()
/// queued.
class Clients final : public StoreListener {
public:
    /// `log` and `store` outlive the clients.
    Clients(const ChatConfig& config, base::Random& random, CommitQueue& log, Store& store,
            NodeCounts& counts);

    // ---- events
    void on(Turn& turn, Opened& e);
    void on(Turn& turn, Received& e);
    void on(const Written& e);
    void on(Turn& turn, const Closed& e);
    void on(Turn& turn, Requested& e) { http_.on(turn, e); }
    void on(Turn& turn, Found& e) { search_.found(turn, e.search, std::move(e.answer)); }
    void on_timer(Turn& turn, TimerId timer);
    /// These messages are on the disk now.
    void committed(Turn& turn, const std::vector<PendingMessage*>& batch);
    /// The disk takes nothing now: who waits for it is told so, and repeats the post.
    void not_committed(Turn& turn) {
        posts_.not_committed(turn);
        moderation_.not_committed(turn);
    }
    /// The node is about to end: clients are told to go on elsewhere, and posts are refused.
    void drain(Turn& turn);

    // ---- from the store
    void on_message(Turn& turn, base::ChatMessage message) override;
    void on_stored(Turn& turn, std::string_view id, PendingMessage* pending) override;
    void on_refused(Turn& turn, std::string_view id, const std::string& reason) override;
    void on_changed(Turn& turn, base::ChatMessage message) override;
    void on_changed_elsewhere(Turn&, const base::ChatMessage& message) override {
        if (auto* room = rooms_.find(message.room()))
            rooms_.each_follower(*room, [&](Session& session) { resume_.tell_change(session, message); });
    }
    void on_change_stored(Turn& turn, const base::ChatMessage& message) override;
    void on_change_refused(Turn& turn, const base::ChatMessage& message, const std::string& reason) override {
        changes_.on_change_refused(turn, message, reason);
    }
    void on_policy(Turn& turn, std::string_view id, bool stored) override {
        moderation_.on_policy(turn, id, stored);
    }
    void on_policy_refused(Turn& turn, std::string_view id, const std::string& reason) override {
        moderation_.on_policy_refused(turn, id, reason);
    }
    void on_presence(base::Presence presence) override;
    void on_catching_up(Turn& turn) override;
    void on_note(Turn& turn, const StoreNote& note) override {
        if (SharedTries::is_one(note))
            sign_in_.on_note(note);
        else
            members_.on_note(turn, note);
    }
    void on_another_store() override {
        presence_.store_changed();
        members_.another_store();
        sign_in_.another_store();
    }
    void on_store_back() override {
        resume_.store_is_back();
        retention_.wake();
    }

    // ---- the end of a turn
    /// Queues what this turn showed to rooms, how the store is, and cursors that are due.
    void show(Turn& turn);
    /// Goes on with what clients missed, and sends what is queued. `stored`: ids that the store was found to
    /// have.
    void send(Turn& turn, const std::vector<std::string>& stored);

    /// True when the end of a turn would do anything for a client that took what it was sent.
    [[nodiscard]] bool has_work() const { return sessions_.has_work() || resume_.has_work(); }
    /// Every client has taken what was queued for it.
    [[nodiscard]] bool idle() const { return sessions_.idle(); }
    [[nodiscard]] std::uint64_t cut_off() const { return sessions_.cut_off(); }
    [[nodiscard]] std::size_t size() const { return sessions_.size(); }
    [[nodiscard]] std::size_t queued_bytes() const { return sessions_.queued_bytes(); }
    [[nodiscard]] std::size_t queued_bytes_most() const { return sessions_.queued_bytes_most(); }
    [[nodiscard]] std::size_t queued_bytes_most(SessionId id) const {
        return sessions_.queued_bytes_most(id);
    }

private:
    void tell_store_state();
    void end_sessions(Turn& turn);
    void tell_roles();
    void apply_policies(Turn& turn);
    void put_out(Turn& turn, const std::set<std::string, std::less<>>& changed);
    std::vector<std::string> announce_cursors(Turn& turn);

    std::size_t history_on_join_;
    CommitQueue* log_;
    Store* store_;
    Sessions sessions_;
    Rooms rooms_{sessions_};
    Resume resume_;
    Polls polls_;
    PresenceTracker presence_;
    LookAlikes look_alikes_;
    Members members_;
    Access access_;
    SearchHandler search_{sessions_, access_};
    SignIn sign_in_;
    PostHandler posts_;
    ChangeHandler changes_;
    ModerationHandler moderation_;
    Retention retention_;
    Greeter greeter_;
    HistoryReader history_;
    FrameHandler frames_;
    HttpHandler http_;

    bool told_up_ = false;                          ///< how clients were told that the store is
    std::optional<std::uint64_t> told_twentieths_;  ///< how far a new node has caught up, as they were told
    bool told_clock_off_ = false;
    bool cursors_due_ = false, cursors_armed_ = false;  ///< the time has come; it is being waited for
};

}  // namespace davenport::node
