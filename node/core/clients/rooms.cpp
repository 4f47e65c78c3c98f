#include "node/core/clients/rooms.hpp"

#include "node/base/mark.hpp"

#include <algorithm>
#include <utility>

namespace davenport::node {

Room* Rooms::find(std::string_view name) {
    const auto it = rooms_.find(name);
    return it == rooms_.end() ? nullptr : it->second.get();
}

bool Rooms::follows(const Session& session, std::string_view name) {
    return std::ranges::any_of(session.rooms, [&](const Room* room) { return room->name == name; });
}

/// The room, with the session neither among its followers nor among the maybe_ahead.
Room& Rooms::enter(Session& session, std::string_view name, std::string_view newest) {
    auto& slot = rooms_[std::string{name}];
    if (!slot) {
        slot = std::make_unique<Room>();
        slot->name = name;
        slot->newest = newest;
    }
    if (follows(session, name)) {
        std::erase(slot->followers, &session);
        std::erase_if(slot->maybe_ahead,
                      [&](const Room::MaybeAhead& one) { return one.session == &session; });
    } else {
        session.rooms.push_back(slot.get());
        sessions_->note_moved(name);
        entered_.emplace_back(session.id, slot->name);
        ++version_;
    }
    return *slot;
}

Room& Rooms::follow(Session& session, std::string_view name, std::string_view newest, std::string_view seen) {
    auto& room = enter(session, name, newest);
    if (seen > room.newest)
        room.maybe_ahead.push_back({&session, std::string{seen}});
    else
        room.followers.push_back(&session);
    return room;
}

Room& Rooms::follow_all_late(Session& session, std::string_view name, std::string_view newest) {
    auto& room = enter(session, name, newest);
    room.maybe_ahead.push_back({&session, {}});
    return room;
}

void Rooms::unfollow(Session& session, std::string_view name) {
    const auto it = std::ranges::find_if(session.rooms, [&](const Room* room) { return room->name == name; });
    if (it == session.rooms.end()) return;
    auto& room = **it;
    if (session.rooms.size() > Sessions::rooms_told_max)
        sessions_->note_moved(session);  // another is told now
    sessions_->note_moved(name);
    session.rooms.erase(it);
    ++version_;
    std::erase(room.followers, &session);
    std::erase_if(room.maybe_ahead, [&](const Room::MaybeAhead& one) { return one.session == &session; });
    forget_if_empty(room);
}

void Rooms::note_name(std::string_view room, std::string_view name) {
    if (const auto* found = find(room); found && !found->names.contains(name))
        unknown_names_.emplace_back(room, name);
}

void Rooms::unfollow_all(Session& session) {
    while (!session.rooms.empty()) unfollow(session, session.rooms.back()->name);
}

void Rooms::forget_if_empty(Room& room) {
    if (!room.followers.empty() || !room.maybe_ahead.empty()) return;
    std::erase(touched_, &room);
    std::erase(stale_, &room);
    rooms_.erase(rooms_.find(room.name));
}

void Rooms::touch(Room& room) {
    if (room.batch) return;
    room.batch = std::make_shared<base::FrameBatch>();
    touched_.push_back(&room);
}

base::FrameBatch& Rooms::late_batch(Room& room) {
    if (!room.late_batch) room.late_batch = std::make_shared<base::FrameBatch>();
    return *room.late_batch;
}

void Rooms::show(const base::ChatMessage& message, std::uint64_t n) {
    auto* room = find(message.room());
    if (!room) return;
    if (!room->names.contains(message.user())) unknown_names_.emplace_back(room->name, message.user());
    touch(*room);
    const bool late = message.position() < room->newest;
    if (!late) room->newest = message.position();
    frames::add(*room->batch, frames::Message{message, n, late});
    if (!room->maybe_ahead.empty()) frames::add(late_batch(*room), frames::Message{message, n, true});
    if (room->shown_since_cursor++ == 0) stale_.push_back(room);
}

void Rooms::show_change(const base::ChatMessage& message, std::uint64_t n) {
    auto* room = find(message.room());
    if (!room) return;
    announce(*room, frames::Changed{message, n});
    if (room->shown_since_cursor++ == 0) stale_.push_back(room);
}

std::vector<Room*> Rooms::take_stale_cursors(std::size_t shown_at_least) {
    std::vector<Room*> out;
    std::erase_if(stale_, [&](Room* room) {
        if (room->shown_since_cursor < shown_at_least) return false;
        room->shown_since_cursor = 0;
        out.push_back(room);
        return true;
    });
    return out;
}

void Rooms::seal() {
    for (auto* room : touched_) {
        const base::Frames frames = std::exchange(room->batch, nullptr);
        for (auto* follower : room->followers) sessions_->send(*follower, frames);
        if (const base::Frames late = std::exchange(room->late_batch, nullptr))
            for (const auto& one : room->maybe_ahead) sessions_->send(*one.session, late);
        std::erase_if(room->maybe_ahead, [&](const Room::MaybeAhead& one) {
            if (one.until.empty() || one.until > room->newest) return false;
            DAVENPORT_MARK("a room comes up with a follower that was ahead");
            room->followers.push_back(one.session);
            return true;
        });
    }
    touched_.clear();
}

}  // namespace davenport::node
