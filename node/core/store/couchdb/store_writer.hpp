#pragma once

#include "node/core/store/couchdb/change_writer.hpp"
#include "node/core/store/couchdb/store_health.hpp"
#include "node/core/store/write_outcomes.hpp"
#include "node/core/store/write_queue.hpp"

#include <cstddef>
#include <utility>
#include <vector>

namespace davenport::node {

/// Brings accepted messages into the store: one batch in flight, in order of arrival, the same ids and bytes
/// until the store is known to have them.
class StoreWriter {
public:
    StoreWriter(const ChatConfig& config, const StoreApi& api, RequestTable& requests, base::Random& random,
                WriteQueue& queue, StoreHealth& health, ChangeWriter& changes);

    /// Another store answers than before (or the first one).
    void store_changed(Turn& turn);
    /// The store is back: what was asked of it before will hardly be answered.
    void start_over(Turn& turn);

    /// The end of a turn: starts the next batch if it may.
    void pump(Turn& turn);
    /// What became of messages since this was last asked.
    [[nodiscard]] WriteOutcomes take_outcomes() { return std::exchange(outcomes_, {}); }
    /// The store answers, and takes nothing: as bad as down.
    [[nodiscard]] bool stalled() const { return failures_ >= failures_until_stalled; }

private:
    using Item = WriteQueue::Item;
    static constexpr int failures_until_stalled = 3;

    void send(Turn& turn);
    bool on_reply(Turn& turn, const Reply& reply);
    /// False: the store is in trouble, or says nothing that can be used.
    bool on_answer(Turn& turn, const base::HttpResponse& response);
    void pause(Turn& turn);
    bool on_single(Turn& turn, const base::HttpResponse& response);
    bool on_bulk(Turn& turn, const base::HttpResponse& response);
    void done_with_batch(Turn& turn);

    std::size_t documents_max_;
    base::Duration request_timeout_;
    const StoreApi* api_;
    RequestTable* requests_;
    base::Random* random_;
    WriteQueue* queue_;
    StoreHealth* health_;
    ChangeWriter* changes_;
    Backoff backoff_;

    std::vector<Item> batch_;   ///< in flight, or to be sent again as it is
    base::Generation sent_to_;  ///< the store that the request under way went to
    bool batch_as_bulk_ = false;
    std::size_t
        batch_documents_max_;  ///< smaller after one that was too large, and for a store that is quick
    Request request_;
    base::Time sent_at_{};
    WriteOutcomes outcomes_;  ///< not yet taken
    base::Time not_before_{};
    int failures_ = 0;
};

}  // namespace davenport::node
