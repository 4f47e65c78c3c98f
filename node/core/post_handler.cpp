#include "node/core/post_handler.hpp"

#include "node/core/frames.hpp"
#include "node/core/http_api.hpp"

#include <algorithm>
#include <utility>

namespace davenport::node {
namespace {

constexpr std::size_t lookups_max = 64;
constexpr std::size_t expected_max = 20'000;
constexpr std::int64_t retry_soon_ms = 1000;

bool same(const ReplyTo& a, const ReplyTo& b) {
    return a.session == b.session && a.exchange == b.exchange && a.key == b.key;
}

void add_waiter(std::vector<ReplyTo>& replies_to, const ReplyTo& waiter) {
    // A REST request has had its one answer with `accepted`.
    if (std::ranges::none_of(replies_to, [&](const ReplyTo& w) { return same(w, waiter); }))
        replies_to.push_back(waiter);
}

}  // namespace

PostHandler::PostHandler(const ChatConfig& config, const StoreApi& api, RequestTable& ids,
                         CommitQueue& commit_queue, Sessions& sessions, Rooms& rooms, StoreHealth& link,
                         StoreWriter& writer, NodeCounts& counts)
    : config_{&config},
      api_{&api},
      ids_{&ids},
      commits_{&commit_queue},
      sessions_{&sessions},
      rooms_{&rooms},
      link_{&link},
      writer_{&writer},
      counts_{&counts} {}

// ---- in

void PostHandler::post(Turn& turn, const Draft& draft, ReplyTo waiter) {
    auto checked = check_post(*config_, draft, turn.now.wall);
    if (const auto* refusal = std::get_if<Refusal>(&checked)) return tell_refused(turn, waiter, *refusal);
    auto& good = std::get<GoodPost>(checked);
    if (repeat(turn, good.message.id(), waiter)) return;
    if (good.old_key) return look_up(turn, good.message, std::move(waiter));
    if (!taking_)
        return tell_refused(turn, waiter,
                            {"not_now", "this node is about to end: go on elsewhere", retry_soon_ms});
    if (commits_->failing())
        return tell_refused(
            turn, waiter,
            {"not_now", "this node's disk does not take it: try again, or elsewhere", retry_soon_ms});
    if (writer_->backlog() >= config_->outbox_messages_max)
        return tell_refused(turn, waiter, {"full", "too many messages wait for the store", retry_soon_ms});
    take(turn, std::move(good.message), std::move(waiter));
}

void PostHandler::refuse_too_fast(Turn& turn, const ReplyTo& waiter, base::Duration wait) {
    const auto retry_ms = std::chrono::ceil<std::chrono::milliseconds>(wait).count();
    tell_refused(turn, waiter, {"too_fast", "too many posts at once: wait a little", retry_ms});
}

void PostHandler::take(Turn&, base::ChatMessage message, ReplyTo waiter) {
    auto& pending = commits_->add(std::move(message), true, {});
    pending.replies_to.push_back(std::move(waiter));
    writer_->enqueue(pending);
    ++counts_->posts_taken;
}

bool PostHandler::repeat(Turn& turn, std::string_view id, const ReplyTo& waiter) {
    if (writer_->has_refused(id)) {
        tell_failed(turn, waiter, id, "the store refused it before");
        return true;
    }
    if (auto* pending = commits_->find(id)) {
        if (pending->committed) tell_accepted(turn, waiter, id);
        if (!pending->committed || waiter.session != 0) add_waiter(pending->replies_to, waiter);
        return true;
    }
    const auto entry = commits_->journal().find(id);
    if (!entry) return false;
    const auto& store = link_->generation();
    if ((!entry->stored_in.empty() && (entry->stored_in == store || store.empty())) ||
        commits_->is_marked(id, store)) {
        tell_stored(turn, waiter, id);
    } else {
        tell_accepted(turn, waiter, id);
        if (waiter.session != 0) add_waiter(late_waiters_[std::string{id}], waiter);
    }
    return true;
}

bool PostHandler::row(Turn& turn, FeedRow&& row) {
    if (!row.message) return false;                 // a deletion, a design document, or nothing of the chat's
    if (row.message->id() != row.id) return false;  // nor is a row with another document than its own
    if (commits_->knows(row.id)) {
        auto* pending = commits_->find(row.id);
        const bool first_word = pending && !pending->stored &&
                                pending->entry.accepted_here;  // of ours, before the store's answer
        sighted(turn, row.id, pending);
        ++counts_->rows_known;
        return expected_.erase(row.id) == 0 && !first_word;
    }
    ++counts_->rows_new;
    show(commits_->add(std::move(*row.message), false, link_->generation()));
    return false;
}

void PostHandler::sighted(Turn& turn, std::string_view id) { sighted(turn, id, commits_->find(id)); }

void PostHandler::sighted(Turn& turn, std::string_view id, PendingMessage* pending) {
    if (pending && !pending->stored) return stored(turn, id, pending);
    if (pending || !writer_->reads_journal()) return;
    const auto entry = commits_->journal().find(id);
    if (entry && entry->stored_in != link_->generation()) stored(turn, id, nullptr);
}

// ---- onwards

void PostHandler::committed(Turn& turn, const std::vector<PendingMessage*>& batch) {
    for (auto* pending : batch) {
        show(*pending);
        const auto id = pending->entry.message.id();
        if (pending->stored)
            for (const auto& waiter : std::exchange(pending->replies_to, {})) tell_stored(turn, waiter, id);
        for (const auto& waiter : pending->replies_to) tell_accepted(turn, waiter, id);
        std::erase_if(pending->replies_to, [](const ReplyTo& w) { return w.exchange != 0; });
        if (!pending->stored && writer_->reads_later(pending->entry.arrival)) {
            let_go(*pending);  // a long backlog lies in the journal
        } else {
            release_if_done(*pending);
        }
    }
}

void PostHandler::settled(Turn& turn, const StoreWriter::Outcomes& outcomes) {
    for (const auto& outcome : outcomes) {
        if (outcome.stored) {
            auto* pending = commits_->find(outcome.id);
            const bool row_is_due = pending ? !pending->stored : writer_->reads_journal();
            if (row_is_due && expected_.size() < expected_max) expected_.insert(outcome.id);
            stored(turn, outcome.id, pending);
        } else {
            refused_for_good(turn, outcome.id, outcome.reason);
        }
    }
}

void PostHandler::stored(Turn& turn, std::string_view id, PendingMessage* pending) {
    if (pending && pending->stored) return;
    ++counts_->posts_stored;
    commits_->mark_stored(id, link_->generation());
    writer_->settled();
    if (pending) show(*pending);
    // Not before the commit: who was told `stored` asks no more, and a store can be wiped while this node
    // dies.
    if (pending && !pending->committed) return;
    for (const auto& waiter : take_waiters(id, pending)) tell_stored(turn, waiter, id);
    if (pending) release_if_done(*pending);
}

void PostHandler::refused_for_good(Turn& turn, std::string_view id, const std::string& reason) {
    turn.error("store: it refuses the message " + std::string{id} + " for good (" + reason +
               "); it stays in the journal");
    ++counts_->posts_failed;
    auto* pending = commits_->find(id);
    writer_->settled();
    for (const auto& waiter : take_waiters(id, pending)) tell_failed(turn, waiter, id, reason);
    if (pending) release_if_done(*pending);
}

void PostHandler::show(PendingMessage& pending) {
    if (std::exchange(pending.shown, true)) return;
    rooms_->show(pending.entry.message, commits_->watermark());
}

void PostHandler::release_if_done(PendingMessage& pending) {
    const bool settled =
        pending.stored || !pending.entry.accepted_here || writer_->has_refused(pending.entry.message.id());
    if (pending.committed && settled) let_go(pending);
}

/// In memory stays only who waits to hear of it.
void PostHandler::let_go(PendingMessage& pending) {
    if (!pending.stored && !pending.replies_to.empty())
        late_waiters_[std::string{pending.entry.message.id()}] = std::move(pending.replies_to);
    commits_->erase(pending);
}

std::vector<ReplyTo> PostHandler::take_waiters(std::string_view id, PendingMessage* pending) {
    if (pending) return std::exchange(pending->replies_to, {});
    const auto it = late_waiters_.find(id);
    if (it == late_waiters_.end()) return {};
    auto out = std::move(it->second);
    late_waiters_.erase(it);
    return out;
}

// ---- keys older than a day: only the store can tell whether they are a repeat

void PostHandler::look_up(Turn& turn, const base::ChatMessage& message, ReplyTo waiter) {
    if (!link_->usable() || lookups_.size() >= lookups_max)
        return tell_refused(
            turn, waiter,
            {"not_now", "the key is older than a day, and the store cannot be asked now", retry_soon_ms});
    const auto fetch = ids_->next(RequestOwner::lookup);
    const auto deadline = turn.now.time + config_->request_timeout;
    lookups_.emplace(fetch, Lookup{std::string{message.id()}, std::move(waiter), deadline});
    turn.emit(Fetch{fetch, api_->get_document(message.id()), false});
    turn.emit(SetTimer{timers::lookup, deadline});
}

void PostHandler::on_answer(Turn& turn, FetchId fetch, const base::HttpResponse& response) {
    const auto it = lookups_.find(fetch);
    if (it == lookups_.end()) return;
    if (response.status != 200 && !(response.status == 404 && judge(response) == StoreVerdict::served))
        return on_failed(turn, fetch);
    const auto lookup = std::move(it->second);
    lookups_.erase(it);
    if (response.status == 200) return tell_stored(turn, lookup.waiter, lookup.id);
    tell_refused(turn, lookup.waiter,
                 {"key_old", "the key is older than a day, and nobody knows this message"});
}

void PostHandler::on_failed(Turn& turn, FetchId fetch) {
    const auto it = lookups_.find(fetch);
    if (it == lookups_.end()) return;
    const auto lookup = std::move(it->second);
    lookups_.erase(it);
    tell_refused(turn, lookup.waiter,
                 {"not_now", "the key is older than a day, and the store did not answer", retry_soon_ms});
    link_->report_failure(turn);
}

void PostHandler::on_timer(Turn& turn) {
    std::vector<FetchId> late;
    for (const auto& [fetch, lookup] : lookups_)
        if (turn.now.time >= lookup.deadline) late.push_back(fetch);
    for (const auto fetch : late) {
        turn.emit(CancelFetch{fetch});
        on_failed(turn, fetch);
    }
}

// ---- told to whoever waits

void PostHandler::tell_accepted(Turn& turn, const ReplyTo& waiter, std::string_view id) {
    if (waiter.exchange != 0)
        return turn.emit(Respond{waiter.exchange, http_api::posted("accepted", waiter.key, id)});
    if (auto* session = sessions_->find(waiter.session))
        sessions_->send(*session, frames::accepted(waiter.key, id));
}

void PostHandler::tell_stored(Turn& turn, const ReplyTo& waiter, std::string_view id) {
    if (waiter.exchange != 0)
        return turn.emit(Respond{waiter.exchange, http_api::posted("stored", waiter.key, id)});
    if (auto* session = sessions_->find(waiter.session))
        sessions_->send(*session, frames::stored(waiter.key, id));
}

void PostHandler::tell_failed(Turn& turn, const ReplyTo& waiter, std::string_view id,
                              const std::string& reason) {
    if (waiter.exchange != 0)
        return turn.emit(Respond{
            waiter.exchange, http_api::refused({"failed", "the store refused it: " + reason}, waiter.key)});
    if (auto* session = sessions_->find(waiter.session))
        sessions_->send(*session, frames::failed(waiter.key, id, reason));
}

void PostHandler::tell_refused(Turn& turn, const ReplyTo& waiter, const Refusal& refusal) {
    ++counts_->posts_refused;
    if (waiter.exchange != 0)
        return turn.emit(Respond{waiter.exchange, http_api::refused(refusal, waiter.key)});
    if (auto* session = sessions_->find(waiter.session))
        sessions_->send(*session,
                        frames::refused(waiter.key, refusal.code, refusal.reason, refusal.retry_ms));
}

}  // namespace davenport::node
