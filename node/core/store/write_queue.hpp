#pragma once

#include "node/core/log/commit_queue.hpp"
#include "node/core/store/change_queue.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace davenport::node {

/// Accepted messages that wait for the store, in order of arrival.
///
/// Fresh posts are queued in memory. When too many wait, the rest is read from the journal when its turn
/// comes; so are the backlog of an earlier life and what a new store has not (healing). Messages that were
/// changed go to the ChangeQueue.
class WriteQueue {
public:
    struct Item {
        std::uint64_t arrival;
        std::string id;
        std::string document;
        bool from_journal;
    };

    /// `documents_max`: that the store is given at once.
    WriteQueue(std::size_t documents_max, CommitQueue& log, ChangeQueue& changes)
        : documents_max_{documents_max}, log_{&log}, changes_{&changes} {}

    /// A post that was just taken.
    void enqueue(const PendingMessage& pending);
    /// The store had this message and has it no more.
    void enqueue_again(const base::JournalEntry& entry);

    /// Another store answers than before (or the first one). What it has not of earlier lives is found out by
    /// reading its feed first, see feed_caught_up(): a message that was deleted meanwhile would be made
    /// again. False: what waited here and for changes is forgotten, and read from the journal.
    [[nodiscard]] bool store_changed(Turn& turn, const base::Generation& generation);
    void feed_caught_up() { may_read_journal_ = true; }

    /// Moves the next into `batch`, up to `count` there and some `bytes`. False when nothing is left to take.
    bool take(std::vector<Item>& batch, std::size_t count, std::size_t bytes);
    /// The last of `batch`, all but the first `keep`, go back where they came from.
    void give_back(std::vector<Item>& batch, std::size_t keep);
    /// Nobody waits for it any more.
    [[nodiscard]] bool needless(const Item& item) const;

    /// Messages that wait for the store.
    [[nodiscard]] std::size_t backlog() const { return backlog_; }
    /// One of them need wait no longer.
    void settled() { backlog_ -= backlog_ > 0 ? 1 : 0; }
    void all_settled() { backlog_ = 0; }
    /// Messages of earlier lives or other stores are being brought in: the feed's rows are news about them.
    [[nodiscard]] bool reads_journal() const { return backlog_after_ || heal_after_; }
    /// A fresh post with this arrival is not kept in memory: it is read from the journal when its turn comes.
    [[nodiscard]] bool reads_later(std::uint64_t arrival) const {
        return backlog_after_ && arrival > *backlog_after_;
    }
    /// The store refused this message for good, in this process's life.
    [[nodiscard]] bool has_refused(std::string_view id) const { return refused_.contains(id); }
    void refuse(const std::string& id) { refused_.insert(id); }

private:
    void fill();
    void fill_from_journal(std::optional<std::uint64_t>& after, std::uint64_t until);

    std::size_t documents_max_;
    CommitQueue* log_;
    ChangeQueue* changes_;
    base::Generation generation_;

    std::deque<Item> queue_;  ///< by arrival
    std::optional<std::uint64_t>
        backlog_after_;  ///< more waits in the journal, after this arrival; fresh posts too
    std::optional<std::uint64_t>
        heal_after_;  ///< what another store had and this one may lack, after this arrival
    std::uint64_t heal_until_ = 0;
    bool had_store_ = false;
    bool may_read_journal_ = false;  ///< it is known what the store has
    std::size_t backlog_ = 0;
    std::set<std::string, std::less<>> refused_;
};

}  // namespace davenport::node
