#include "node/core/store/shared_store.hpp"

#include "node/base/change.hpp"
#include "node/base/mark.hpp"
#include "node/base/message_id.hpp"

#include <algorithm>

namespace davenport::node {
namespace {

constexpr auto clocks_differ_by = std::chrono::seconds{5};

}  // namespace

SharedStore::SharedStore(const ChatConfig& config, base::Random& random, CommitQueue& log, NodeCounts& counts,
                         std::size_t documents_max)
    : config_{&config},
      random_{&random},
      log_{&log},
      counts_{&counts},
      version_{config, log},
      writes_{documents_max, log, waiting_changes_},
      anti_entropy_{config, log, *this, *this} {}

void SharedStore::on_outcomes(Turn& turn, const WriteOutcomes& outcomes) {
    for (const auto& outcome : outcomes) {
        auto* pending = log_->find(outcome.id);
        if (outcome.stored) {
            const bool row_is_due = pending ? !pending->stored : writes_.reads_journal();
            if (row_is_due && expected_.size() < expected_max) {
                expected_.emplace(outcome.id);
                if (outcome.was_there) was_there_.emplace(outcome.id);
                expect_row(turn);
            }
            confirm(turn, outcome.id, pending);
            if (outcome.was_gone) remove_again(turn, outcome.id);
        } else {
            turn.error("store: it refuses the message " + outcome.id + " for good (" + outcome.reason +
                       "); it stays in the journal");
            DAVENPORT_MARK("the store refuses a message for good");
            writes_.settled();
            listener_->on_refused(turn, outcome.id, outcome.reason);
        }
    }
}

void SharedStore::on_news(Turn& turn, const std::vector<PolicyNews>& all) {
    using Kind = PolicyNews::Kind;
    for (const auto& news : all)
        if (news.kind == Kind::refused)
            listener_->on_policy_refused(turn, news.id, news.reason);
        else
            listener_->on_policy(turn, news.id, news.kind == Kind::stored);
}

void SharedStore::write_again(Turn& turn, const std::vector<std::string>& lost) {
    if (lost.empty()) return;
    DAVENPORT_MARK("what the store lost is written again");
    turn.error("store: it has lost " + std::to_string(lost.size()) +
               " messages that it had acknowledged; they are written again");
    for (auto id = lost.rbegin(); id != lost.rend();
         ++id)  // each goes before all that wait, so the oldest is the first
        if (const auto entry = log_->journal().find(*id))
            writes_.enqueue_again(*entry);
        else if (log_->find(*id))
            anti_entropy_.track(*id);  // on its way to the disk still: it is looked for once more
}

// ---- what the store has

bool SharedStore::take_in(Turn& turn, base::ChatMessage message) {
    const auto id = message.id();
    if (log_->knows(id)) {
        if (message.changed() || log_->may_be_changed(id)) return reconcile(turn, message);
        auto* pending = log_->find(id);
        if (contradicts(message, pending)) {
            ++counts_->rows_contradicting;
            turn.warn("store: the document " + std::string{id} +
                      " says something else than the message that this node knows by its id; what the store "
                      "has counts");
            if (adopt_other_text(turn, message)) return false;
        }
        // Of ours, before the store's answer.
        const bool first_word = pending && !pending->stored && pending->entry.accepted_here;
        if (first_word) DAVENPORT_MARK("the feed brings an own message before its answer");
        sighted(turn, id, pending);
        return told_again(id, first_word);
    }
    if (known_by_other_id(message)) {
        DAVENPORT_MARK("a message comes under its other id");
        return told_again(id, false);
    }
    if (wants_place(turn, message)) return false;
    add(turn, std::move(message));
    return false;
}

bool SharedStore::known_by_other_id(const base::ChatMessage& message) {
    const auto from = full_ids_from();
    if (from == base::full_ids_always || from == base::full_ids_never || message.changed()) return false;
    const auto is_same = [&](const base::ChatMessage& known) {
        return !known.changed() && known.user() == message.user() && known.text() == message.text();
    };
    const auto id = message.id();
    if (const auto brief = base::brief_id_of(id); !brief.empty()) {
        const auto known = log_->latest(brief);
        return known && is_same(*known);
    }
    const auto place = base::parse_message_id(id);
    if (!place || place->unix_ms < from) return false;  // of before: it has no other
    // A full id begins with the brief one, and so stands next to it.
    const auto is_other = [&](const base::ChatMessage& known) {
        return base::brief_id_of(known.id()) == id && is_same(known);
    };
    for (const auto* pending : log_->on_the_way())
        if (is_other(pending->entry.message)) return true;
    const auto next = log_->journal().page(message.room(), std::string{message.position()} + '~', 1);
    return !next.empty() && is_other(next.front().message);
}

bool SharedStore::contradicts(const base::ChatMessage& message, const PendingMessage* pending) {
    if (pending) return base::contradict(pending->entry.message, message);
    const auto id = message.id();
    const bool was_there = was_there_.erase(std::string{id}) > 0;
    if (!was_there && expected_.contains(id)) return false;  // this node wrote it, and the store took it
    const auto entry = log_->journal().find(id);
    return entry && base::contradict(entry->message, message);
}

bool SharedStore::told_again(std::string_view id, bool first_word) {
    ++counts_->rows_known;
    was_there_.erase(std::string{id});
    const auto expected = expected_.find(id);
    if (expected == expected_.end()) return !first_word;
    expected_.erase(expected);
    return false;
}

void SharedStore::add(Turn& turn, base::ChatMessage message) {
    ++counts_->rows_new;
    const std::string id{message.id()};
    const bool was_gone = vanished_.contains(id) && !message.is_removed();
    if (was_gone) {  // a row of before, or somebody wrote it again who did not know
        DAVENPORT_MARK("what is gone comes again");
        message = base::removed_by_store(message);
    } else {
        vanished_.erase(id);
    }
    if (!is_old(turn, message)) {
        listener_->on_message(turn, std::move(message));
    } else {
        if (!was_gone && is_new_change(message)) {
            DAVENPORT_MARK("an old message comes with a change that is news");
            listener_->on_changed_elsewhere(turn, message);
        }
        log_->add_old(std::move(message), generation());
    }
    if (was_gone) remove_again(turn, id);
}

/// By the live feed comes what is new; all else was there before this node. What was said since its journal
/// began may be news for those who came before that feed was open.
bool SharedStore::is_old(const Turn& turn, const base::ChatMessage& message) {
    if (!fresh_ || by_live_feed_ || written_lately_.contains(message.id())) return false;
    if (!news_since_) {
        auto began = turn.now.wall;
        if (const auto first = log_->journal().after({}, CommitQueue::begins_above, 1);
            !first.empty() && !first.front().is_change())
            if (const auto said = base::parse_message_id(first.front().message.id()))
                began = std::min(began, base::wall_from_unix_ms(said->unix_ms));
        news_since_ = began - clocks_differ_by;
    }
    const auto said = base::parse_message_id(message.id());
    return !said || base::wall_from_unix_ms(said->unix_ms) < *news_since_;
}

bool SharedStore::is_new_change(const base::ChatMessage& message) const {
    const auto key = message.is_removed() ? message.removed() : message.edited();
    if (key.empty() || !news_since_) return false;
    return key == base::removed_in_store ||
           base::wall_from_unix_ms(base::unix_ms_of_change(key)) >= *news_since_;
}

void SharedStore::sighted(Turn& turn, std::string_view id, PendingMessage* pending) {
    if (pending && !pending->stored) return confirm(turn, id, pending);
    if (pending || !writes_.reads_journal()) return;
    const auto entry = log_->journal().find(id);
    if (entry && entry->stored_in != generation()) confirm(turn, id, nullptr);
}

void SharedStore::confirm(Turn& turn, std::string_view id, PendingMessage* pending) {
    if (pending && pending->stored) return;
    ++counts_->posts_stored;
    log_->mark_stored(id, generation());
    writes_.settled();
    listener_->on_stored(turn, id, pending);
}

/// A life that this journal does not know: it was put back from a copy, or somebody runs a copy of it.
void SharedStore::on_own_run(Turn& turn, std::string_view run) {
    if (run.empty() || log_->run().empty() || log_->knows_run(run)) return;
    DAVENPORT_MARK("the store knows a later life of this journal");
    turn.warn(
        "journal: the store knows of a later life of it: it was put back from a copy, or runs twice; it has "
        "another uuid now, and clients resume as from another node");
    log_->take_name(random_->uuid());
    forget_presence();
}

}  // namespace davenport::node
