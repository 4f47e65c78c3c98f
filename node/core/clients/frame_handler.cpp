#include "node/core/clients/frame_handler.hpp"

#include "node/core/log/history.hpp"

#include <utility>
#include <variant>

namespace davenport::node {
namespace {

/// What one connection may follow: each room costs memory, and a look at every leave.
constexpr std::size_t rooms_max = 500;

}  // namespace

FrameHandler::FrameHandler(const ChatConfig& config, CommitQueue& log, Sessions& sessions, Rooms& rooms,
                           Resume& resume, PresenceTracker& presence, SearchHandler& search, SignIn& sign_in,
                           PostHandler& posts, ChangeHandler& changes)
    : config_{&config},
      log_{&log},
      sessions_{&sessions},
      rooms_{&rooms},
      resume_{&resume},
      presence_{&presence},
      search_{&search},
      sign_in_{&sign_in},
      posts_{&posts},
      changes_{&changes} {}

void FrameHandler::on(Turn& turn, Session& session, std::string_view text) {
    auto frame = read_client_frame(json_, text, config_->history_on_join);
    if (sign_in_->required() && session.user.empty()) return turn_away(turn, session, frame);
    std::visit([&](auto& f) { on_frame(turn, session, f); }, frame);
}

/// Somebody who has to sign in first.
void FrameHandler::turn_away(Turn& turn, Session& session, const ClientFrame& frame) {
    static constexpr std::string_view what_to_do = "sign in first: POST /api/session, and connect again";
    if (const auto* post = std::get_if<PostFrame>(&frame))
        return posts_->refuse(turn, {session.id, 0, post->key}, {"sign_in", std::string{what_to_do}});
    if (const auto* change = std::get_if<ChangeFrame>(&frame))
        return posts_->refuse(turn, {session.id, 0, change->key}, {"sign_in", std::string{what_to_do}});
    if (const auto* ping = std::get_if<Ping>(&frame)) return on_frame(turn, session, *ping);
    if (!std::holds_alternative<Hello>(frame)) sessions_->tell(session, frames::Error{what_to_do});
}

void FrameHandler::on_frame(Turn&, Session& session, Hello& frame) {
    if (sign_in_->required()) return;
    session.user = std::move(frame.user);
    presence_->changed();
}

void FrameHandler::on_frame(Turn& turn, Session& session, Join& frame) {
    const auto& room = frame.request.room;
    if (!Rooms::follows(session, room) && session.rooms.size() + resume_->under_way(session.id) >= rooms_max)
        return sessions_->tell(session, frames::Error{"at most 500 rooms at once: leave some first"});
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
                 sign_in_->required() ? session.user : rate_key(session.address, session.user));
}

void FrameHandler::on_frame(Turn& turn, Session& session, ChangeFrame& frame) {
    ReplyTo waiter{session.id, 0, frame.key};
    ChangeDraft draft{.room = {},
                      .id = std::move(frame.id),
                      .key = std::move(frame.key),
                      .text = std::move(frame.text),
                      .secret = std::move(frame.secret),
                      .user = sign_in_->required() ? session.user : std::string{},
                      .removes = frame.removes};
    changes_->change(turn, std::move(draft), std::move(waiter),
                     sign_in_->required() ? session.user : rate_key(session.address, session.user));
}

void FrameHandler::on_frame(Turn&, Session& session, History& frame) {
    const auto page = read_history(*log_, frame.room, frame.before, frame.limit);
    sessions_->tell(session, frames::Page{frame.room, page, config_->session_bytes_max / 4});
}

void FrameHandler::on_frame(Turn& turn, Session& session, SearchFrame& frame) {
    search_->ask(turn, session, std::move(frame.query));
}

void FrameHandler::on_frame(Turn& turn, Session& session, const Ping&) {
    sessions_->tell(session, frames::Pong{turn.now.wall});
}

void FrameHandler::on_frame(Turn&, Session& session, Malformed& frame) {
    sessions_->tell(session, frames::Error{frame.reason});
}

}  // namespace davenport::node
