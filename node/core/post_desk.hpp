#pragma once

#include "node/core/feed_parser.hpp"
#include "node/core/ledger.hpp"
#include "node/core/posts.hpp"
#include "node/core/rooms.hpp"
#include "node/core/store_writer.hpp"

#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace node {

/// Takes posts and feed rows in, each message once, shows them to their rooms, and tells the senders how
/// theirs fare.
///
/// A message is shown at its journal commit, or when the store is known to have it, whichever is first;
/// `accepted` and `stored` are told after the commit only. A row of somebody else's is shown on arrival.
class PostDesk {
public:
    PostDesk(const ChatConfig& config, const StoreApi& api, FetchIds& ids, Ledger& ledger, Sessions& sessions,
             Rooms& rooms, StoreLink& link, StoreWriter& writer, NodeCounts& counts);

    void post(Turn& turn, const Draft& draft, Waiter waiter);
    void refuse(Turn& turn, const Waiter& waiter, const Refusal& refusal) {
        tell_refused(turn, waiter, refusal);
    }
    /// The same post is welcome after `wait`.
    void refuse_too_fast(Turn& turn, const Waiter& waiter, base::Duration wait);
    /// From here on all posts are refused: the node is about to end.
    void stop_taking() { taking_ = false; }

    /// These are on the disk now.
    void committed(Turn& turn, const std::vector<Held*>& batch);
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
        Waiter waiter;
        base::Time deadline;
    };
    struct Hash : std::hash<std::string_view> {
        using is_transparent = void;
    };

    void take(Turn& turn, base::ChatMessage message, Waiter waiter);
    /// The message is known already. False when it is not.
    bool repeat(Turn& turn, std::string_view id, const Waiter& waiter);
    void look_up(Turn& turn, const base::ChatMessage& message, Waiter waiter);
    // `held`: what the ledger finds for the id.
    void sighted(Turn& turn, std::string_view id, Held* held);
    void stored(Turn& turn, std::string_view id, Held* held);
    void refused_for_good(Turn& turn, std::string_view id, const std::string& reason);
    void show(Held& held);
    void release_if_done(Held& held);
    void let_go(Held& held);
    [[nodiscard]] std::vector<Waiter> take_waiters(std::string_view id, Held* held);

    void tell_accepted(Turn& turn, const Waiter& waiter, std::string_view id);
    void tell_stored(Turn& turn, const Waiter& waiter, std::string_view id);
    void tell_failed(Turn& turn, const Waiter& waiter, std::string_view id, const std::string& reason);
    void tell_refused(Turn& turn, const Waiter& waiter, const Refusal& refusal);

    const ChatConfig* config_;
    const StoreApi* api_;
    FetchIds* ids_;
    Ledger* ledger_;
    Sessions* sessions_;
    Rooms* rooms_;
    StoreLink* link_;
    StoreWriter* writer_;
    NodeCounts* counts_;
    bool taking_ = true;
    /// Who waits for messages of an earlier life, which are in the journal and held no more.
    std::unordered_map<std::string, std::vector<Waiter>, Hash, std::equal_to<>> late_waiters_;
    std::map<FetchId, Lookup> lookups_;
    /// Written from here, and not yet come back by the feed.
    std::unordered_set<std::string> expected_;
};

}  // namespace node
