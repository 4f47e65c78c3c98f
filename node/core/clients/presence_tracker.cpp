#include "node/core/clients/presence_tracker.hpp"

#include "node/base/mark.hpp"

#include <algorithm>
#include <utility>

namespace davenport::node {
namespace {

constexpr base::Duration told_every = std::chrono::seconds{1};  // who comes and goes at once is told at once
// On change: all nodes read each word, which may have thousands of names.
constexpr base::Duration write_every_least = std::chrono::seconds{1};
constexpr base::Duration write_every_most = std::chrono::seconds{5};
constexpr base::Duration write_every_for_a_name = std::chrono::milliseconds{4};
constexpr base::Duration renew_after = std::chrono::seconds{60};  // without
constexpr base::Duration silent_for = std::chrono::seconds{150};  // two renewals that were missed, and some
constexpr std::size_t names_told_max = 200;
// Each is a frame to each: a thousand may be told once a second, ten thousand once in ten.
constexpr std::size_t watchers_told_at_once = 1000;
constexpr base::Duration told_every_of_many = std::chrono::milliseconds{1};  // times the watchers

}  // namespace

PresenceTracker::PresenceTracker(const ChatConfig& config, const std::string& journal, bool lived_before,
                                 Store& store, Sessions& sessions, Rooms& rooms)
    : config_{&config},
      journal_{&journal},
      store_{&store},
      sessions_{&sessions},
      rooms_{&rooms},
      old_word_may_stand_{lived_before} {}

void PresenceTracker::watch(const Session& session, const std::string& room) {
    watchers_[room].insert(session.id);
    const auto people = people_in(room);
    if (auto* one = sessions_->find(session.id))
        sessions_->tell(*one, frames::People{room, people, names_told_max});
}

void PresenceTracker::unwatch(SessionId session, const std::string& room) {
    const auto found = watchers_.find(room);
    if (found == watchers_.end()) return;
    found->second.erase(session);
    if (!found->second.empty()) return;
    watchers_.erase(found);
    told_at_.erase(room);
}

void PresenceTracker::heard(base::Presence presence) {
    if (presence.journal == *journal_) return;
    const auto known = others_.find(presence.journal);
    if (presence.asks && (known == others_.end() || known->second.presence.run != presence.run)) {
        DAVENPORT_MARK("a node that is new is told who is here");
        somebody_is_new_ = true;
    }
    auto& other = others_[presence.journal];
    for (const auto* people : {&other.presence.people, &presence.people})
        for (const auto& one : *people) stirred_.insert(one.first);
    other = {std::move(presence), awake_};
}

void PresenceTracker::store_changed() {
    if (written_) DAVENPORT_MARK("another store is told who is here");
    written_.reset();
    compare();
}

void PresenceTracker::pump(Turn& turn) {
    if (!config_->presence) return static_cast<void>(sessions_->take_moved());
    // The clock of silence goes while the store is there.
    if (awake_since_) awake_ += turn.now.time - *awake_since_;
    awake_since_ = store_->up() ? std::optional{turn.now.time} : std::nullopt;
    const bool due = wakes_at_ && turn.now.time >= *wakes_at_;
    if (due) wakes_at_.reset();
    store_->expire_publication(turn);
    if (dirty_ || due || rooms_->version() != rooms_version_) look_around(turn);
    if (!stirred_.empty()) tell_watchers(turn);
    write(turn);
}

void PresenceTracker::tell_watchers(Turn& turn) {
    for (const auto& room : std::exchange(stirred_, {})) {
        const auto watchers = watchers_.find(room);
        if (watchers == watchers_.end()) continue;
        if (const auto many = watchers->second.size(); many > watchers_told_at_once) {
            const auto told = told_at_.find(room);
            const auto next = told == told_at_.end()
                                  ? turn.now.time
                                  : told->second + told_every_of_many * static_cast<std::int64_t>(many);
            if (turn.now.time < next) {
                stirred_.insert(room);
                wake(turn, next);
                continue;
            }
            told_at_.insert_or_assign(room, turn.now.time);
        }
        const auto people = people_in(room);
        const auto frame = frames::only(frames::People{room, people, names_told_max});
        for (const auto id : watchers->second)
            if (auto* session = sessions_->find(id)) sessions_->send(*session, frame);
    }
}

void PresenceTracker::look_around(Turn& turn) {
    if (looked_at_ && turn.now.time < *looked_at_ + told_every) return wake(turn, *looked_at_ + told_every);
    looked_at_ = turn.now.time;
    dirty_ = false;
    rooms_version_ = rooms_->version();
    forget_the_silent();
    bool moved = false;
    for (const auto& name : sessions_->take_moved()) {
        const auto* room = rooms_->find(name);
        auto people = room ? Sessions::people_in(*room) : base::RoomPeople{};
        const auto before = here_.find(name);
        if (before == here_.end() ? people.empty() : before->second == people) continue;
        if (people.empty())
            here_.erase(before);
        else
            here_.insert_or_assign(name, std::move(people));
        stirred_.insert(name);
        moved = true;
    }
    if (moved) compare();
}

void PresenceTracker::forget_the_silent() {
    std::erase_if(others_, [&](const auto& other) {
        if (awake_ - other.second.heard < silent_for) return false;
        DAVENPORT_MARK("a silent node's people are forgotten");
        for (const auto& one : other.second.presence.people) stirred_.insert(one.first);
        return true;
    });
}

void PresenceTracker::write(Turn& turn) {
    if (!store_->usable() || store_->publishing()) return;
    if (!changed_ && here_.empty()) {  // nobody to be told of; but the others may fall silent
        if (!others_.empty()) wake(turn, turn.now.time + silent_for / 4);
        return;
    }
    const bool soon = changed_ || somebody_is_new_;
    const auto due = wrote_at_ ? *wrote_at_ + (soon ? pace() : renew_after) : turn.now.time;
    if (turn.now.time < due) return wake(turn, due);
    publish(turn);
}

void PresenceTracker::compare() {
    changed_ = written_ ? *written_ != here_ : old_word_may_stand_ || !here_.empty();
}

base::Duration PresenceTracker::pace() const {
    std::int64_t names = 0;
    for (const auto& [room, people] : here_) names += static_cast<std::int64_t>(people.names.size());
    return std::min(write_every_least + write_every_for_a_name * names, write_every_most);
}

void PresenceTracker::publish(Turn& turn) {
    wrote_at_ = turn.now.time;
    somebody_is_new_ = false;
    store_->publish(turn, here_, !spoke_, [this, people = here_](Store::Published outcome) {
        if (outcome == Store::Published::again) DAVENPORT_MARK("a presence collides with another write");
        if (outcome == Store::Published::again) wrote_at_.reset();
        if (outcome != Store::Published::stored) return;  // the next renewal tries again
        written_ = people;
        spoke_ = true;
        old_word_may_stand_ = false;
        compare();
    });
    wake(turn, turn.now.time + config_->request_timeout);
}

void PresenceTracker::end(Turn& turn) {
    if (!config_->presence || !written_ || written_->empty() || !store_->usable() || store_->publishing())
        return;
    DAVENPORT_MARK("a node that ends takes its people away");
    here_.clear();
    compare();
    publish(turn);
}

void PresenceTracker::wake(Turn& turn, base::Time at) {
    if (wakes_at_ && *wakes_at_ <= at) return;
    wakes_at_ = at;
    turn.emit(SetTimer{timers::presence, at});
}

base::RoomPeople PresenceTracker::people_in(const std::string& room) const {
    base::RoomPeople out;
    const auto add = [&](const base::People& people) {
        const auto found = people.find(room);
        if (found == people.end()) return;
        out.names.insert(found->second.names.begin(), found->second.names.end());
        out.crowd += found->second.crowd;
    };
    add(here_);
    for (const auto& [journal, other] : others_) add(other.presence.people);
    return out;
}

}  // namespace davenport::node
