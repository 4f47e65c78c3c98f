#include "node/core/clients/frame_handler.hpp"

#include "node/base/names.hpp"
#include "node/core/log/history.hpp"

#include <utility>
#include <variant>

namespace davenport::node {
namespace {

/// What one connection may follow: each room costs memory, and a look at every leave.
constexpr std::size_t rooms_max = 500;

/// Of what is answered as a post is; nullptr of anything else.
const std::string* key_of(const ClientFrame& frame) {
    if (const auto* post = std::get_if<PostFrame>(&frame)) return &post->key;
    if (const auto* change = std::get_if<ChangeFrame>(&frame)) return &change->key;
    if (const auto* ban = std::get_if<BanFrame>(&frame)) return &ban->key;
    if (const auto* set = std::get_if<SetRoomFrame>(&frame)) return &set->key;
    if (const auto* malformed = std::get_if<Malformed>(&frame); malformed && !malformed->key.empty())
        return &malformed->key;
    return nullptr;
}

}  // namespace

FrameHandler::FrameHandler(const ChatConfig& config, Sessions& sessions, Rooms& rooms, Resume& resume,
                           PresenceTracker& presence, SearchHandler& search, Members& members,
                           PostHandler& posts, ChangeHandler& changes, ModerationHandler& moderation,
                           const Access& access, NodeCounts& counts, HistoryReader& history)
    : config_{&config},
      sessions_{&sessions},
      rooms_{&rooms},
      resume_{&resume},
      presence_{&presence},
      search_{&search},
      members_{&members},
      posts_{&posts},
      changes_{&changes},
      moderation_{&moderation},
      access_{&access},
      counts_{&counts},
      history_{&history} {}

void FrameHandler::on(Turn& turn, Session& session, std::string_view text) {
    auto frame = read_client_frame(json_, text, config_->history_on_join);
    if (const auto wait = session.frames.take(config_->frames_per_second_max, turn.now.time))
        return slow_down(turn, session, frame, *wait);
    if (members_->required() && session.user.empty()) return turn_away(turn, session, frame);
    std::visit([&](auto& f) { on_frame(turn, session, f); }, frame);
}

void FrameHandler::slow_down(Turn& turn, Session& session, const ClientFrame& frame, base::Duration wait) {
    static constexpr std::string_view what_to_do =
        "too many frames at once: wait a little, and send it again";
    ++counts_->frames_refused;
    const auto wait_ms = std::chrono::ceil<std::chrono::milliseconds>(wait).count();
    if (const auto* key = key_of(frame))
        return posts_->refuse(turn, {session.id, 0, *key}, {"too_fast", std::string{what_to_do}, wait_ms});
    sessions_->tell(session, frames::Error{what_to_do});
}

/// Somebody who has to sign in first.
void FrameHandler::turn_away(Turn& turn, Session& session, const ClientFrame& frame) {
    static constexpr std::string_view what_to_do = "sign in first: POST /api/session, and connect again";
    if (const auto* key = key_of(frame))
        return posts_->refuse(turn, {session.id, 0, *key}, {"sign_in", std::string{what_to_do}});
    if (const auto* ping = std::get_if<Ping>(&frame)) return on_frame(turn, session, *ping);
    if (!std::holds_alternative<Hello>(frame)) sessions_->tell(session, frames::Error{what_to_do});
}

void FrameHandler::put_out(Turn& turn, Session& session, const std::string& room, const Refusal& refusal) {
    resume_->leave(turn, session.id, room);
    presence_->unwatch(session.id, room);
    rooms_->unfollow(session, room);
    sessions_->tell(session, frames::PutOut{room, refusal.code, refusal.reason, refusal.until});
}

void FrameHandler::on_frame(Turn& turn, Session& session, Hello& frame) {
    if (members_->required()) return;
    auto name = base::prepare_name(frame.user);
    if (!name.problem.empty() && !frame.user.empty())
        return sessions_->tell(session, frames::Refused{{}, "bad_name", name.problem, 0, name.max});
    session.user = std::move(name.text);
    sessions_->note_moved(session);
    presence_->changed();
    for (const auto* room : session.rooms) rooms_->note_name(room->name, session.user);
    if (!access_->any()) return;
    auto rooms = resume_->rooms_under_way(session.id);
    for (const auto* room : session.rooms) rooms.push_back(room->name);
    for (const auto& room : rooms)
        if (const auto refusal = access_->to_read(room, session.user, turn.now))
            put_out(turn, session, room, *refusal);
}

void FrameHandler::on_frame(Turn& turn, Session& session, Join& frame) {
    const auto& room = frame.request.room;
    if (!Rooms::follows(session, room) && session.rooms.size() + resume_->under_way(session.id) >= rooms_max)
        return sessions_->tell(session, frames::Error{"at most 500 rooms at once: leave some first"});
    if (may_not_read(turn, session, room)) return;
    if (const auto* settings = access_->settings(room))
        sessions_->tell(session, frames::RoomInfo{room, settings});
    if (config_->presence && frame.request.people) presence_->watch(session, room);
    resume_->join(turn, session, std::move(frame.request));
}

void FrameHandler::on_frame(Turn& turn, Session& session, Leave& frame) {
    resume_->leave(turn, session.id, frame.room);
    presence_->unwatch(session.id, frame.room);
    rooms_->unfollow(session, frame.room);
}

void FrameHandler::on_frame(Turn& turn, Session& session, PostFrame& frame) {
    const ReplyTo waiter{session.id, 0, frame.key};
    posts_->post(turn, {frame.room, session.user, frame.key, frame.text, frame.host, frame.secret}, waiter,
                 who_is_rated(session));
}

void FrameHandler::on_frame(Turn& turn, Session& session, ChangeFrame& frame) {
    ReplyTo waiter{session.id, 0, frame.key};
    ChangeDraft draft{.room = {},
                      .id = std::move(frame.id),
                      .key = std::move(frame.key),
                      .text = std::move(frame.text),
                      .secret = std::move(frame.secret),
                      .user = members_->required() ? session.user : std::string{},
                      .removes = frame.removes,
                      .by_moderator = members_->is_moderator(session.user)};
    changes_->change(turn, std::move(draft), std::move(waiter), who_is_rated(session));
}

void FrameHandler::on_frame(Turn& turn, Session& session, BanFrame& frame) {
    ReplyTo waiter{session.id, 0, frame.key};
    const BanDraft draft{.room = frame.room.empty() ? std::string{base::everywhere} : std::move(frame.room),
                         .name = std::move(frame.name),
                         .reason = std::move(frame.reason),
                         .until = std::move(frame.until),
                         .key = std::move(frame.key),
                         .by = session.user,
                         .lifts = frame.lifts};
    moderation_->change_ban(turn, draft, std::move(waiter), who_is_rated(session));
}

void FrameHandler::on_frame(Turn& turn, Session& session, RoomFrame& frame) {
    if (may_not_read(turn, session, frame.room)) return;
    sessions_->tell(session, frames::RoomInfo{frame.room, access_->settings(frame.room)});
}

void FrameHandler::on_frame(Turn& turn, Session& session, SetRoomFrame& frame) {
    frame.settings.by = session.user;
    ReplyTo waiter{session.id, 0, frame.key};
    moderation_->change_settings(turn, {std::move(frame.settings), std::move(frame.key)}, std::move(waiter),
                                 who_is_rated(session));
}

bool FrameHandler::may_not_read(const Turn& turn, Session& session, std::string_view room) {
    const auto refusal = access_->to_read(room, session.person(), turn.now);
    if (!refusal) return false;
    ++counts_->reads_refused;
    sessions_->tell(session, frames::Refused{.key = {},
                                             .code = refusal->code,
                                             .reason = refusal->reason,
                                             .retry_ms = refusal->retry_ms,
                                             .until = refusal->until,
                                             .room = room});
    return true;
}

std::string FrameHandler::who_is_rated(const Session& session) const {
    return members_->required() ? session.user : rate_key(session.address, session.user);
}

void FrameHandler::on_frame(Turn& turn, Session& session, History& frame) {
    if (may_not_read(turn, session, frame.room)) return;
    history_->read(turn, frame.room, frame.before, frame.limit,
                   [this, id = session.id, room = frame.room](Turn&, const HistoryPage& page) {
                       if (auto* asker = sessions_->find(id))
                           sessions_->tell(*asker, frames::Page{room, page, config_->session_bytes_max / 4});
                   });
}

void FrameHandler::on_frame(Turn& turn, Session& session, SearchFrame& frame) {
    if (!frame.query.room.empty() && may_not_read(turn, session, frame.query.room)) return;
    search_->ask(turn, session, std::move(frame.query));
}

void FrameHandler::on_frame(Turn& turn, Session& session, const Ping&) {
    sessions_->tell(session, frames::Pong{turn.now.wall});
}

void FrameHandler::on_frame(Turn& turn, Session& session, Malformed& frame) {
    if (!frame.key.empty())
        return posts_->refuse(turn, {session.id, 0, frame.key}, {"bad_request", std::move(frame.reason)});
    sessions_->tell(session, frames::Error{frame.reason});
}

}  // namespace davenport::node
