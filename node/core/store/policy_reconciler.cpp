#include "node/core/store/policy_reconciler.hpp"

#include "node/base/mark.hpp"

namespace davenport::node {
namespace {

constexpr base::Duration policy_pause_least = std::chrono::milliseconds{50};
constexpr base::Duration policy_pause_most = std::chrono::seconds{2};

/// A ban that somebody purged ought to end soon; few are read in one request.
base::Duration look_at_all_after(std::size_t policies) {
    constexpr std::size_t few = 500;
    return policies <= few ? std::chrono::seconds{10} : std::chrono::minutes{5};
}

}  // namespace

PolicyReconciler::PolicyReconciler(CommitQueue& log, const base::Generation& generation, base::Random& random,
                                   IsNewer is_newer)
    : log_{&log},
      generation_{&generation},
      random_{&random},
      is_newer_{is_newer},
      backoff_{policy_pause_least, policy_pause_most} {}

void PolicyReconciler::look_at(std::string id) {
    if (queued_.insert(id).second) to_look_at_.push_back(std::move(id));
}

void PolicyReconciler::look_at_all() {
    for (auto& id : log_->policies().ids()) look_at(std::move(id));
}

void PolicyReconciler::put_back() {
    for (auto& asked : std::exchange(asked_, {})) look_at(std::move(asked.id));
    for (auto& write : std::exchange(writes_, {})) look_at(std::move(write.id));
}

void PolicyReconciler::begin_again(base::Time now) {
    put_back();
    not_before_ = now;
    backoff_.reset();
    look_at_all();
}

void PolicyReconciler::pause(Turn& turn) {
    not_before_ = turn.now.time + backoff_.next(*random_);
    turn.emit(SetTimer{timers::policies, not_before_});
}

bool PolicyReconciler::is_due(Turn& turn) {
    if (turn.now.time < not_before_) return false;
    if (turn.now.time >= look_again_ && !log_->policies().empty()) {
        look_again_ = turn.now.time + look_at_all_after(log_->policies().size());
        turn.emit(SetTimer{timers::policies, look_again_});
        look_at_all();
    }
    if (writes_.empty() && to_look_at_.empty()) return false;
    sent_to_ = *generation_;
    return true;
}

void PolicyReconciler::take_to_read(std::size_t most) {
    while (!to_look_at_.empty() && asked_.size() < most) {
        auto id = std::move(to_look_at_.front());
        to_look_at_.pop_front();
        queued_.erase(id);
        auto known = known_revision(id);
        asked_.push_back({std::move(id), std::move(known)});
    }
}

// ---- what the store has, and what counts

bool PolicyReconciler::is_known_stored(const HeldPolicy& held) const {
    return !held.stored_in.empty() && held.stored_in == *generation_;
}

std::string PolicyReconciler::known_revision(const std::string& id) const {
    const auto* held = find(id);
    return held && is_known_stored(*held) ? held->revision : std::string{};
}

void PolicyReconciler::compare(Turn& turn, const std::string& id, Told* told, bool read) {
    const auto* held = find(id);
    const bool was_there = held && is_known_stored(*held);
    if (!told) {
        if (held && !was_there) DAVENPORT_MARK("a policy is written into another store");
        if (held && !was_there) write_over(id, *held, {});
        return;
    }
    if (was_there && told->revision == held->revision) {
        if (read) news_.push_back({PolicyNews::Kind::stored, id});
        return;
    }
    // An old row, of a feed that went back; or it was purged and made anew, or the store has lost the last of
    // it.
    if (was_there && !read && !is_newer_(told->revision, held->revision)) return look_at(id);
    if (!told->reading) {
        if (held) on_deleted(id, *held, read);
        return;
    }
    const auto key = told->reading->policy ? std::string_view{told->reading->policy->key} : "";
    const bool theirs_counts = !held || key >= held->key() || (was_there && key.empty());
    if (theirs_counts) return adopt(turn, id, *told);
    if (was_there) DAVENPORT_MARK("the store tells an older state of a policy");
    if (read)
        write_over(id, *held, told->revision);
    else
        look_at(id);
}

void PolicyReconciler::on_deleted(const std::string& id, const HeldPolicy& held, bool read) {
    // What was made here and is in no store yet may be younger than the deletion. What another store had was
    // deleted in this one.
    if (!held.stored_in.empty()) return gone(id);
    DAVENPORT_MARK("a policy is written over its deletion");
    if (read)
        write_over(id, held, {});  // CouchDB takes the revision of a deletion for a conflict
    else
        look_at(id);
}

void PolicyReconciler::adopt(Turn& turn, const std::string& id, Told& told) {
    auto& policies = log_->policies();
    auto& reading = *told.reading;
    const auto* held = find(id);
    if (held && held->body == reading.body) {
        policies.mark_stored(id, std::move(told.revision), *generation_);
        news_.push_back({PolicyNews::Kind::stored, id});
        return;
    }
    if (!reading.policy)
        turn.warn("store: " + id + " is no policy (" + std::string{reading.problem} + "); it is passed over");
    if (!held && policies.full())
        return turn.error("store: there are too many bans and rooms' settings; " + id + " is passed over");
    policies.set(id, std::move(reading.body), std::move(reading.policy), std::move(told.revision),
                 *generation_);
    news_.push_back({PolicyNews::Kind::changed, id});
}

void PolicyReconciler::gone(const std::string& id) {
    log_->policies().erase(id);
    news_.push_back({PolicyNews::Kind::changed, id});
}

void PolicyReconciler::write_over(const std::string& id, const HeldPolicy& held, std::string_view revision) {
    if (!held.policy) return gone(id);  // of another store, and it made no sense there
    writes_.push_back({id, held.body, std::string{revision}, held.version, is_known_stored(held)});
}

void PolicyReconciler::written(Write& write, std::string revision) {
    const auto* held = find(write.id);
    if (!held || held->version != write.version) return look_at(std::move(write.id));
    log_->policies().mark_stored(write.id, std::move(revision), *generation_);
    news_.push_back({PolicyNews::Kind::stored, std::move(write.id)});
}

void PolicyReconciler::refused(Turn& turn, const std::string& id, const std::string& reason) {
    turn.error("store: it refuses " + id + " for good (" + reason + ")");
    log_->policies().erase(id);
    news_.push_back({PolicyNews::Kind::refused, id, reason});
    look_at(id);
}

}  // namespace davenport::node
