#include "node/core/clients/post_handler.hpp"

#include "node/base/change.hpp"
#include "node/base/mark.hpp"

#include <algorithm>
#include <utility>

namespace davenport::node {
namespace {

constexpr std::size_t lookups_max = 64;
constexpr std::int64_t retry_soon_ms = 1000;
constexpr std::int64_t just_now_ms = 5000;

bool same(const ReplyTo& a, const ReplyTo& b) {
    return a.session == b.session && a.exchange == b.exchange && a.key == b.key;
}

/// Two texts with one hash: found by trying some thousand million of them.
Refusal another_has_the_id() {
    DAVENPORT_MARK("a post has the id of another message");
    return {"bad_key", "another message has the id that this one would have: make a new key"};
}

}  // namespace

Refusal disk_refusal() {
    return {"not_now", "this node's disk does not take it: try the same again, or elsewhere", retry_soon_ms};
}

void add_waiter(std::vector<ReplyTo>& replies_to, const ReplyTo& waiter) {
    // A REST request has had its one answer with `accepted`.
    if (std::ranges::none_of(replies_to, [&](const ReplyTo& w) { return same(w, waiter); }))
        replies_to.push_back(waiter);
}

PostHandler::PostHandler(const ChatConfig& config, CommitQueue& log, Store& store, const Access& access,
                         Sessions& sessions, Rooms& rooms, NodeCounts& counts)
    : config_{&config},
      log_{&log},
      store_{&store},
      access_{&access},
      sessions_{&sessions},
      rooms_{&rooms},
      counts_{&counts},
      rates_{config.posts_per_second_max} {}

// ---- in

void PostHandler::post(Turn& turn, const Draft& draft, ReplyTo waiter, const std::string& who) {
    auto read = read_post(*config_, draft, store_->full_ids_from());
    auto* good = std::get_if<GoodPost>(&read);
    if (good && repeat(turn, good->message, waiter)) return;  // known first, rules after
    if (const auto refusal = too_fast(turn, who)) return refuse(turn, waiter, *refusal);
    if (!good) return refuse(turn, waiter, std::get<Refusal>(read));
    if (const auto refusal = access_->to_write(draft.room, draft.user, turn.now))
        return refuse(turn, waiter, *refusal);
    auto judgement = judge_post(*config_, *good, turn.now.wall);
    if (judgement.verdict == Judgement::Verdict::refused) return refuse(turn, waiter, judgement.refusal);
    if (judgement.verdict == Judgement::Verdict::only_if_known)
        return look_up(turn, good->message, std::move(waiter), std::move(judgement.refusal));
    if (log_->failing()) DAVENPORT_MARK("a post meets a full disk");
    if (const auto refusal = takes_nothing()) return refuse(turn, waiter, *refusal);
    if (const auto refusal = too_soon(good->message, turn.now.time)) return refuse(turn, waiter, *refusal);
    accept(std::move(good->message), std::move(waiter), turn.now.time);
}

std::optional<Refusal> PostHandler::too_soon(const base::ChatMessage& message, base::Time now) const {
    const auto* settings = access_->settings(message.room());
    if (!settings || settings->slow_s == 0 || access_->is_moderator(message.user())) return std::nullopt;
    const std::chrono::seconds pause{settings->slow_s};
    const auto wait = slow_mode_.wait(message.room(), message.user(), pause, now);
    if (!wait) return std::nullopt;
    return Refusal{"slow_mode",
                   "in this room one waits " + std::to_string(settings->slow_s) + " s between two messages",
                   std::chrono::ceil<std::chrono::milliseconds>(*wait).count()};
}

void PostHandler::note_for_slow_mode(const base::ChatMessage& message, base::Time now) {
    const auto* settings = access_->settings(message.room());
    if (settings && settings->slow_s > 0)
        slow_mode_.posted(message.room(), message.user(), std::chrono::seconds{settings->slow_s}, now);
}

std::optional<Refusal> PostHandler::too_fast(const Turn& turn, const std::string& who) {
    const auto wait = who.empty() ? std::nullopt : rates_.take(who, turn.now.time);
    if (!wait) return std::nullopt;
    return Refusal{"too_fast", "too many posts at once: wait a little",
                   std::chrono::ceil<std::chrono::milliseconds>(*wait).count()};
}

std::optional<Refusal> PostHandler::takes_nothing() const {
    if (!taking_) return Refusal{"not_now", "this node is about to end: go on elsewhere", retry_soon_ms};
    if (log_->failing()) return disk_refusal();
    if (store_->backlog() >= config_->outbox_messages_max)
        return Refusal{"full", "too many messages wait for the store", retry_soon_ms};
    return std::nullopt;
}

void PostHandler::accept(base::ChatMessage message, ReplyTo waiter, base::Time now) {
    note_for_slow_mode(message, now);
    auto& pending = log_->add(std::move(message), true, {});
    pending.replies_to.push_back(std::move(waiter));
    store_->put(pending);
    ++counts_->posts_taken;
}

void PostHandler::not_committed(Turn& turn) {
    for (auto* pending : log_->uncommitted_messages())
        for (const auto& waiter : std::exchange(pending->replies_to, {}))
            refuse(turn, waiter, disk_refusal());
}

bool PostHandler::repeat(Turn& turn, const base::ChatMessage& message, const ReplyTo& waiter) {
    const auto id = message.id();
    if (repeat_under(turn, id, message, waiter)) return true;
    const auto from = store_->full_ids_from();
    if (from == base::full_ids_always || from == base::full_ids_never) return false;
    // Two texts with one brief id are two messages here.
    const auto brief = base::brief_id_of(id);
    const auto known = brief.empty() ? std::nullopt : log_->latest(brief);
    if (!known || known->user() != message.user() || base::contradict(*known, message)) return false;
    DAVENPORT_MARK("a repeat of a message with a brief id");
    return repeat_under(turn, brief, message, waiter);
}

bool PostHandler::repeat_under(Turn& turn, std::string_view id, const base::ChatMessage& message,
                               const ReplyTo& waiter) {
    if (store_->has_refused(id)) {
        DAVENPORT_MARK("a repeat of what the store refused");
        tell(turn, waiter, frames::Failed{waiter.key, id, "the store refused it before"});
        return true;
    }
    if (store_->vanished().contains(id) && !log_->knows(id)) {
        DAVENPORT_MARK("a repeat of what is gone");
        tell(turn, waiter, frames::Failed{waiter.key, id, "the message was removed in the store"});
        return true;
    }
    if (auto* pending = log_->find(id)) {
        if (base::contradict(pending->entry.message, message))
            return refuse(turn, waiter, another_has_the_id()), true;
        if (!pending->committed && log_->failing()) return refuse(turn, waiter, disk_refusal()), true;
        if (!pending->committed) DAVENPORT_MARK("a repeat of what is on its way to the disk");
        if (pending->committed) tell(turn, waiter, frames::Accepted{waiter.key, id});
        if (!pending->committed || waiter.session != 0) add_waiter(pending->replies_to, waiter);
        return true;
    }
    const auto entry = log_->journal().find(id);
    if (!entry) return false;
    if (base::contradict(entry->message, message)) return refuse(turn, waiter, another_has_the_id()), true;
    const auto& store = store_->generation();
    const auto* change = log_->changes().last(id);  // it takes the message's marks with it
    if ((change && change->stored) ||
        (!entry->stored_in.empty() && (entry->stored_in == store || store.empty())) ||
        log_->is_marked(id, store)) {
        DAVENPORT_MARK("a repeat of what is stored");
        tell(turn, waiter, frames::Stored{waiter.key, id});
    } else {
        DAVENPORT_MARK("a repeat of what the journal alone has");
        tell(turn, waiter, frames::Accepted{waiter.key, id});
        if (waiter.session != 0) add_waiter(late_waiters_[std::string{id}], waiter);
    }
    return true;
}

void PostHandler::on_message(base::ChatMessage message, base::Now now) {
    // Through another node, and just now: what is read late is long over.
    if (const auto said = base::parse_message_id(message.id());
        said && base::unix_ms(now.wall) - said->unix_ms < just_now_ms)
        note_for_slow_mode(message, now.time);
    show(log_->add(std::move(message), false, store_->generation()));
}

// ---- onwards

void PostHandler::committed(Turn& turn, PendingMessage& pending) {
    show(pending);
    const auto id = pending.entry.message.id();
    if (pending.stored)
        for (const auto& waiter : std::exchange(pending.replies_to, {}))
            tell(turn, waiter, frames::Stored{waiter.key, id});
    for (const auto& waiter : pending.replies_to) tell(turn, waiter, frames::Accepted{waiter.key, id});
    std::erase_if(pending.replies_to, [](const ReplyTo& w) { return w.exchange != 0; });
    if (!pending.stored && store_->reads_later(pending.entry.arrival)) {
        DAVENPORT_MARK("a backlog is left to the journal");
        let_go(pending);  // a long backlog lies in the journal
    } else {
        release_if_done(pending);
    }
}

void PostHandler::on_stored(Turn& turn, std::string_view id, PendingMessage* pending) {
    if (pending) show(*pending);
    // Not before the commit: who was told `stored` asks no more, and a store can be wiped while this node
    // dies.
    if (pending && !pending->committed) return;
    for (const auto& waiter : take_waiters(id, pending)) tell(turn, waiter, frames::Stored{waiter.key, id});
    if (pending) release_if_done(*pending);
}

void PostHandler::on_refused(Turn& turn, std::string_view id, const std::string& reason) {
    ++counts_->posts_failed;
    auto* pending = log_->find(id);
    for (const auto& waiter : take_waiters(id, pending))
        tell(turn, waiter, frames::Failed{waiter.key, id, reason});
    if (pending) release_if_done(*pending);
}

void PostHandler::show(PendingMessage& pending) {
    if (std::exchange(pending.shown, true)) return;
    rooms_->show(pending.entry.message, log_->watermark());
}

void PostHandler::release_if_done(PendingMessage& pending) {
    const bool settled =
        pending.stored || !pending.entry.accepted_here || store_->has_refused(pending.entry.message.id());
    if (pending.committed && settled) let_go(pending);
}

/// In memory stays only who waits to hear of it.
void PostHandler::let_go(PendingMessage& pending) {
    if (!pending.stored && !pending.replies_to.empty())
        late_waiters_[std::string{pending.entry.message.id()}] = std::move(pending.replies_to);
    log_->erase(pending);
}

std::vector<ReplyTo> PostHandler::take_waiters(std::string_view id, PendingMessage* pending) {
    if (pending) return std::exchange(pending->replies_to, {});
    const auto it = late_waiters_.find(id);
    if (it == late_waiters_.end()) return {};
    auto out = std::move(it->second);
    late_waiters_.erase(it);
    return out;
}

// ---- keys that are not of today: only the store can tell whether they are a repeat

void PostHandler::look_up(Turn& turn, const base::ChatMessage& message, ReplyTo waiter, Refusal refusal) {
    // What waits for its time to come needs no other answer; what is too old would be given up.
    const auto unanswered = [](const Refusal& r, const char* why) {
        return r.retry_ms > 0 ? r : Refusal{"not_now", why, retry_soon_ms};
    };
    if (!store_->usable() || lookups_ >= lookups_max)
        return refuse(turn, waiter,
                      unanswered(refusal, "the key is older than a day, and the store cannot be asked now"));
    ++lookups_;
    store_->fetch(
        turn, message.id(),
        [this, message, unanswered, waiter = std::move(waiter), refusal = std::move(refusal)](
            Turn& t, Store::Lookup found) {
            --lookups_;
            switch (found) {
                case Store::Lookup::known:
                    DAVENPORT_MARK("an old key is known to the store");
                    if (repeat(t, message, waiter)) return;
                    // It is held back until it has a place.
                    return tell(t, waiter, frames::Stored{waiter.key, message.id()});
                case Store::Lookup::unknown:
                    DAVENPORT_MARK("an old key is not known to the store");
                    return refuse(t, waiter, refusal);
                case Store::Lookup::no_answer:
                    DAVENPORT_MARK("an old key cannot be looked up");
                    return refuse(
                        t, waiter,
                        unanswered(refusal, "the key is older than a day, and the store did not answer"));
            }
        });
}

// ---- told to whoever waits

void PostHandler::refuse(Turn& turn, const ReplyTo& waiter, const Refusal& refusal) {
    ++counts_->posts_refused;
    tell(turn, waiter,
         frames::Refused{waiter.key, refusal.code, refusal.reason, refusal.retry_ms, refusal.max,
                         refusal.until});
}

}  // namespace davenport::node
