#pragma once

#include "node/core/log/commit_queue.hpp"
#include "node/core/store/couchdb/change_writer.hpp"
#include "node/core/store/couchdb/store_health.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace davenport::node {

/// Brings accepted messages into the store: one batch in flight, in order of arrival, the same ids and bytes
/// until the store is known to have them.
///
/// Fresh posts are queued in memory. When too many wait, the rest is read from the journal when its turn
/// comes; so are the backlog of an earlier life and what a new store has not (healing). Messages that were
/// changed it hands to the ChangeWriter.
class StoreWriter {
public:
    StoreWriter(const ChatConfig& config, const StoreApi& api, RequestTable& requests, base::Random& random,
                CommitQueue& log, StoreHealth& health, ChangeWriter& changes);

    /// What became of a message.
    struct Outcome {
        std::string id;
        bool stored;             ///< else refused for good
        std::string reason;      ///< of the refusal
        bool was_there = false;  ///< stored, but not by this write: its row tells whether it is the same
    };
    using Outcomes = std::vector<Outcome>;

    /// A post that was just taken; the write starts at the end of this turn.
    void enqueue(const PendingMessage& pending);

    /// The store had this message and has it no more.
    void enqueue_again(const base::JournalEntry& entry);

    /// Another store answers than before (or the first one). What it has not of earlier lives is found out by
    /// reading its feed first, see feed_caught_up(): a document that was deleted meanwhile would be made
    /// again.
    void store_changed(Turn& turn);
    void feed_caught_up() { gate_open_ = true; }
    /// The store is back: what was asked of it before will hardly be answered.
    void start_over(Turn& turn);

    /// The end of a turn: starts the next batch if it may.
    void pump(Turn& turn);
    /// What became of messages since this was last asked.
    [[nodiscard]] Outcomes take_outcomes() { return std::exchange(outcomes_, {}); }

    /// Messages that wait for the store.
    [[nodiscard]] std::size_t backlog() const { return backlog_; }
    /// One of them need wait no longer.
    void settled() { backlog_ -= backlog_ > 0 ? 1 : 0; }
    /// Messages of earlier lives or other stores are being brought in: the feed's rows are news about them.
    [[nodiscard]] bool reads_journal() const { return backlog_after_ || heal_after_; }
    /// A fresh post with this arrival is not kept in memory: it is read from the journal when its turn comes.
    [[nodiscard]] bool reads_later(std::uint64_t arrival) const {
        return backlog_after_ && arrival > *backlog_after_;
    }
    /// The store answers, and takes nothing: as bad as down.
    [[nodiscard]] bool stalled() const { return failures_ >= failures_until_stalled; }
    /// The store refused this message for good, in this process's life.
    [[nodiscard]] bool has_refused(std::string_view id) const { return refused_.contains(id); }

private:
    struct Item {
        std::uint64_t arrival;
        std::string id;
        std::string document;
        bool from_journal;
    };
    static constexpr int failures_until_stalled = 3;

    void fill();
    void fill_from_journal(std::optional<std::uint64_t>& after, std::uint64_t until);
    void take_batch();
    void send(Turn& turn);
    bool on_reply(Turn& turn, const Reply& reply);
    /// False: the store is in trouble, or says nothing that can be used.
    bool on_answer(Turn& turn, const base::HttpResponse& response);
    void pause(Turn& turn);
    [[nodiscard]] bool needless(const Item& item);
    void give_back(std::size_t keep);
    bool on_single(Turn& turn, const base::HttpResponse& response);
    bool on_bulk(Turn& turn, const base::HttpResponse& response);
    void done_with_batch(Turn& turn);

    std::size_t documents_max_;
    base::Duration request_timeout_;
    const StoreApi* api_;
    RequestTable* requests_;
    base::Random* random_;
    CommitQueue* log_;
    StoreHealth* health_;
    ChangeWriter* changes_;
    Backoff backoff_;

    std::deque<Item> queue_;  ///< by arrival
    std::optional<std::uint64_t>
        backlog_after_;  ///< more waits in the journal, after this arrival; fresh posts too
    std::optional<std::uint64_t>
        heal_after_;  ///< what another store had and this one may lack, after this arrival
    std::uint64_t heal_until_ = 0;
    bool had_store_ = false;
    bool gate_open_ = false;  ///< the journal may be read: it is known what the store has

    std::vector<Item> batch_;   ///< in flight, or to be sent again as it is
    base::Generation sent_to_;  ///< the store that the request under way went to
    bool batch_as_bulk_ = false;
    std::size_t
        batch_documents_max_;  ///< smaller after one that was too large, and for a store that is quick
    Request request_;
    base::Time sent_at_{};
    Outcomes outcomes_;  ///< not yet taken
    base::Time not_before_{};
    int failures_ = 0;
    std::size_t backlog_ = 0;
    std::set<std::string, std::less<>> refused_;
};

}  // namespace davenport::node
