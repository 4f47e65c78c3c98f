#include "node/core/log/commit_queue.hpp"

#include "node/base/mark.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>

namespace davenport::node {
namespace {

constexpr base::Duration marks_wait = std::chrono::milliseconds{500};
// In one batch: a commit of all the marks of a long backlog would keep a new message waiting for a quarter of
// a second. Where people wait for the commit there are fewer still, but as many as messages, else marks would
// pile up.
constexpr std::size_t marks_max = 100;
constexpr std::size_t marks_beside_messages_max = 32;
// Between two batches of marks alone: nobody waits for them, and who waits for the disk finds it free.
constexpr base::Duration marks_pause = std::chrono::milliseconds{4};
constexpr base::Duration retry_after = std::chrono::seconds{1};

template <class T>
void prepend(std::vector<T>& list, std::vector<T>&& before) {
    before.insert(before.end(), std::make_move_iterator(list.begin()), std::make_move_iterator(list.end()));
    list = std::move(before);
    before.clear();
}

}  // namespace

CommitQueue::CommitQueue(base::JournalView& journal)
    : journal_{&journal}, identity_{journal}, policies_{journal} {
    const auto last_arrival = journal.state().last_arrival;
    const auto begin = last_arrival == 0 ? begins_above : std::uint64_t{0};
    committed_ = watermark_ = std::max(last_arrival, begin);
    next_arrival_ = committed_ + 1;
    committed_id_ = watermark_id_ = id_at(last_arrival);
    const auto lowest = last_arrival == 0 ? begins_above + 1 : journal.first_arrival();
    next_old_ = std::min(lowest - 1, begins_above);
    changes_.remember(journal.changed());
}

std::string CommitQueue::id_at(std::uint64_t n) {
    if (n == 0) return {};
    const auto found = journal_->after({}, n - 1, 1);
    return found.empty() || found.front().arrival != n ? std::string{}
                                                       : std::string{found.front().message.id()};
}

void CommitQueue::take_name(std::string uuid) {
    new_name_ = uuid;
    identity_.rename(std::move(uuid));
    hurry();
}

bool CommitQueue::knows(std::string_view id) { return held_.contains(id) || journal_->contains(id); }

PendingMessage* CommitQueue::find(std::string_view id) {
    const auto it = held_.find(id);
    return it == held_.end() ? nullptr : &it->second;
}

PendingMessage& CommitQueue::add(base::ChatMessage message, bool accepted_here, base::Generation stored_in) {
    if (message.changed()) changes_.remember({std::string{message.id()}});
    auto& pending = held_[message.id()];
    pending.stored = !stored_in.empty();
    pending.entry = {next_arrival_++, std::move(message), accepted_here, std::move(stored_in)};
    waiting_.push_back(&pending);
    return pending;
}

PendingMessage& CommitQueue::add_old(base::ChatMessage message, base::Generation stored_in) {
    if (message.changed()) changes_.remember({std::string{message.id()}});
    auto& pending = held_[message.id()];
    pending.stored = pending.shown = true;
    pending.entry = {next_old_--, std::move(message), false, std::move(stored_in)};
    waiting_.push_back(&pending);
    return pending;
}

PendingMessage& CommitQueue::add_change(base::ChatMessage message, bool accepted_here,
                                        base::Generation stored_in) {
    const auto id = message.id();
    std::uint64_t said = 0;
    if (const auto* before = changes_.last(id))
        said = before->entry.said;
    else if (const auto* pending = find(id))
        said = pending->entry.arrival;
    else if (const auto entry = journal_->find(id))
        said = entry->first_arrival();
    // That the store has the message as it was says nothing of this change.
    std::erase(marks_, id);
    auto& pending =
        changes_.add({next_arrival_++, std::move(message), accepted_here, std::move(stored_in), said});
    waiting_.push_back(&pending);
    return pending;
}

std::optional<base::ChatMessage> CommitQueue::latest(std::string_view id) {
    if (const auto* change = changes_.last(id)) return change->entry.message;
    // On the disk it may have changed since: of changes only those that wait for something are held.
    if (const auto* pending = find(id); pending && !(pending->committed && may_be_changed(id)))
        return pending->entry.message;
    auto entry = journal_->find(id);
    if (!entry) return std::nullopt;
    return std::move(entry->message);
}

void CommitQueue::mark_change_stored(PendingMessage& change, const base::Generation& generation) {
    const auto id = change.entry.message.id();
    change.stored = true;
    marked_.emplace_back(id);
    if (!change.handed) {
        change.entry.stored_in = generation;
    } else if (changes_.last(id) == &change) {
        marks_.emplace_back(id);
        marks_generation_ = generation;
    }
}

void CommitQueue::mark_stored(std::string_view id, const base::Generation& generation) {
    marked_.emplace_back(id);
    auto* pending = find(id);
    if (pending) pending->stored = true;
    if (pending && !pending->handed) {
        pending->entry.stored_in = generation;
        return;
    }
    if (changes_.waits_for_store(id)) return;  // the journal has the change, or will have it
    marks_.emplace_back(id);
    marks_generation_ = generation;
}

bool CommitQueue::is_marked(std::string_view id, const base::Generation& generation) const {
    const auto among = [&](const std::vector<std::string>& marks) {
        return std::ranges::find(marks, id) != marks.end();
    };
    return (marks_generation_ == generation && among(marks_)) ||
           (marks_generation_under_way_ == generation && among(marks_under_way_));
}

void CommitQueue::set_checkpoint(base::Checkpoint checkpoint) { checkpoint_ = std::move(checkpoint); }

void CommitQueue::store_changed() {
    if (!marks_.empty()) DAVENPORT_MARK("another store comes before marks of the old one are on the disk");
    marks_.clear();
    checkpoint_.reset();
    for (auto* list : {&under_way_, &waiting_})
        for (auto* pending : *list)
            if (std::exchange(pending->stored, false))
                DAVENPORT_MARK("another store comes while what the old one had is on its way to the disk");
}

void CommitQueue::let_marks_wait(Turn& turn, base::Duration pause) {
    marks_due_ = turn.now.time + pause;
    turn.emit(SetTimer{timers::commit_queue, *marks_due_});
}

void CommitQueue::flush(Turn& turn) {
    if (batch_under_way_) return;
    if (not_before_ && turn.now.time < *not_before_) return;
    if (waiting_.empty() && !policies_.waits()) {
        if (!has_marks() && !failing_) return;  // failing: only a try finds out that it is over
        if (!marks_due_) let_marks_wait(turn, marks_wait);
        if (turn.now.time < *marks_due_) return;
    }
    base::JournalBatch batch;
    batch.number = ++batches_;
    batch.entries.reserve(waiting_.size());
    for (auto* pending : waiting_) {
        pending->handed = true;
        batch.entries.push_back(pending->entry);
    }
    under_way_ = std::exchange(waiting_, {});
    const auto marks_most =
        under_way_.empty() ? marks_max : std::max(marks_beside_messages_max, under_way_.size());
    // Which of them go first does not matter, and the last are taken off for nothing.
    const auto first = marks_.end() - static_cast<std::ptrdiff_t>(std::min(marks_.size(), marks_most));
    marks_under_way_.assign(std::make_move_iterator(first), std::make_move_iterator(marks_.end()));
    marks_.erase(first, marks_.end());
    batch.stored = marks_under_way_;
    batch.stored_generation = marks_generation_under_way_ = marks_generation_;
    batch.checkpoint = checkpoint_under_way_ = std::exchange(checkpoint_, std::nullopt);
    batch.uuid = new_name_under_way_ = std::exchange(new_name_, {});
    if (policies_.waits()) batch.policies = policies_.take_batch();
    batch_under_way_ = true;
    marks_due_.reset();
    if (!marks_.empty()) let_marks_wait(turn, marks_pause);
    not_before_.reset();
    turn.emit(Persist{std::move(batch)});
}

std::vector<PendingMessage*> CommitQueue::persisted(std::uint64_t batch) {
    if (!batch_under_way_ || batch != batches_) return {};
    batch_under_way_ = failing_ = false;
    marks_under_way_.clear();
    checkpoint_under_way_.reset();
    new_name_under_way_.clear();
    policies_.committed();
    for (auto* pending : under_way_) pending->committed = true;
    for (const auto* pending : under_way_) {
        if (pending->entry.arrival <= committed_) continue;
        committed_ = pending->entry.arrival;
        committed_id_ = pending->entry.message.id();
    }
    return std::exchange(under_way_, {});
}

void CommitQueue::persist_failed(Turn& turn, const std::string& reason) {
    if (!batch_under_way_) return;
    batch_under_way_ = false;
    policies_.not_committed();
    if (!std::exchange(failing_, true))
        turn.error("journal: cannot write (" + reason +
                   "); posts are refused until it can: free some space on the disk, put the file back, or, "
                   "where it is "
                   "damaged, restore a backup");
    DAVENPORT_MARK("a commit fails");
    for (auto* pending : under_way_) {
        pending->handed = false;
        // Marks of a batch are not for its changes.
        if (pending->entry.is_change() && pending->stored && pending->entry.stored_in.empty())
            pending->entry.stored_in = marks_generation_;
    }
    std::erase_if(marks_under_way_, [&](const std::string& id) { return changes_.waits_for_store(id); });
    prepend(waiting_, std::move(under_way_));
    if (marks_.empty() || marks_generation_ == marks_generation_under_way_) {
        prepend(marks_, std::move(marks_under_way_));
        marks_generation_ = marks_generation_under_way_;
    }
    under_way_.clear();
    marks_under_way_.clear();
    if (checkpoint_) DAVENPORT_MARK("a checkpoint overtakes a failed commit");
    if (!checkpoint_) checkpoint_ = std::move(checkpoint_under_way_);
    checkpoint_under_way_.reset();
    if (new_name_.empty()) new_name_ = std::move(new_name_under_way_);
    new_name_under_way_.clear();
    not_before_ = turn.now.time + retry_after;
    turn.emit(SetTimer{timers::commit_queue, *not_before_});
}

void CommitQueue::watched(Turn& turn, const std::string& trouble) {
    if (trouble == trouble_) return;
    if (trouble.empty())
        turn.info("journal: its file is in its place again");
    else
        turn.error("journal: " + trouble + "; posts are refused: put the file back, or restart the node");
    trouble_ = trouble;
}

std::vector<PendingMessage*> CommitQueue::uncommitted_messages() const {
    auto out = under_way_;
    out.insert(out.end(), waiting_.begin(), waiting_.end());
    return out;
}

void CommitQueue::erase(PendingMessage& pending) { held_.erase(held_.find(pending.entry.message.id())); }

std::vector<const PendingMessage*> CommitQueue::on_the_way() const {
    std::vector<const PendingMessage*> out{under_way_.begin(), under_way_.end()};
    out.insert(out.end(), waiting_.begin(), waiting_.end());
    return out;
}

std::vector<const PendingMessage*> CommitQueue::uncommitted(std::string_view room) const {
    auto out = on_the_way();
    std::erase_if(out, [&](const PendingMessage* pending) {
        return !pending->shown || (!room.empty() && pending->entry.message.room() != room);
    });
    return out;
}

}  // namespace davenport::node
