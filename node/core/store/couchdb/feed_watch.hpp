#pragma once

#include "node/core/store/couchdb/changes_feed.hpp"
#include "node/core/store/couchdb/request_table.hpp"

#include <functional>
#include <optional>
#include <string>
#include <utility>

namespace davenport::node {

/// Notices a feed that beats and brings nothing, although the store has more: a proxy that keeps rows back, a
/// cluster member that was left out.
///
/// When an open feed has brought no row for a while, or not the row of what this node has just written, one
/// page is read beside it from the same place. If that has rows which the feed still does not bring a moment
/// later, the feed is deaf.
class FeedWatch {
public:
    /// True for a row (without its document) that the feed owes.
    using IsOwed = std::function<bool(const FeedRow& row)>;

    FeedWatch(const ChatConfig& config, const StoreApi& api, RequestTable& requests, StoreHealth& health,
              IsOwed is_owed);

    /// The store has what this node wrote; its row is to come.
    void wrote(base::Time now) {
        if (!wrote_at_) wrote_at_ = now;
    }
    /// The end of a turn.
    void pump(Turn& turn, const ChangesFeed& feed);
    /// The feed was found to be deaf since this was last asked.
    [[nodiscard]] bool take_deaf() { return std::exchange(deaf_, false); }

private:
    void ask(Turn& turn, const std::string& seq);
    void wake(Turn& turn, base::Time at);

    base::Duration request_timeout_;
    std::size_t page_rows_;
    const StoreApi* api_;
    RequestTable* requests_;
    StoreHealth* health_;
    IsOwed is_owed_;
    Request request_;
    std::optional<std::string> seq_;      ///< of the open feed, as it was last looked at
    base::Time quiet_since_{};            ///< that it is the same
    std::optional<base::Time> wrote_at_;  ///< the first write since it moved
    std::optional<base::Time> deaf_at_;   ///< when it is deaf, if it does not move
    std::optional<base::Time> wakes_at_;
    bool deaf_ = false;
};

}  // namespace davenport::node
