#include "node/base/change.hpp"
#include "node/base/mark.hpp"
#include "node/base/message_id.hpp"
#include "node/core/store/couchdb/couch_store.hpp"

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
bool CouchStore::reconcile(Turn& turn, const base::ChatMessage& message) {
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
void CouchStore::adopt(Turn& turn, const base::ChatMessage& message) {
    const auto id = std::string{message.id()};
    sighted(turn, id, log_->find(id));
    ++counts_->rows_new;
    listener_->on_changed(turn, message);
}

bool CouchStore::adopt_other_text(Turn& turn, const base::ChatMessage& winner) {
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
void CouchStore::confirm_change(Turn& turn, const base::ChatMessage& message,
                                const base::ChatMessage& known) {
    const auto id = message.id();
    if (auto* change = log_->changes().last(id)) {
        if (change->stored || change->overtaken) return;
        log_->mark_change_stored(*change, generation());
    } else {
        if (log_->find(id) || !writer_.reads_journal()) return;
        const auto entry = log_->journal().find(id);
        if (!entry || is_known_stored(id)) return;
        log_->mark_stored(id, generation());
    }
    writer_.settled();
    listener_->on_change_stored(turn, known);
}

/// The store tells an older state than this node knows, and than it once had or is about to get: it lost the
/// change, or a person took it back.
void CouchStore::write_over(const base::ChatMessage& known) {
    const auto id = known.id();
    if (log_->changes().waits_for_store(id)) return;                    // it is about to be written
    if (!log_->journal().contains(id) || !is_known_stored(id)) return;  // its turn comes
    base::JournalEntry entry;  // the change may not be on the disk yet
    entry.message = known;
    writer_.enqueue_again(entry);
}

void CouchStore::compare_again(std::string_view id) {
    if (log_->changes().waits_for_store(id)) return;
    const auto known = log_->latest(id);
    if (!known || !known->changed() || known->removed() == base::removed_in_store || !is_known_stored(id))
        return;
    base::JournalEntry entry;  // the change may not be on the disk yet
    entry.message = *known;
    writer_.enqueue_again(entry);
}

void CouchStore::on_gone(Turn& turn, std::string_view id) {
    placer_.forget(id);
    if (!log_->knows(id)) return on_gone_unknown(turn, id);
    if (vanished_.size() < vanished_max) vanished_.emplace(id);
    const auto known = log_->latest(id);
    if (!known) return;
    if (known->is_removed()) {
        if (auto* pending = log_->find(id); pending && !pending->stored) confirm(turn, id, pending);
        confirm_change(turn, *known, *known);
    } else {
        adopt(turn, base::removed_by_store(*known));
    }
}

void CouchStore::on_gone_unknown(Turn& turn, std::string_view id) {
    const auto message = base::gone_unknown(id);
    if (!message || vanished_.contains(id) || vanished_.size() >= vanished_max) return;
    DAVENPORT_MARK("what this node never had is gone");
    vanished_.emplace(id);
    listener_->on_changed_elsewhere(turn, *message);
}

void CouchStore::on_outcomes(Turn& turn, const ChangeWriter::Outcomes& outcomes) {
    using Kind = ChangeWriter::Outcome::Kind;
    for (const auto& outcome : outcomes) {
        const auto id = outcome.message.id();
        auto* pending = log_->find(id);
        if (outcome.kind == Kind::refused) {
            turn.error("store: it refuses the change of " + std::string{id} + " for good (" + outcome.reason +
                       "); it stays in the journal");
            writer_.settled();
            listener_->on_change_refused(turn, outcome.message, outcome.reason);
            continue;
        }
        if (outcome.kind == Kind::overtaken) {
            if (const auto known = log_->latest(id);
                known && std::is_gt(base::compare_states(*outcome.found, *known)))
                adopt(turn, base::later_of(*known, *outcome.found));
            writer_.settled();
            continue;
        }
        if (pending && !pending->stored) confirm(turn, id, pending);
        auto* change = log_->changes().last(id);
        // A newer one may have come meanwhile: then it is that one's turn.
        if (change && std::is_neq(base::compare_states(change->entry.message, outcome.message))) {
            writer_.settled();
            continue;
        }
        if (change ? change->stored : is_known_stored(id)) {
            // What was lost and is written again may be lost again.
            if (outcome.sent) anti_entropy_.track(std::string{id});
            writer_.settled();
            continue;
        }
        if (expected_.size() < expected_max) {
            expected_.emplace(id);
            feed_watch_.wrote(turn.now.time);
        }
        if (change)
            log_->mark_change_stored(*change, generation());
        else
            log_->mark_stored(id, generation());
        writer_.settled();
        listener_->on_change_stored(turn, outcome.message);
    }
}

bool CouchStore::is_known_stored(std::string_view id) {
    if (log_->is_marked(id, generation())) return true;
    const auto entry = log_->journal().find(id);
    return entry && entry->stored_in == generation();
}

// ---- what is not there any more

void CouchStore::look_for_purges(Turn& turn, std::vector<std::string> missing) {
    requests_.send(turn, RequestOwner::lookup, api_.purged(), {.timeout = config_->request_timeout},
                   [this, missing = std::move(missing)](Turn& t, const Reply& reply) {
                       const auto purged = reply.response ? read_purged(*reply.response) : std::nullopt;
                       std::vector<std::string> lost;
                       for (const auto& id : missing)
                           if (!purged)
                               anti_entropy_.track(id);  // asked for once more
                           else if (purged->contains(id))
                               on_gone(t, id);
                           else
                               lost.push_back(id);
                       write_again(t, lost);
                       return purged.has_value();
                   });
}

void CouchStore::on_purged(Turn& turn, const std::set<std::string, std::less<>>& ids) {
    for (const auto& id : ids) {
        if (!log_->knows(id)) {
            on_gone_unknown(turn, id);
            continue;
        }
        if (vanished_.size() < vanished_max) vanished_.insert(id);
        const auto known = log_->latest(id);
        if (!known || known->is_removed()) continue;
        DAVENPORT_MARK("a purge is noticed");
        on_gone(turn, id);
        base::JournalEntry entry;
        entry.message = base::removed_by_store(*known);
        writer_.enqueue_again(entry);
    }
}

void CouchStore::add_gone(const FeedRow& row, std::vector<base::ChatMessage>& into) {
    const auto known = log_->latest(row.id);
    if (known) into.push_back(known->is_removed() ? *known : base::removed_by_store(*known));
    // A node that lost its journal does not know it, and who was away may.
    if (known || log_->knows(row.id)) return;
    if (auto message = base::gone_unknown(row.id)) into.push_back(std::move(*message));
}

Store::RequestId CouchStore::fetch(Turn& turn, std::string_view id, OnLookup on_lookup) {
    return requests_.send(turn, RequestOwner::lookup, api_.get_document(id),
                          {.timeout = config_->request_timeout},
                          [this, on_lookup = std::move(on_lookup)](Turn& t, const Reply& reply) {
                              auto found = Lookup::no_answer;
                              if (reply.response && reply.response->status == 404 &&
                                  judge(*reply.response) == StoreVerdict::served)
                                  found = Lookup::unknown;
                              base::JsonReader reader;
                              const auto document = reply.response && reply.response->status == 200
                                                        ? reader.read(reply.response->body)
                                                        : std::nullopt;
                              if (document) {
                                  auto message = base::from_document(*document, t.now.wall);
                                  found = message ? Lookup::known : Lookup::unknown;
                                  if (message) take_in(t, std::move(*message));
                              }
                              on_lookup(t, found);
                              return found != Lookup::no_answer;
                          });
}

}  // namespace davenport::node
