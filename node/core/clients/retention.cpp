#include "node/core/clients/retention.hpp"

#include "node/base/change.hpp"
#include "node/base/policy.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace davenport::node {
namespace {

using namespace std::chrono_literals;

constexpr base::Duration every = 1h;
constexpr base::Duration settled_after = 1h;
constexpr base::Duration soon = 1s;
constexpr base::Duration again_after = 1min;  // the store or the clock is not as it must be
constexpr base::Duration between_removals = 250ms, between_pages = 20ms;
constexpr std::size_t page_rows = 500;
constexpr std::size_t removals_at_once = 200;
/// So often everything is looked at, not only what has become too old since: messages may come late.
constexpr std::uint64_t whole_every_passes = 24;
constexpr base::Duration clocks_differ_at_most = 1min;
constexpr base::Duration jump_at_most = 24h, jump_doubted_for = 24h;
constexpr std::int64_t kept_day_ms = 24LL * 60 * 60 * 1000;

}  // namespace

Retention::Retention(CommitQueue& log, Store& store, ChangeHandler& changes)
    : log_{&log}, store_{&store}, changes_{&changes} {
    for (const auto& [room, days] : log_->policies().retention_days()) settings_[room] = {days, {}};
}

void Retention::pump(Turn& turn) {
    if (!std::exchange(awake_, false) || stopped_) return;
    read_settings(turn.now.time);
    if (!settings_.empty()) turn.emit(SetTimer{timers::retention, turn.now.time + soon});
}

void Retention::on_timer(Turn& turn) {
    if (stopped_) return;
    const auto sleep = [&](base::Time until) { turn.emit(SetTimer{timers::retention, until}); };
    if (settings_.empty()) return walks_.clear();
    if (walks_.empty()) {
        if (turn.now.time < due_) return sleep(due_);
        if (!may_remove()) return sleep(turn.now.time + again_after);
        const auto time = believed_time(turn);
        if (!time) return sleep(turn.now.time + again_after);
        begin(turn, *time);
    }
    if (!may_remove()) return sleep(turn.now.time + again_after);
    const bool removed = !walks_.empty() && walk(turn);
    sleep(walks_.empty() ? due_ : turn.now.time + (removed ? between_removals : between_pages));
}

void Retention::read_settings(base::Time now) {
    auto told = log_->policies().retention_days();
    std::erase_if(settings_, [&](const auto& one) { return !told.contains(one.first); });
    std::erase_if(empty_, [&](const auto& one) { return !told.contains(one.first); });
    for (const auto& [room, days] : told) {
        const auto [known, is_new] = settings_.try_emplace(room, Setting{days, now});
        if (!is_new && known->second.days != days) known->second = {days, now};
    }
}

bool Retention::may_remove() const {
    return store_->usable() && store_->caught_up() && !store_->catching_up() && !store_->verifying() &&
           !log_->failing();
}

std::optional<base::WallTime> Retention::believed_time(Turn& turn) {
    const auto offset = turn.now.wall.time_since_epoch() - turn.now.time.time_since_epoch();
    if (offset_ && offset - *offset_ > jump_at_most) {
        doubted_until_ = turn.now.time + jump_doubted_for;
        told_doubt_ = false;
    }
    offset_ = offset;
    if (turn.now.time < doubted_until_) {
        postpone(turn, "the clock went forward by more than a day; it is believed a day later");
        return std::nullopt;
    }
    const auto there = store_->clock(turn.now.time);
    if (!there) {
        postpone(turn, "the store does not tell its time");
        return std::nullopt;
    }
    if (std::chrono::abs(*there - turn.now.wall) > clocks_differ_at_most) {
        postpone(turn, "this machine's clock and the store's disagree; set them right (NTP)");
        return std::nullopt;
    }
    told_doubt_ = false;
    return std::min(*there, turn.now.wall);
}

void Retention::postpone(Turn& turn, std::string_view why) {
    if (!std::exchange(told_doubt_, true))
        turn.warn("retention: nothing is removed by its age for now: " + std::string{why});
}

void Retention::begin(const Turn& turn, base::WallTime time) {
    due_ = turn.now.time + every;
    const bool whole = passes_++ % whole_every_passes == 0;
    for (const auto& [room, setting] : settings_) {
        const auto before_ms = base::unix_ms(time) - setting.days * kept_day_ms;
        if (before_ms <= 0) continue;
        auto top = base::make_foreign_letters(before_ms, {});  // above all that was said before
        const auto empty = empty_.find(room);
        walks_.push_back({.room = room,
                          .days = setting.days,
                          .from = top,
                          .top = std::move(top),
                          .bottom = whole || empty == empty_.end() ? std::string{} : empty->second});
    }
}

bool Retention::walk(Turn& turn) {
    auto& walk = walks_.front();
    // Another number of days is a new setting.
    if (const auto known = settings_.find(walk.room);
        known == settings_.end() || known->second.since > turn.now.time - settled_after) {
        walks_.pop_front();
        return false;
    }
    // What was removed a moment ago is to reach the store first: people's messages do not stand behind all of
    // it.
    if (store_->backlog() >= removals_at_once) return true;
    const auto page = log_->journal().page(walk.room, walk.from, page_rows);
    std::size_t removed = 0;
    for (const auto& entry : page) {
        const auto& message = entry.message;
        if (message.position() < walk.bottom) return end_walk(turn), removed > 0;
        walk.from = message.position();
        if (message.is_removed()) continue;
        const auto known = log_->latest(message.id());
        if (!known || known->is_removed()) continue;
        if (entry.first_arrival() > log_->watermark() || entry.stored_in != store_->generation() ||
            log_->changes().waits_for_store(message.id())) {
            walk.left_some = true;
            continue;
        }
        const auto said = base::key_of_position(message.position()).unix_ms;
        const base::MessageKey key{said + walk.days * kept_day_ms, 0, {}};
        changes_->remove(turn, base::removed(*known, key, base::removed_by_retention));
        ++walk.removed;
        if (++removed == removals_at_once) return true;
    }
    if (page.size() < page_rows) end_walk(turn);
    return removed > 0;
}

void Retention::end_walk(Turn& turn) {
    const auto& walk = walks_.front();
    if (!walk.left_some) empty_[walk.room] = walk.top;
    if (walk.removed > 0)
        turn.info("retention: removed " + std::to_string(walk.removed) + " messages of the room " +
                  walk.room + " that were older than " + std::to_string(walk.days) + " days");
    walks_.pop_front();
}

}  // namespace davenport::node
