#pragma once

#include "node/core/commit_queue.hpp"
#include "node/core/feed_parser.hpp"
#include "node/core/posts.hpp"
#include "node/core/rooms.hpp"
#include "node/core/store_writer.hpp"

#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace davenport::node {

/// Takes posts and feed rows in, each message once, shows them to their rooms, and tells the senders how
/// theirs fare.
///
/// A message is shown at its journal commit, or when the store is known to have it, whichever is first;
/// `accepted` and `stored` are told after the commit only. A row of somebody else's is shown on arrival.
class PostHandler {
public:
    PostHandler(const ChatConfig& config, const StoreApi& api, RequestTable& ids, CommitQueue& commit_queue,
                Sessions& sessions, Rooms& rooms, StoreHealth& link, StoreWriter& writer, NodeCounts& counts);

    void post(Turn& turn, const Draft& draft, ReplyTo waiter);
    void refuse(Turn& turn, const ReplyTo& waiter, const Refusal& refusal) {
        tell_refused(turn, waiter, refusal);
    }
    /// The same post is welcome after `wait`.
    void refuse_too_fast(Turn& turn, const ReplyTo& waiter, base::Duration wait);
    /// From here on all posts are refused: the node is about to end.
    void stop_taking() { taking_ = false; }

    /// These are on the disk now.
    void committed(Turn& turn, const std::vector<PendingMessage*>& batch);
    void settled(Turn& turn, const StoreWriter::Outcomes& outcomes);
    /// True when the message was known, and not for having been written from here just now: the feed tells
    /// old news.
    bool row(Turn& turn, FeedRow&& row);
    /// The store has this message, which is known here.
    void sighted(Turn& turn, std::string_view id);

    // The answers about old keys.
    void on_answer(Turn& turn, FetchId fetch, const base::HttpResponse& response);
    void on_failed(Turn& turn, FetchId fetch);
    void on_timer(Turn& turn);

private:
    struct Lookup {
        std::string id;
        ReplyTo waiter;
        base::Time deadline;
    };
    struct Hash : std::hash<std::string_view> {
        using is_transparent = void;
    };

    void take(Turn& turn, base::ChatMessage message, ReplyTo waiter);
    /// The message is known already. False when it is not.
    bool repeat(Turn& turn, std::string_view id, const ReplyTo& waiter);
    void look_up(Turn& turn, const base::ChatMessage& message, ReplyTo waiter);
    // `held`: what the commit_queue finds for the id.
    void sighted(Turn& turn, std::string_view id, PendingMessage* pending);
    void stored(Turn& turn, std::string_view id, PendingMessage* pending);
    void refused_for_good(Turn& turn, std::string_view id, const std::string& reason);
    void show(PendingMessage& pending);
    void release_if_done(PendingMessage& pending);
    void let_go(PendingMessage& pending);
    [[nodiscard]] std::vector<ReplyTo> take_waiters(std::string_view id, PendingMessage* pending);

    void tell_accepted(Turn& turn, const ReplyTo& waiter, std::string_view id);
    void tell_stored(Turn& turn, const ReplyTo& waiter, std::string_view id);
    void tell_failed(Turn& turn, const ReplyTo& waiter, std::string_view id, const std::string& reason);
    void tell_refused(Turn& turn, const ReplyTo& waiter, const Refusal& refusal);

    const ChatConfig* config_;
    const StoreApi* api_;
    RequestTable* ids_;
    CommitQueue* commits_;
    Sessions* sessions_;
    Rooms* rooms_;
    StoreHealth* link_;
    StoreWriter* writer_;
    NodeCounts* counts_;
    bool taking_ = true;
    /// Who waits for messages of an earlier life, which are in the journal and held no more.
    std::unordered_map<std::string, std::vector<ReplyTo>, Hash, std::equal_to<>> late_waiters_;
    std::map<FetchId, Lookup> lookups_;
    /// Written from here, and not yet come back by the feed.
    std::unordered_set<std::string> expected_;
};

}  // namespace davenport::node
