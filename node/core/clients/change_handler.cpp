#include "node/core/clients/change_handler.hpp"

#include "node/base/change.hpp"
#include "node/base/mark.hpp"

#include <algorithm>
#include <compare>
#include <optional>
#include <utility>

namespace davenport::node {
namespace {

constexpr std::size_t lookups_max = 64;
constexpr std::int64_t retry_soon_ms = 1000;
constexpr std::int64_t may_be_on_its_way_ms = 24 * 3'600'000;

constexpr std::string_view overtaken = "a later change of the message counts";

std::string key_of(const base::ChatMessage& message) {
    return std::string{message.id()} + '\n' +
           std::string{message.is_removed() ? message.removed() : message.edited()};
}

}  // namespace

// ---- in

void ChangeHandler::change(Turn& turn, ChangeDraft draft, ReplyTo waiter, const std::string& who) {
    auto read = read_change(*config_, draft);
    const auto* good = std::get_if<GoodChange>(&read);
    const auto known = good ? log_->latest(draft.id) : std::nullopt;
    if (known && is_repeat(*known, draft, *good)) return repeat(turn, *known, waiter);
    if (const auto refusal = posts_->too_fast(turn, who)) return posts_->refuse(turn, waiter, *refusal);
    if (!good) return posts_->refuse(turn, waiter, std::get<Refusal>(read));
    if (!known) return look_up(turn, std::move(draft), *good, std::move(waiter));
    decide(turn, draft, *good, waiter);
}

void ChangeHandler::decide(Turn& turn, const ChangeDraft& draft, const GoodChange& change,
                           const ReplyTo& waiter) {
    const auto known = log_->latest(draft.id);
    if (!known || (!draft.room.empty() && known->room() != draft.room)) {
        const auto place = base::parse_message_id(draft.id);
        const bool may_come = place && place->unix_ms > base::unix_ms(turn.now.wall) - may_be_on_its_way_ms;
        return posts_->refuse(turn, waiter,
                              {"unknown", "no message with this id is known here or in the store",
                               may_come && !known ? retry_soon_ms : 0});
    }
    if (is_repeat(*known, draft, change)) return repeat(turn, *known, waiter);
    if (!may_change(*config_, *known, draft))
        return posts_->refuse(
            turn, waiter,
            {"not_yours", draft.removes ? "only its author and moderators may remove a message"
                                        : "only its author may edit a message"});
    const auto who = draft.user.empty() ? known->user() : std::string_view{draft.user};
    if (const auto refusal = access_->to_write(known->room(), who, turn.now))
        return posts_->refuse(turn, waiter, *refusal);
    auto wanted = apply_change(*known, draft, change);
    if (std::is_lteq(base::compare_states(wanted, *known)))
        return posts_->tell(turn, waiter,
                            frames::Superseded{waiter.key, draft.id,
                                               known->is_removed() ? "the message is removed" : overtaken});
    auto judgement =
        judge_key(base::wall_from_unix_ms(change.key.unix_ms), turn.now.wall, "change", known->edited());
    if (judgement.verdict != Judgement::Verdict::good) return posts_->refuse(turn, waiter, judgement.refusal);
    if (const auto refusal = posts_->takes_nothing()) return posts_->refuse(turn, waiter, *refusal);
    auto& pending = log_->add_change(std::move(wanted), true, {});
    pending.replies_to.push_back(waiter);
    store_->put(pending);
    let_overtaken_go(turn, draft.id);
}

void ChangeHandler::remove(Turn& turn, base::ChatMessage removed) {
    const std::string id{removed.id()};
    store_->put(log_->add_change(std::move(removed), true, {}));
    let_overtaken_go(turn, id);
}

/// A message that this node does not know may be in the store, or on its way from another node.
void ChangeHandler::look_up(Turn& turn, ChangeDraft draft, const GoodChange& change, ReplyTo waiter) {
    const Refusal not_now{"not_now", "the message is not known here, and the store cannot be asked now",
                          retry_soon_ms};
    if (!store_->usable() || lookups_ >= lookups_max) return posts_->refuse(turn, waiter, not_now);
    DAVENPORT_MARK("a change is of a message that this node does not know");
    ++lookups_;
    const auto id = draft.id;
    store_->fetch(turn, id,
                  [this, not_now, change, draft = std::move(draft), waiter = std::move(waiter)](
                      Turn& t, Store::Lookup found) {
                      --lookups_;
                      if (found == Store::Lookup::no_answer) return posts_->refuse(t, waiter, not_now);
                      decide(t, draft, change, waiter);
                  });
}

void ChangeHandler::repeat(Turn& turn, const base::ChatMessage& known, const ReplyTo& waiter) {
    const auto id = known.id();
    if (refused_.contains(key_of(known)))
        return posts_->tell(turn, waiter, frames::Failed{waiter.key, id, "the store refused it before"});
    if (auto* change = log_->changes().last(id)) {
        if (!change->committed && log_->failing()) return posts_->refuse(turn, waiter, disk_refusal());
        if (change->committed) posts_->tell(turn, waiter, frames::Accepted{waiter.key, id});
        if (!change->committed || waiter.session != 0) add_waiter(change->replies_to, waiter);
        return;
    }
    const auto& store = store_->generation();
    const auto entry = log_->journal().find(id);
    if ((entry && !entry->stored_in.empty() && (entry->stored_in == store || store.empty())) ||
        log_->is_marked(id, store))
        return posts_->tell(turn, waiter, frames::Stored{waiter.key, id});
    posts_->tell(turn, waiter, frames::Accepted{waiter.key, id});
    if (waiter.session != 0) add_waiter(late_waiters_[key_of(known)], waiter);
}

// ---- onwards

void ChangeHandler::committed(Turn& turn, PendingMessage& change) {
    show(change);
    const auto id = change.entry.message.id();
    if (change.overtaken) return let_overtaken_go(turn, change);  // others of this batch have their turn
    for (const auto& waiter : change.replies_to)
        if (change.stored)
            posts_->tell(turn, waiter, frames::Stored{waiter.key, id});
        else
            posts_->tell(turn, waiter, frames::Accepted{waiter.key, id});
    std::erase_if(change.replies_to, [&](const ReplyTo& w) { return change.stored || w.exchange != 0; });
    release_if_done(change);
}

void ChangeHandler::on_changed(Turn& turn, base::ChatMessage message) {
    const std::string id{message.id()};
    show(log_->add_change(std::move(message), false, store_->generation()));
    let_overtaken_go(turn, id);
}

void ChangeHandler::on_change_stored(Turn& turn, const base::ChatMessage& message) {
    const auto id = message.id();
    auto* change = log_->changes().last(id);
    if (change) show(*change);
    if (change && !change->committed) return;
    for (const auto& waiter : change ? std::exchange(change->replies_to, {}) : take_late_waiters(message))
        posts_->tell(turn, waiter, frames::Stored{waiter.key, id});
    if (change) release_if_done(*change);
}

void ChangeHandler::on_change_refused(Turn& turn, const base::ChatMessage& message,
                                      const std::string& reason) {
    const auto id = message.id();
    refused_.insert(key_of(message));
    auto* change = log_->changes().last(id);
    if (change && std::is_neq(base::compare_states(change->entry.message, message))) return;
    for (const auto& waiter : change ? std::exchange(change->replies_to, {}) : take_late_waiters(message))
        posts_->tell(turn, waiter, frames::Failed{waiter.key, id, reason});
    if (!change) return;
    change->overtaken = true;
    release_if_done(*change);
}

void ChangeHandler::show(PendingMessage& change) {
    if (std::exchange(change.shown, true)) return;
    const auto* all = log_->changes().of(change.entry.message.id());
    const bool outdated =
        all && std::ranges::any_of(*all, [&](const PendingMessage& other) {
            return other.shown && std::is_gt(base::compare_states(other.entry.message, change.entry.message));
        });
    if (!outdated) rooms_->show_change(change.entry.message, log_->watermark());
}

void ChangeHandler::let_overtaken_go(Turn& turn, std::string_view id) {
    auto* all = log_->changes().of(id);
    if (!all) return;
    std::vector<PendingMessage*> over;
    for (auto& change : *all)
        if (change.overtaken && change.committed) over.push_back(&change);
    for (auto* change : over) let_overtaken_go(turn, *change);
}

void ChangeHandler::let_overtaken_go(Turn& turn, PendingMessage& change) {
    if (!change.replies_to.empty()) DAVENPORT_MARK("a change is overtaken while its sender waits");
    for (const auto& waiter : std::exchange(change.replies_to, {}))
        posts_->tell(turn, waiter, frames::Superseded{waiter.key, change.entry.message.id(), overtaken});
    log_->changes().erase(change);
}

void ChangeHandler::release_if_done(PendingMessage& change) {
    if (change.committed && (change.stored || change.overtaken || !change.entry.accepted_here))
        log_->changes().erase(change);
}

std::vector<ReplyTo> ChangeHandler::take_late_waiters(const base::ChatMessage& message) {
    auto node = late_waiters_.extract(key_of(message));
    return node.empty() ? std::vector<ReplyTo>{} : std::move(node.mapped());
}

}  // namespace davenport::node
