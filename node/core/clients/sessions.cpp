#include "node/core/clients/sessions.hpp"

#include "node/base/mark.hpp"
#include "node/base/text.hpp"
#include "node/core/clients/rooms.hpp"

#include <algorithm>

namespace davenport::node {

Session& Sessions::open(SessionId id, std::string address) {
    auto& session = sessions_[id];
    session.id = id;
    session.address = std::move(address);
    return session;
}

Session* Sessions::find(SessionId id) {
    const auto it = sessions_.find(id);
    return it == sessions_.end() || it->second.closing ? nullptr : &it->second;
}

Session* Sessions::any(SessionId id) {
    const auto it = sessions_.find(id);
    return it == sessions_.end() ? nullptr : &it->second;
}

void Sessions::written(SessionId id) {
    auto* session = find(id);
    if (!session) return;
    session->in_flight = false;
    if (!session->waiting.empty()) mark(*session);
}

std::size_t Sessions::queued_bytes() const {
    std::size_t bytes = 0;
    for (const auto& [id, session] : sessions_) bytes += queued_bytes(session);
    return bytes;
}

std::size_t Sessions::queued_bytes_most(SessionId id) const {
    const auto it = sessions_.find(id);
    return it == sessions_.end() ? 0 : it->second.waiting_bytes_most;
}

bool Sessions::idle() const {
    return std::ranges::all_of(sessions_,
                               [](const auto& s) { return s.second.closing || drained(s.second); });
}

base::RoomPeople Sessions::people_in(const Room& room) {
    base::RoomPeople out;
    if (const auto all = room.followers.size() + room.maybe_ahead.size(); all > base::RoomPeople::named_max) {
        out.crowd = all;
        return out;
    }
    const auto add = [&](const Session& session) {
        const auto told = session.rooms.size() <= rooms_told_max
                              ? session.rooms.end()
                              : session.rooms.begin() + static_cast<std::ptrdiff_t>(rooms_told_max);
        if (!session.closing && base::is_user_name(session.user) &&
            std::find(session.rooms.begin(), told, &room) != told)
            out.names.insert(session.user);
    };
    for (const auto* follower : room.followers) add(*follower);
    for (const auto& one : room.maybe_ahead) add(*one.session);
    return out;
}

void Sessions::note_moved(const Session& session) {
    for (const auto* room : session.rooms) note_moved(room->name);
}

std::set<std::string> Sessions::rooms_followed() const {
    std::set<std::string> out;
    for (const auto& [id, session] : sessions_)
        for (const auto* room : session.rooms) out.insert(room->name);
    return out;
}

base::FrameBatch* Sessions::own_batch(Session& session) {
    if (session.closing) return nullptr;
    if (!session.own) {
        session.own = std::make_shared<base::FrameBatch>();
        mark(session);
    }
    return session.own.get();
}

void Sessions::send(Session& session, const base::Frames& frames) {
    if (session.closing || frames->empty()) return;
    seal(session);
    queue(session, frames);
}

void Sessions::send_to_all(const base::Frames& frames) {
    for (auto& [id, session] : sessions_) send(session, frames);
}

std::vector<Session*> Sessions::signed_in_without(
    const std::function<bool(const base::Credential&)>& counts) {
    std::vector<Session*> out;
    for (auto& [id, session] : sessions_)
        if (!session.closing && session.pass && !counts(*session.pass)) out.push_back(&session);
    return out;
}

void Sessions::close(Session& session, std::string reason) {
    if (session.closing) return;
    session.closing = true;
    note_moved(session);
    session.own.reset();
    session.waiting.clear();
    session.waiting_bytes = 0;
    closes_.push_back({session.id, std::move(reason)});
}

void Sessions::seal(Session& session) {
    if (session.own) queue(session, std::exchange(session.own, nullptr));
}

void Sessions::queue(Session& session, base::Frames frames) {
    if (session.waiting_bytes >= bytes_max_) {
        DAVENPORT_MARK("a client is cut off for being slow");
        ++cut_off_;
        return close(session, "too slow: come back and resume");
    }
    session.waiting_bytes += frames->size_bytes();
    if (session.in_flight) {
        session.waiting_bytes_most = std::max(session.waiting_bytes_most, session.waiting_bytes);
        queued_bytes_most_ = std::max(queued_bytes_most_, session.waiting_bytes);
    }
    session.waiting.push_back(std::move(frames));
    mark(session);
}

void Sessions::mark(Session& session) {
    if (!std::exchange(session.dirty, true)) dirty_.push_back(session.id);
}

void Sessions::flush(Turn& turn) {
    for (const auto id : dirty_) {
        const auto it = sessions_.find(id);
        if (it == sessions_.end()) continue;
        auto& session = it->second;
        seal(session);
        session.dirty = false;  // after seal(), which would put it into the list that is being walked
        if (session.closing || session.in_flight || session.waiting.empty()) continue;
        session.in_flight = true;
        session.waiting_bytes = 0;
        if (session.outlet)
            session.outlet->on_frames(session.id, std::exchange(session.waiting, {}));
        else
            turn.emit(Send{session.id, std::exchange(session.waiting, {})});
    }
    dirty_.clear();
    for (auto& close : closes_) {
        const auto it = sessions_.find(close.session);
        if (it != sessions_.end() && it->second.outlet)
            it->second.outlet->on_cut_off(close.session);
        else
            turn.emit(std::move(close));
    }
    closes_.clear();
}

}  // namespace davenport::node
