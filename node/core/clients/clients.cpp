#include "node/core/clients/clients.hpp"

#include "node/base/mark.hpp"

#include <algorithm>
#include <utility>

namespace davenport::node {
namespace {

constexpr std::size_t cursor_every_messages = 100;
constexpr base::Duration cursor_every = std::chrono::seconds{5};

}  // namespace

Clients::Clients(const ChatConfig& config, base::Random& random, CommitQueue& log, Store& store,
                 NodeCounts& counts)
    : history_on_join_{config.history_on_join},
      log_{&log},
      store_{&store},
      sessions_{config.session_bytes_max},
      resume_{config, log, store, sessions_, rooms_},
      polls_{log, sessions_, resume_, rooms_},
      presence_{config, log.uuid(), log.journal().state().last_arrival > 0, store, sessions_, rooms_},
      look_alikes_{log, presence_, sessions_, rooms_},
      members_{config, store},
      access_{log, members_},
      sign_in_{config, store, members_, counts},
      posts_{config, log, store, access_, sessions_, rooms_, counts},
      changes_{config, log, store, access_, rooms_, posts_},
      moderation_{config, log, store, members_, access_, posts_},
      retention_{log, store, changes_},
      greeter_{config, log, store, members_, sessions_},
      history_{log, store},
      frames_{config, sessions_, rooms_,      resume_, presence_, search_, members_,
              posts_, changes_,  moderation_, access_, counts,    history_},
      http_{config,  random,  log,      store,    resume_,  polls_,   posts_,       changes_, moderation_,
            access_, search_, members_, sign_in_, greeter_, history_, look_alikes_, counts} {}

// ---- events

void Clients::on(Turn& turn, Opened& e) {
    auto pass = members_.required() ? members_.who(e.cookies, turn.now) : nullptr;
    auto& session = greeter_.open(turn, e.session, std::move(e.address), std::move(pass));
    if (members_.required() && !members_.has_keys())
        sessions_.close(session, "this node has not heard yet who is signed in: come back");
}

void Clients::on(Turn& turn, Received& e) {
    if (auto* session = sessions_.find(e.session)) frames_.on(turn, *session, e.frame);
}

void Clients::on(const Written& e) {
    sessions_.written(e.session);
    resume_.written(e.session);
}

void Clients::on(Turn& turn, const Closed& e) {
    for (const auto& room : resume_.rooms_under_way(e.session)) presence_.unwatch(e.session, room);
    resume_.closed(turn, e.session);
    search_.closed(e.session);
    if (auto* session = sessions_.any(e.session)) {
        for (const auto* room : session->rooms) presence_.unwatch(e.session, room->name);
        rooms_.unfollow_all(*session);
    }
    sessions_.closed(e.session);
}

void Clients::committed(Turn& turn, const std::vector<PendingMessage*>& batch) {
    for (auto* pending : batch)
        if (pending->entry.is_change())
            changes_.committed(turn, *pending);
        else
            posts_.committed(turn, *pending);
    moderation_.committed(turn);
}

void Clients::on_timer(Turn& turn, TimerId timer) {
    if (timer == timers::polls) polls_.on_timer(turn);
    if (timer == timers::cursors) cursors_due_ = true;
    if (timer == timers::retention) retention_.on_timer(turn);
    members_.on_timer(timer);
}

void Clients::drain(Turn& turn) {
    posts_.stop_taking();
    greeter_.say_goodbye();
    polls_.end_all(turn);
    presence_.end(turn);
    retention_.stop();
}

// ---- from the store

void Clients::on_message(Turn& turn, base::ChatMessage message) {
    posts_.on_message(std::move(message), turn.now);
}

void Clients::on_stored(Turn& turn, std::string_view id, PendingMessage* pending) {
    posts_.on_stored(turn, id, pending);
}

void Clients::on_refused(Turn& turn, std::string_view id, const std::string& reason) {
    posts_.on_refused(turn, id, reason);
}

void Clients::on_changed(Turn& turn, base::ChatMessage message) {
    posts_.on_stored(turn, message.id(), nullptr);  // who repeated the post in a later life of this node
    changes_.on_changed(turn, std::move(message));
}

void Clients::on_change_stored(Turn& turn, const base::ChatMessage& message) {
    posts_.on_stored(turn, message.id(), nullptr);
    changes_.on_change_stored(turn, message);
}

void Clients::on_presence(base::Presence presence) {
    for (const auto& [room, people] : presence.people)
        for (const auto& name : people.names) rooms_.note_name(room, name);
    presence_.heard(std::move(presence));
}

/// Who came before anything was read has an empty room before them: they are told the newest of it.
void Clients::on_catching_up(Turn& turn) {
    for (const auto& room : sessions_.rooms_followed())
        store_->read_room(turn, room, {}, history_on_join_,
                          [this](Turn& t, const std::vector<base::ChatMessage>* messages) {
                              if (!messages) return;
                              const auto count = std::min(messages->size(), history_on_join_);
                              for (auto i = count; i-- > 0;)
                                  if (const auto& m = (*messages)[i];
                                      !log_->knows(m.id()) && !store_->vanished().contains(m.id()))
                                      posts_.on_message(m, t.now);
                          });
}

// ---- the end of a turn

void Clients::show(Turn& turn) {
    if (log_->policies().has_changed()) apply_policies(turn);
    tell_store_state();
    const auto rooms = announce_cursors(turn);
    rooms_.seal();
    for (const auto& room : rooms) resume_.repeat_gap_cursors(room);
}

void Clients::tell_store_state() {
    std::optional<Store::Progress> progress;
    std::optional<std::uint64_t> twentieths;
    if (store_->catching_up()) {
        progress = store_->progress();
        twentieths = progress->of > 0 ? progress->read * 20 / progress->of : 0;
    }
    const bool clock_off = store_->clock_ahead() != base::Duration{};
    if (store_->up() == told_up_ && twentieths == told_twentieths_ && clock_off == told_clock_off_) return;
    told_up_ = store_->up();
    told_twentieths_ = twentieths;
    told_clock_off_ = clock_off;
    sessions_.send_to_all(
        frames::only(frames::StoreState{told_up_, store_->backlog(), store_->clock_ahead(), progress}));
}

/// Now and then a room's followers get a cursor that is good elsewhere, too.
std::vector<std::string> Clients::announce_cursors(Turn& turn) {
    std::vector<std::string> out;
    for (auto* room : rooms_.take_stale_cursors(cursors_due_ ? 1 : cursor_every_messages)) {
        rooms_.announce(*room, frames::CursorMoved{room->name, resume_.cursor_of(room->newest).text(),
                                                   log_->watermark()});
        out.push_back(room->name);
    }
    if (std::exchange(cursors_due_, false)) cursors_armed_ = false;
    if (rooms_.has_stale_cursors() && !std::exchange(cursors_armed_, true))
        turn.emit(SetTimer{timers::cursors, turn.now.time + cursor_every});
    return out;
}

/// Of those whose sign-in counts no more.
void Clients::end_sessions(Turn& turn) {
    bool in_use = false;
    const auto counts = [&](const base::Credential& pass) {
        const bool still = members_.still_counts(turn, pass);
        in_use |= still;
        return still;
    };
    for (auto* session : sessions_.signed_in_without(counts))
        if (!polls_.turn_away(turn, session->id,
                              http_api::problem(401, "sign_in", "your sign-in has ended: POST /api/session")))
            sessions_.close(*session, "your sign-in has ended: sign in again");
    members_.set_in_use(in_use);
    tell_roles();
    if (log_->policies().count_rooms() > 0) put_out(turn, {std::string{base::everywhere}});
}

/// To those whose account has another role than before.
void Clients::tell_roles() {
    sessions_.each([&](Session& session) {
        const bool is_moderator = members_.is_moderator(session.person());
        if (session.told_moderator == is_moderator) return;
        session.told_moderator = is_moderator;
        sessions_.tell(session, frames::Role{is_moderator});
    });
}

/// In rooms whose policies have changed in this turn.
void Clients::apply_policies(Turn& turn) {
    const auto changed = log_->policies().take_changed();
    put_out(turn, changed);
    const auto settings = log_->policies().take_changed_settings();
    if (!settings.empty()) retention_.wake();
    for (const auto& name : settings)
        if (auto* room = rooms_.find(name))
            rooms_.announce(*room, frames::RoomInfo{name, access_.settings(name)});
}

/// Of rooms that somebody follows and may not read any more.
void Clients::put_out(Turn& turn, const std::set<std::string, std::less<>>& changed) {
    const bool all = changed.contains(base::everywhere);
    struct Case {
        SessionId session;
        std::string room;
        Refusal refusal;
    };
    std::vector<Case> cases;
    sessions_.each([&](Session& session) {
        auto rooms = resume_.rooms_under_way(session.id);
        if (!rooms.empty()) DAVENPORT_MARK("a policy comes while somebody joins");
        for (const auto* room : session.rooms) rooms.push_back(room->name);
        for (auto& room : rooms) {
            if (!all && !changed.contains(room)) continue;
            // Who is not known well enough just now stays until they are.
            if (auto refusal = access_.to_read(room, session.person(), turn.now);
                refusal && refusal->retry_ms == 0)
                cases.push_back({session.id, std::move(room), std::move(*refusal)});
        }
    });
    for (const auto& [id, room, refusal] : cases) {
        auto* session = sessions_.find(id);
        if (!session || polls_.turn_away(turn, id, http_api::denied(refusal))) continue;
        frames_.put_out(turn, *session, room, refusal);
    }
}

void Clients::send(Turn& turn, const std::vector<std::string>& stored) {
    resume_.set_seen(store_->generation(), store_->read_up_to());
    resume_.stored(stored);
    resume_.pump(turn);
    look_alikes_.pump();
    presence_.pump(turn);
    members_.pump(turn);
    retention_.pump(turn);
    if (members_.take_ended()) end_sessions(turn);
    sessions_.flush(turn);
    while (polls_.gather(turn)) {
        resume_.pump(turn);
        sessions_.flush(turn);
    }
}

}  // namespace davenport::node
