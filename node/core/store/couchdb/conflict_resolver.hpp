#pragma once

#include "node/core/log/commit_queue.hpp"
#include "node/core/store/backoff.hpp"
#include "node/core/store/couchdb/request_table.hpp"
#include "node/core/store/couchdb/store_api.hpp"
#include "node/core/store/couchdb/store_health.hpp"

#include <deque>
#include <set>
#include <string>
#include <string_view>

namespace davenport::node {

/// Settles conflicts: of the leaves that a replication left of a message, the state that counts most is
/// written over the winner, if it is not that, and all others are deleted. Every node that sees a conflict
/// does so, by the same rule over the same leaves, so all come to the same end whoever is first.
///
/// Losing leaves are deleted only once the winner is confirmed, because CouchDB may apply a request
/// partially, and each by a DELETE of its own: a store that lost the document answers that with 404. In a
/// `_bulk_docs` it would take the deletion of a leaf that it has not, and the message would count as deleted.
/// What becomes of the message is told by the feed. One document at a time, one request at a time.
class ConflictResolver {
public:
    ConflictResolver(const ChatConfig& config, const StoreApi& api, RequestTable& requests,
                     base::Random& random, StoreHealth& health, CommitQueue& log);

    /// The store has this message in conflict.
    void add(std::string_view id);
    /// Nothing waits and nothing is under way.
    [[nodiscard]] bool idle() const { return queue_.empty(); }
    /// Another store answers: its conflicts are told by its own feed.
    void store_changed();
    /// The store is back: what was asked of it before will hardly be answered.
    void start_over(Turn& turn);
    /// The end of a turn: asks or writes if it may.
    void pump(Turn& turn);

private:
    using OnAnswer = bool (ConflictResolver::*)(Turn& turn, const base::HttpResponse& response);
    void look(Turn& turn);
    void ask(Turn& turn, base::HttpRequest request, OnAnswer on_answer);
    /// False when the answer is unusable.
    bool on_leaves(Turn& turn, const base::HttpResponse& response);
    bool on_written(Turn& turn, const base::HttpResponse& response);
    bool on_deleted(Turn& turn, const base::HttpResponse& response);
    /// The leaves must be read first.
    void forget_step();
    /// The one at hand is done with.
    void settled();
    /// The same, and the conflict stays.
    void refused(Turn& turn, const std::string& reason);

    base::Duration request_timeout_;
    const StoreApi* api_;
    RequestTable* requests_;
    StoreHealth* health_;
    CommitQueue* log_;
    base::Random* random_;
    Backoff backoff_;
    std::deque<std::string> queue_;  ///< ids; the first is the one at hand
    std::set<std::string> queued_;   ///< the same ids
    // Of the one at hand, what is to be done next; both empty: its leaves must be read first.
    std::string document_;     ///< to be written over the winner
    std::string loser_;        ///< the revision to be deleted
    bool is_last_ = false;     ///< no other leaf loses
    bool told_again_ = false;  ///< the first was added again since its leaves were asked for
    bool denied_ = false;      ///< its deletion was, and nothing was written since
    int denials_ = 0;
    int looks_in_vain_ = 0;
    Request request_;
    base::Time not_before_{};
};

}  // namespace davenport::node
