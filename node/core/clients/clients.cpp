#include "node/core/clients/clients.hpp"

#include <utility>

namespace davenport::node {
namespace {

constexpr std::size_t cursor_every_messages = 100;
constexpr base::Duration cursor_every = std::chrono::seconds{5};

}  // namespace

Clients::Clients(const ChatConfig& config, base::Random& random, CommitQueue& log, Store& store,
                 NodeCounts& counts)
    : log_{&log},
      store_{&store},
      sessions_{config.session_bytes_max},
      resume_{config, log, store, sessions_, rooms_},
      polls_{log, sessions_, resume_, rooms_},
      presence_{config, log.uuid(), store, sessions_, rooms_},
      sign_in_{config, store},
      posts_{config, log, store, sessions_, rooms_, counts},
      changes_{config, log, store, rooms_, posts_},
      greeter_{config, log, store, sign_in_, sessions_},
      frames_{config, log, sessions_, rooms_, resume_, presence_, search_, sign_in_, posts_, changes_},
      http_{config, random, log, store, resume_, polls_, posts_, changes_, search_, sign_in_, greeter_} {}

// ---- events

void Clients::on(Turn& turn, Opened& e) {
    auto user = sign_in_.required() ? sign_in_.who(e.cookies, turn.now.wall).value_or("") : std::string{};
    greeter_.open(turn, e.session, std::move(e.address), std::move(user));
}

void Clients::on(Turn& turn, Received& e) {
    if (auto* session = sessions_.find(e.session)) frames_.on(turn, *session, e.frame);
}

void Clients::on(const Written& e) {
    sessions_.written(e.session);
    resume_.written(e.session);
}

void Clients::on(Turn& turn, const Closed& e) {
    resume_.closed(turn, e.session);
    presence_.closed(e.session);
    search_.closed(e.session);
    if (auto* session = sessions_.any(e.session)) rooms_.unfollow_all(*session);
    sessions_.closed(e.session);
}

void Clients::committed(Turn& turn, const std::vector<PendingMessage*>& batch) {
    for (auto* pending : batch)
        if (pending->entry.is_change())
            changes_.committed(turn, *pending);
        else
            posts_.committed(turn, *pending);
}

void Clients::on_timer(Turn& turn, TimerId timer) {
    if (timer == timers::polls) polls_.on_timer(turn);
    if (timer == timers::cursors) cursors_due_ = true;
}

void Clients::drain(Turn& turn) {
    posts_.stop_taking();
    greeter_.say_goodbye();
    polls_.end_all(turn);
    presence_.end(turn);
}

// ---- from the store

void Clients::on_message(Turn&, base::ChatMessage message) { posts_.on_message(std::move(message)); }

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

void Clients::on_presence(base::Presence presence) { presence_.heard(std::move(presence)); }

// ---- the end of a turn

void Clients::show(Turn& turn) {
    tell_store_state();
    const auto rooms = announce_cursors(turn);
    rooms_.seal();
    for (const auto& room : rooms) resume_.repeat_gap_cursors(room);
}

void Clients::tell_store_state() {
    if (store_->up() == told_up_) return;
    told_up_ = store_->up();
    sessions_.send_to_all(frames::only(frames::StoreState{told_up_, store_->backlog()}));
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

void Clients::send(Turn& turn, const std::vector<std::string>& stored) {
    resume_.set_seen(store_->generation(), store_->read_up_to());
    resume_.stored(stored);
    resume_.pump(turn);
    presence_.pump(turn);
    sessions_.flush(turn);
    while (polls_.gather(turn)) {
        resume_.pump(turn);
        sessions_.flush(turn);
    }
}

}  // namespace davenport::node
