#pragma once

#include "node/base/chat_message.hpp"
#include "node/core/store/backoff.hpp"
#include "node/core/store/change_queue.hpp"
#include "node/core/store/couchdb/own_revisions.hpp"
#include "node/core/store/couchdb/request_table.hpp"
#include "node/core/store/couchdb/store_api.hpp"
#include "node/core/store/couchdb/store_health.hpp"
#include "node/core/store/write_outcomes.hpp"

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace davenport::node {

/// Writes changed messages over what the store has of them: reads some documents, decides for each which
/// state counts, writes those that count more over the revisions that it has read, and begins again where
/// somebody was faster. One request at a time. What this node wrote last itself is not read first: a change
/// is to cross as fast as a message.
///
/// A document that was never written as the message was said is written twice: nodes that read rows without
/// documents know a message that was changed by its revision, which is never the first.
///
/// A document that was deleted stays so: that is a removal. One that is not there is made, unless it was
/// purged, as the store is asked then: that is a removal too.
class ChangeWriter {
public:
    ChangeWriter(const ChatConfig& config, const StoreApi& api, RequestTable& requests, base::Random& random,
                 ChangeQueue& queue, StoreHealth& health);

    /// This node wrote the message as it was said; its document has this revision now, and no members but
    /// ours.
    void note_written(std::string_view id, std::string_view revision) { revisions_.put(id, {}, revision); }
    /// Nothing waits and nothing is under way.
    [[nodiscard]] bool idle() const { return queue_->size() == 0 && batch_.empty(); }

    /// Another store answers than before: nothing of the old one's documents counts. `keep`: what waits is
    /// for this one too.
    void store_changed(bool keep);
    /// The store is back: what was asked of it before will hardly be answered.
    void start_over(Turn& turn);
    /// The end of a turn: asks or writes if it may.
    void pump(Turn& turn);
    /// What became of changes since this was last asked.
    [[nodiscard]] ChangeOutcomes take_outcomes() { return std::exchange(outcomes_, {}); }

private:
    struct Item {
        base::ChatMessage message;
        std::string document{};  ///< to be written; empty: what the store has must be read first
        bool sent = false;
        bool over_own = false;  ///< over a document that this node wrote last
        bool is_new = false;    ///< over nothing, as far as was read

        void read_first() {
            document.clear();
            over_own = is_new = false;
        }
    };

    void take_batch();
    void read(Turn& turn);
    void write(Turn& turn);
    void ask_for_purges(Turn& turn);
    /// False when the answer is unusable.
    bool on_read(const base::HttpResponse& response);
    bool on_written(const base::HttpResponse& response);
    /// What is to be done with a message of the batch of which the store has this.
    void decide(Item& item, const std::optional<base::JsonView>& row, base::WallTime now);
    bool on_reply(Turn& turn, const Reply& reply, bool (ChangeWriter::*on_answer)(const base::HttpResponse&));
    void done(Item& item, ChangeOutcome::Kind kind, std::string reason = {});
    void put_back();
    /// The store's answer about the batch is of no use: fewer at once, after all others.
    void set_aside();
    void pause(Turn& turn);

    base::Duration request_timeout_;
    const StoreApi* api_;
    RequestTable* requests_;
    ChangeQueue* queue_;
    StoreHealth* health_;
    base::Random* random_;
    Backoff backoff_;

    OwnRevisions revisions_;
    std::vector<Item> batch_;
    std::size_t batch_limit_;
    std::size_t batch_max_;     ///< smaller after answers of no use
    bool misses_some_ = false;  ///< of the batch, and does not know yet what was purged
    std::optional<std::set<std::string, std::less<>>> purged_;  ///< as far as the batch needs to know
    base::WallTime asked_at_{};
    base::Generation sent_to_;
    Request request_;
    base::Time not_before_{};
    ChangeOutcomes outcomes_;  ///< not yet taken
};

}  // namespace davenport::node
