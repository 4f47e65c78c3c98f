#include "node/base/change.hpp"
#include "node/base/mark.hpp"
#include "node/core/store/shared_store.hpp"

#include <compare>
#include <utility>

namespace davenport::node {
namespace {

/// What two nodes show is the same, whatever they know of how it came about.
bool same_to_people(const base::ChatMessage& a, const base::ChatMessage& b) {
    return a.is_removed() == b.is_removed() && a.text() == b.text();
}

}  // namespace

/// A message as the store has it, of which this node or the store knows a change. Gives what take_in() gives.
bool SharedStore::reconcile(Turn& turn, const base::ChatMessage& message) {
    const auto id = message.id();
    const auto known = log_->latest(id);
    if (!known) return told_again(id, false);  // forgotten
    const auto order = base::compare_states(message, *known);
    if (std::is_gt(order) && !same_to_people(message, *known)) {
        adopt(turn, base::later_of(*known, message));
        return false;
    }
    auto* pending = log_->find(id);
    const auto* change = log_->changes().last(id);
    const bool first_word = (pending && !pending->stored && pending->entry.accepted_here) ||
                            (change && !change->stored && change->entry.accepted_here);
    if (pending && !pending->stored) confirm(turn, id, pending);
    if (std::is_eq(order) || same_to_people(message, *known))
        confirm_change(turn, message, *known);
    else
        write_over(*known);
    return told_again(id, first_word);
}

/// The store has the message as `message` is, and that counts more than all that is known here.
void SharedStore::adopt(Turn& turn, const base::ChatMessage& message) {
    const auto id = std::string{message.id()};
    sighted(turn, id, log_->find(id));
    ++counts_->rows_new;
    listener_->on_changed(turn, message);
}

bool SharedStore::adopt_other_text(Turn& turn, const base::ChatMessage& winner) {
    if (winner.changed() || !log_->knows(winner.id())) return false;
    const auto known = log_->latest(winner.id());
    if (!known || known->changed() || known->text() == winner.text()) return false;
    const auto key =
        base::MessageKey::parse(base::key_of_revision(base::key_of_position(known->position()), 1));
    if (!key) return false;
    DAVENPORT_MARK("a conflict of two texts that were never edited");
    adopt(turn, base::edited(*known, *key, winner.text()));
    return true;
}

/// The store has the message as this node knows it.
void SharedStore::confirm_change(Turn& turn, const base::ChatMessage& message,
                                 const base::ChatMessage& known) {
    const auto id = message.id();
    if (auto* change = log_->changes().last(id)) {
        if (change->stored || change->overtaken) return;
        log_->mark_change_stored(*change, generation());
    } else {
        if (log_->find(id) || !writes_.reads_journal()) return;
        const auto entry = log_->journal().find(id);
        if (!entry || is_known_stored(id)) return;
        log_->mark_stored(id, generation());
    }
    writes_.settled();
    listener_->on_change_stored(turn, known);
}

/// The store tells an older state than this node knows, and than it once had or is about to get: it lost the
/// change, or a person took it back.
void SharedStore::write_over(const base::ChatMessage& known) {
    const auto id = known.id();
    if (log_->changes().waits_for_store(id)) return;  // it is about to be written
    const auto* change = log_->changes().last(id);    // by the store's word, though the disk may not have it
    const bool was_stored = change && change->stored;
    if (!was_stored && (!log_->journal().contains(id) || !is_known_stored(id))) return;  // its turn comes
    DAVENPORT_MARK("the store tells an older state of a message");
    base::JournalEntry entry;  // the change may not be on the disk yet
    entry.message = known;
    writes_.enqueue_again(entry);
}

void SharedStore::compare_again(std::string_view id) {
    if (log_->changes().waits_for_store(id)) return;
    const auto known = log_->latest(id);
    if (!known || !known->changed() || !is_known_stored(id)) return;
    base::JournalEntry entry;  // the change may not be on the disk yet
    entry.message = *known;
    writes_.enqueue_again(entry);
}

void SharedStore::on_gone(Turn& turn, std::string_view id) {
    forget_place(id);
    if (!log_->knows(id)) return on_gone_unknown(turn, id);
    note_vanished(id);
    const auto known = log_->latest(id);
    if (!known) return;
    if (known->is_removed()) {
        if (auto* pending = log_->find(id); pending && !pending->stored) confirm(turn, id, pending);
        confirm_change(turn, *known, *known);
    } else {
        adopt(turn, base::removed_by_store(*known));
    }
}

void SharedStore::remove_again(Turn& turn, std::string_view id) {
    const auto known = log_->latest(id);
    if (!known) return;
    if (known->is_removed() && log_->changes().waits_for_store(id)) return;  // it is about to be written
    if (!known->is_removed()) on_gone(turn, id);
    base::JournalEntry entry;
    entry.message = known->is_removed() ? *known : base::removed_by_store(*known);
    writes_.enqueue_again(entry);
}

void SharedStore::note_vanished(std::string_view id) {
    if (vanished_.emplace(id).second && vanished_.size() > vanished_max) vanished_.erase(vanished_.begin());
}

void SharedStore::on_gone_unknown(Turn& turn, std::string_view id) {
    const auto message = base::gone_unknown(id);
    if (!message || vanished_.contains(id)) return;
    DAVENPORT_MARK("what this node never had is gone");
    note_vanished(id);
    listener_->on_changed_elsewhere(turn, *message);
}

void SharedStore::on_outcomes(Turn& turn, const ChangeOutcomes& outcomes) {
    using Kind = ChangeOutcome::Kind;
    for (const auto& outcome : outcomes) {
        const auto id = outcome.message.id();
        auto* pending = log_->find(id);
        // No feed tells of a purge: who comes from another node is told by what is noted.
        if (outcome.found && outcome.found->removed() == base::removed_in_store) note_vanished(id);
        if (outcome.kind == Kind::refused) {
            turn.error("store: it refuses the change of " + std::string{id} + " for good (" + outcome.reason +
                       "); it stays in the journal");
            writes_.settled();
            listener_->on_change_refused(turn, outcome.message, outcome.reason);
            continue;
        }
        if (outcome.kind == Kind::overtaken) {
            const auto known = log_->latest(id);
            const bool counts_more = known && std::is_gt(base::compare_states(*outcome.found, *known));
            if (counts_more && same_to_people(*outcome.found, *known)) {  // nobody need be shown it twice
                confirm_change(turn, *outcome.found, *known);
                continue;
            }
            if (counts_more) adopt(turn, base::later_of(*known, *outcome.found));
            writes_.settled();
            if (outcome.was_gone) remove_again(turn, id);
            continue;
        }
        if (pending && !pending->stored) confirm(turn, id, pending);
        auto* change = log_->changes().last(id);
        // A newer one may have come meanwhile: then it is that one's turn.
        if (change && std::is_neq(base::compare_states(change->entry.message, outcome.message))) {
            writes_.settled();
            continue;
        }
        if (change ? change->stored : is_known_stored(id)) {
            // What was lost and is written again may be lost again.
            if (outcome.sent) anti_entropy_.track(std::string{id});
            writes_.settled();
            continue;
        }
        if (expected_.size() < expected_max) {
            expected_.emplace(id);
            expect_row(turn);
        }
        if (change)
            log_->mark_change_stored(*change, generation());
        else
            log_->mark_stored(id, generation());
        writes_.settled();
        listener_->on_change_stored(turn, outcome.message);
    }
}

bool SharedStore::is_known_stored(std::string_view id) {
    if (log_->is_marked(id, generation())) return true;
    const auto entry = log_->journal().find(id);
    return entry && entry->stored_in == generation();
}

}  // namespace davenport::node
