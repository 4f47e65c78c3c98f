#include "node/core/presence_tracker.hpp"

#include "node/base/json.hpp"
#include "node/core/frames.hpp"

#include <iterator>
#include <utility>

namespace davenport::node {
namespace {

constexpr base::Duration look_every = std::chrono::seconds{1};   // who comes and goes at once is told at once
constexpr base::Duration write_every = std::chrono::seconds{5};  // on change
constexpr base::Duration renew_after = std::chrono::seconds{60};  // without
constexpr base::Duration silent_for = std::chrono::seconds{150};  // two renewals that were missed, and some
constexpr std::size_t names_told_max = 200;

}  // namespace

PresenceTracker::PresenceTracker(const ChatConfig& config, const StoreApi& api, RequestTable& ids,
                                 const std::string& journal, Sessions& sessions, const Rooms& rooms,
                                 const StoreHealth& link)
    : config_{&config},
      api_{&api},
      ids_{&ids},
      journal_{journal},
      sessions_{&sessions},
      rooms_{&rooms},
      link_{&link} {}

void PresenceTracker::watch(const Session& session, const std::string& room) {
    watchers_[room].insert(session.id);
    if (auto* one = sessions_->find(session.id)) sessions_->send(*one, word_on(room));
}

void PresenceTracker::unwatch(SessionId session, const std::string& room) {
    const auto found = watchers_.find(room);
    if (found == watchers_.end()) return;
    found->second.erase(session);
    if (found->second.empty()) watchers_.erase(found);
}

void PresenceTracker::closed(SessionId session) {
    for (auto room = watchers_.begin(); room != watchers_.end();) {
        room->second.erase(session);
        room = room->second.empty() ? watchers_.erase(room) : std::next(room);
    }
}

void PresenceTracker::heard(base::Presence presence) {
    if (presence.journal == journal_) return;
    auto& other = others_[presence.journal];
    for (const auto* people : {&other.presence.people, &presence.people})
        for (const auto& [room, names] : *people) stirred_.insert(room);
    other = {std::move(presence), awake_};
}

void PresenceTracker::store_changed() {
    written_.reset();
    compare();
    revision_.clear();
    fetch_ = 0;
}

void PresenceTracker::pump(Turn& turn) {
    if (!config_->presence) return;
    // The clock of silence goes while the store is there.
    if (awake_since_) awake_ += turn.now.time - *awake_since_;
    awake_since_ = link_->up() ? std::optional{turn.now.time} : std::nullopt;
    const bool due = wakes_at_ && turn.now.time >= *wakes_at_;
    if (due) wakes_at_.reset();
    if (fetch_ != 0 && turn.now.time >= deadline_) {
        turn.emit(CancelFetch{fetch_});
        fetch_ = 0;
    }
    if (dirty_ || due || rooms_->moves() != moves_) look_around(turn);
    for (const auto& room : std::exchange(stirred_, {})) {
        const auto watchers = watchers_.find(room);
        if (watchers == watchers_.end()) continue;
        const auto frame = base::one_frame(word_on(room));
        for (const auto id : watchers->second)
            if (auto* session = sessions_->find(id)) sessions_->send(*session, frame);
    }
    write(turn);
}

void PresenceTracker::look_around(Turn& turn) {
    if (looked_at_ && turn.now.time < *looked_at_ + look_every) return wake(turn, *looked_at_ + look_every);
    looked_at_ = turn.now.time;
    dirty_ = false;
    moves_ = rooms_->moves();
    forget_the_silent();
    const auto before = std::exchange(here_, sessions_->people());
    compare();
    for (const auto& [room, names] : here_)
        if (const auto then = before.find(room); then == before.end() || then->second != names)
            stirred_.insert(room);
    for (const auto& [room, names] : before)
        if (!here_.contains(room)) stirred_.insert(room);
}

void PresenceTracker::forget_the_silent() {
    std::erase_if(others_, [&](const auto& other) {
        if (awake_ - other.second.heard < silent_for) return false;
        for (const auto& [room, names] : other.second.presence.people) stirred_.insert(room);
        return true;
    });
}

void PresenceTracker::write(Turn& turn) {
    if (!link_->usable() || fetch_ != 0) return;
    if (!changed_ && here_.empty()) {  // nobody to be told of; but the others may fall silent
        if (!others_.empty()) wake(turn, turn.now.time + silent_for / 4);
        return;
    }
    const auto due = wrote_at_ ? *wrote_at_ + (changed_ ? write_every : renew_after) : turn.now.time;
    if (turn.now.time < due) return wake(turn, due);
    put(turn);
}

void PresenceTracker::compare() { changed_ = written_ ? *written_ != here_ : !here_.empty(); }

void PresenceTracker::put(Turn& turn) {
    wrote_at_ = turn.now.time;
    writing_ = here_;
    asking_revision_ = false;
    const base::Presence presence{journal_, config_->name, here_};
    ask(turn, api_->put_document(base::presence_id(journal_), base::to_document(presence, revision_)));
}

void PresenceTracker::ask(Turn& turn, base::HttpRequest request) {
    fetch_ = ids_->next(RequestOwner::presence);
    deadline_ = turn.now.time + config_->request_timeout;
    turn.emit(Fetch{fetch_, std::move(request), false});
    wake(turn, deadline_);
}

void PresenceTracker::end(Turn& turn) {
    if (!config_->presence || !written_ || written_->empty() || !link_->usable() || fetch_ != 0) return;
    here_.clear();
    compare();
    put(turn);
}

void PresenceTracker::on_answer(Turn& turn, FetchId fetch, const base::HttpResponse& response) {
    if (fetch != fetch_) return;
    fetch_ = 0;
    const auto body = base::parse_json(response.body);
    if (asking_revision_) {
        asking_revision_ = false;
        revision_ = body ? base::text_member(*body, "_rev") : "";
        wrote_at_.reset();
        return;
    }
    if (response.status == 409) {  // of an earlier life
        asking_revision_ = true;
        return ask(turn, api_->get_document(base::presence_id(journal_)));
    }
    if (response.status != 201 && response.status != 202) return;  // the next renewal tries again
    revision_ = body ? base::text_member(*body, "rev") : "";
    written_ = std::move(writing_);
    compare();
}

void PresenceTracker::on_failed(FetchId fetch) {
    if (fetch == fetch_) fetch_ = 0;
}

void PresenceTracker::wake(Turn& turn, base::Time at) {
    if (wakes_at_ && *wakes_at_ <= at) return;
    wakes_at_ = at;
    turn.emit(SetTimer{timers::presence, at});
}

std::string PresenceTracker::word_on(const std::string& room) const {
    std::set<std::string> names;
    const auto add = [&](const base::People& people) {
        if (const auto found = people.find(room); found != people.end())
            names.insert(found->second.begin(), found->second.end());
    };
    add(here_);
    for (const auto& [journal, other] : others_) add(other.presence.people);
    return frames::people(room, names, names_told_max);
}

}  // namespace davenport::node
