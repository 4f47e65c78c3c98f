#include "node/core/clients/look_alikes.hpp"

#include "node/base/mark.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace davenport::node {
namespace {

constexpr std::size_t messages_read_max = 100;  // of a room's past: whose authors are known

}  // namespace

void LookAlikes::read_names(const std::string& room, KnownNames& into) {
    const auto newest_first = log_->journal().page(room, {}, messages_read_max);
    for (auto entry = newest_first.rbegin(); entry != newest_first.rend(); ++entry)
        into.add(entry->message.user());
    for (const auto* pending : log_->uncommitted(room)) into.add(pending->entry.message.user());
    for (const auto& name : presence_->people_in(room).names) into.add(name);
}

KnownNames& LookAlikes::names_of(Room& room) {
    if (!std::exchange(room.names_read, true)) read_names(room.name, room.names);
    return room.names;
}

std::vector<std::string> LookAlikes::alike(const std::string& room, std::string_view name) {
    std::vector<std::string> out;
    if (auto* followed = rooms_->find(room)) {
        out = names_of(*followed).alike(name);
    } else {
        KnownNames names;
        read_names(room, names);
        out = names.alike(name);
    }
    std::erase(out, name);
    return out;
}

void LookAlikes::pump() {
    if (!rooms_->has_names_to_look_at()) return;
    std::set<std::pair<SessionId, std::string>> came;
    std::map<std::string, std::set<std::string>> news;  // by room: names that look like others
    for (auto& [id, name] : rooms_->take_entered()) {
        const auto* session = sessions_->find(id);
        auto* room = rooms_->find(name);
        if (!session || session->outlet || !room) continue;
        if (names_of(*room).add(session->person())) news[name].emplace(session->person());
        came.emplace(id, std::move(name));
    }
    for (const auto& [room_name, name] : rooms_->take_unknown_names())
        if (auto* room = rooms_->find(room_name); room && names_of(*room).add(name))
            news[room_name].insert(name);
    for (const auto& [id, name] : came)
        for (const auto& names : rooms_->find(name)->names.all_alike())
            if (auto* session = sessions_->find(id)) sessions_->tell(*session, frames::Alike{name, names});
    for (const auto& one : news) {
        DAVENPORT_MARK("a name looks like another");
        const auto& room_name = one.first;
        auto* room = rooms_->find(room_name);
        for (const auto& name : one.second) {
            const auto group = room->names.alike(name);
            const auto frame = frames::only(frames::Alike{room_name, group});
            rooms_->each_follower(*room, [&](Session& session) {
                if (!session.outlet && !came.contains({session.id, room_name}))
                    sessions_->send(session, frame);
            });
        }
    }
}

}  // namespace davenport::node
