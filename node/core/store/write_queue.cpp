#include "node/core/store/write_queue.hpp"

#include "node/base/mark.hpp"

#include <iterator>
#include <limits>

namespace davenport::node {
namespace {

constexpr auto no_end = std::numeric_limits<std::uint64_t>::max();

}  // namespace

void WriteQueue::enqueue(const PendingMessage& pending) {
    ++backlog_;
    if (pending.entry.is_change()) return changes_->enqueue(pending.entry.message);
    if (backlog_after_) return;  // it is found in the journal when its turn comes
    const auto& m = pending.entry.message;
    if (queue_.size() >= 4 * documents_max_) {
        DAVENPORT_MARK("a backlog goes over into the journal");
        backlog_after_ = queue_.back().arrival;
        return;
    }
    queue_.push_back({pending.entry.arrival, std::string{m.id()}, base::to_document(m), false});
}

void WriteQueue::enqueue_again(const base::JournalEntry& entry) {
    ++backlog_;
    const auto id = entry.message.id();
    if (!entry.message.changed() && log_->may_be_changed(id))  // and the disk has that not yet
        if (const auto latest = log_->latest(id); latest && latest->changed())
            return changes_->enqueue(*latest);
    if (entry.message.changed()) return changes_->enqueue(entry.message);
    queue_.push_front(
        {entry.arrival, std::string{entry.message.id()}, base::to_document(entry.message), true});
}

bool WriteQueue::store_changed(Turn& turn, const base::Generation& generation) {
    auto& journal = log_->journal();
    generation_ = generation;
    const auto visible = journal.state().last_arrival;
    backlog_ = journal.count_not_stored_in(generation);
    for (const auto* pending : log_->on_the_way())
        backlog_ += pending->entry.arrival > visible && !pending->stored ? 1 : 0;
    if (backlog_ > 0) turn.info("store: " + std::to_string(backlog_) + " messages wait for it");
    may_read_journal_ = false;
    const bool all_in_memory = had_store_ && !backlog_after_;
    if (all_in_memory) {
        // What was never stored anywhere is queued and goes first; the rest follows when it is known what is
        // missing.
        DAVENPORT_MARK("another store is given what it lacks");
        heal_after_ = 0;
        heal_until_ = log_->last_arrival();
    } else {
        queue_.clear();
        heal_after_.reset();
        backlog_after_.reset();
        if (backlog_ > 0) backlog_after_ = 0;
    }
    had_store_ = true;
    return all_in_memory;
}

bool WriteQueue::needless(const Item& item) const {
    if (refused_.contains(item.id)) return true;
    if (log_->changes().waits_for_store(item.id)) return true;  // it is written with its change
    if (log_->may_be_changed(item.id))
        if (const auto known = log_->latest(item.id); known && known->changed())
            return true;  // the store told so: it has it
    const auto* pending = log_->find(item.id);
    return pending ? pending->stored : !item.from_journal;  // a post of this life is held until it is stored
}

void WriteQueue::fill() {
    if (!queue_.empty() || !may_read_journal_) return;
    if (backlog_after_) {
        fill_from_journal(backlog_after_, no_end);
    } else if (heal_after_) {
        fill_from_journal(heal_after_, heal_until_);
    }
}

void WriteQueue::fill_from_journal(std::optional<std::uint64_t>& after, std::uint64_t until) {
    const auto add = [&](const base::JournalEntry& entry) {
        after = entry.arrival;
        if (entry.message.changed()) {
            const auto* held = log_->changes().last(entry.message.id());
            const bool done =
                held ? held->stored || held->overtaken : log_->is_marked(entry.message.id(), generation_);
            if (!done) changes_->enqueue(entry.message);
            return;
        }
        Item item{entry.arrival, std::string{entry.message.id()}, {}, true};
        if (needless(item)) return;
        item.document = base::to_document(entry.message);
        queue_.push_back(std::move(item));
    };
    while (after && queue_.empty() && changes_->size() < documents_max_) {
        const auto page = log_->journal().not_stored_in(generation_, *after, documents_max_);
        for (const auto& entry : page)
            if (entry.arrival <= until) add(entry);
        if (page.size() == documents_max_ && page.back().arrival < until) continue;
        // The journal's end; what is not on the disk yet follows from memory.
        for (const auto* pending : log_->on_the_way())
            if (pending->entry.arrival > *after && pending->entry.arrival <= until) {
                DAVENPORT_MARK("a backlog ends with what is not on the disk yet");
                add(pending->entry);
            }
        after.reset();
    }
}

bool WriteQueue::take(std::vector<Item>& batch, std::size_t count, std::size_t bytes_max) {
    fill();
    if (queue_.empty()) return false;
    std::size_t bytes = 0;
    while (!queue_.empty() && batch.size() < count) {
        auto& item = queue_.front();
        if (!needless(item)) {
            bytes += item.document.size();
            if (!batch.empty() && bytes > bytes_max) break;
            batch.push_back(std::move(item));
        }
        queue_.pop_front();
    }
    return true;
}

void WriteQueue::give_back(std::vector<Item>& batch, std::size_t keep) {
    DAVENPORT_MARK("a part of a batch is given back");
    queue_.insert(queue_.begin(), std::make_move_iterator(batch.begin() + static_cast<std::ptrdiff_t>(keep)),
                  std::make_move_iterator(batch.end()));
    batch.resize(keep);
}

}  // namespace davenport::node
