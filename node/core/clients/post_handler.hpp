#pragma once

#include "node/core/clients/access.hpp"
#include "node/core/clients/http_api.hpp"
#include "node/core/clients/post_rates.hpp"
#include "node/core/clients/post_rules.hpp"
#include "node/core/clients/rooms.hpp"
#include "node/core/clients/slow_mode.hpp"
#include "node/core/log/commit_queue.hpp"
#include "node/core/node_counts.hpp"
#include "node/core/store/store.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace davenport::node {

/// Why nothing is accepted while the disk takes nothing.
Refusal disk_refusal();
/// Adds who is not there yet.
void add_waiter(std::vector<ReplyTo>& replies_to, const ReplyTo& waiter);

/// Takes messages in, each once, from clients and from the store; shows them to their rooms; tells the
/// senders what became of theirs.
///
/// A message is shown at its journal commit, or when the store is known to have it, whichever is first;
/// `accepted` and `stored` are told after the commit only. A message of another node is shown on arrival.
class PostHandler {
public:
    PostHandler(const ChatConfig& config, CommitQueue& log, Store& store, const Access& access,
                Sessions& sessions, Rooms& rooms, NodeCounts& counts);

    /// `who`: whose rate it counts against; empty: nobody's.
    void post(Turn& turn, const Draft& draft, ReplyTo waiter, const std::string& who);
    void refuse(Turn& turn, const ReplyTo& waiter, const Refusal& refusal);
    /// From here on all posts are refused: the node is about to end.
    void stop_taking() { taking_ = false; }

    /// Why `who` may not post just now.
    [[nodiscard]] std::optional<Refusal> too_fast(const Turn& turn, const std::string& who);
    /// Why this node takes nothing new from anybody just now.
    [[nodiscard]] std::optional<Refusal> takes_nothing() const;
    /// A REST request is answered, a session is sent the frame.
    template <class Frame>
    void tell(Turn& turn, const ReplyTo& waiter, const Frame& frame) {
        if (waiter.exchange != 0)
            turn.emit(Respond{waiter.exchange, http_api::posted(frame)});
        else if (auto* session = sessions_->find(waiter.session))
            sessions_->tell(*session, frame);
    }

    /// This message is on the disk now.
    void committed(Turn& turn, PendingMessage& pending);
    /// Nothing that is not committed will be soon: who waits for it is refused, and repeats the post or the
    /// change. (The message itself stays: the store may have it already.)
    void not_committed(Turn& turn);
    /// Another node's message, or one that this node has lost: the log does not know it.
    void on_message(base::ChatMessage message, base::Now now);
    /// `pending`: what the log finds for the id.
    void on_stored(Turn& turn, std::string_view id, PendingMessage* pending);
    void on_refused(Turn& turn, std::string_view id, const std::string& reason);

private:
    struct Hash : std::hash<std::string_view> {
        using is_transparent = void;
    };

    [[nodiscard]] std::optional<Refusal> too_soon(const base::ChatMessage& message, base::Time now) const;
    void accept(base::ChatMessage message, ReplyTo waiter, base::Time now);
    void note_for_slow_mode(const base::ChatMessage& message, base::Time now);
    /// The message is known already, by this id or by the brief one that it has at a node which does not
    /// know yet that the chat's ids are full. False when it is not.
    bool repeat(Turn& turn, const base::ChatMessage& message, const ReplyTo& waiter);
    bool repeat_under(Turn& turn, std::string_view id, const base::ChatMessage& message,
                      const ReplyTo& waiter);
    /// Asks the store whether it knows the message; else `refusal` stands.
    void look_up(Turn& turn, const base::ChatMessage& message, ReplyTo waiter, Refusal refusal);
    void show(PendingMessage& pending);
    void release_if_done(PendingMessage& pending);
    void let_go(PendingMessage& pending);
    [[nodiscard]] std::vector<ReplyTo> take_waiters(std::string_view id, PendingMessage* pending);

    const ChatConfig* config_;
    CommitQueue* log_;
    Store* store_;
    const Access* access_;
    Sessions* sessions_;
    Rooms* rooms_;
    NodeCounts* counts_;
    PostRates rates_;
    SlowMode slow_mode_;
    bool taking_ = true;
    /// Who waits for messages of an earlier life, which are in the journal and held no more.
    std::unordered_map<std::string, std::vector<ReplyTo>, Hash, std::equal_to<>> late_waiters_;
    std::size_t lookups_ = 0;  ///< under way
};

}  // namespace davenport::node
