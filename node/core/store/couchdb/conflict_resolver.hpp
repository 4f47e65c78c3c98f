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
/// partially. The winner is written once more with the deletions: a store that went back to where it had none
/// of the leaves accepts deletions all the same, and without the winner the message would count as deleted.
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
    void ask(Turn& turn, base::HttpRequest request, OnAnswer on_answer);
    /// False when the answer is unusable.
    bool on_leaves(Turn& turn, const base::HttpResponse& response);
    bool on_written(Turn& turn, const base::HttpResponse& response);
    /// The one at hand is done with.
    void settled();

    base::Duration request_timeout_;
    const StoreApi* api_;
    RequestTable* requests_;
    StoreHealth* health_;
    CommitQueue* log_;
    base::Random* random_;
    Backoff backoff_;
    std::deque<std::string> queue_;  ///< ids; the first is the one at hand
    std::set<std::string> queued_;   ///< the same ids
    std::string documents_;          ///< to be written, a JSON list; empty: its leaves must be read first
    int looks_in_vain_ = 0;          ///< at the one at hand
    bool deletes_losers_ = false;    ///< it is what `documents_` does
    Request request_;
    base::Time not_before_{};
};

}  // namespace davenport::node
