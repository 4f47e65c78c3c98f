#include "node/core/frame_handler.hpp"

#include "node/core/frames.hpp"
#include "node/core/history.hpp"

#include <utility>
#include <variant>

namespace davenport::node {

FrameHandler::FrameHandler(const ChatConfig& config, CommitQueue& commit_queue, Sessions& sessions,
                           Rooms& rooms, Resume& resume, PresenceTracker& presence, SearchHandler& search,
                           SignIn& sign_in, PostHandler& desk)
    : config_{&config},
      commits_{&commit_queue},
      sessions_{&sessions},
      rooms_{&rooms},
      resume_{&resume},
      presence_{&presence},
      search_{&search},
      sign_in_{&sign_in},
      desk_{&desk} {}

void FrameHandler::on(Turn& turn, Session& session, std::string_view text) {
    auto frame = read_client_frame(json_, text, config_->history_on_join);
    if (sign_in_->required() && session.user.empty()) return turn_away(turn, session, frame);
    std::visit([&](auto& f) { say(turn, session, f); }, frame);
}

/// Somebody who has to sign in first.
void FrameHandler::turn_away(Turn& turn, Session& session, const ClientFrame& frame) {
    static constexpr std::string_view what_to_do = "sign in first: POST /api/session, and connect again";
    if (const auto* post = std::get_if<PostFrame>(&frame))
        return desk_->refuse(turn, {session.id, 0, post->key}, {"sign_in", std::string{what_to_do}});
    if (const auto* ping = std::get_if<Ping>(&frame)) return say(turn, session, *ping);
    if (!std::holds_alternative<Hello>(frame)) sessions_->send(session, frames::error(what_to_do));
}

void FrameHandler::say(Turn&, Session& session, Hello& frame) {
    if (sign_in_->required()) return;
    session.user = std::move(frame.user);
    presence_->changed();
}

void FrameHandler::say(Turn&, Session& session, Join& frame) {
    if (config_->presence && frame.request.people) presence_->watch(session, frame.request.room);
    resume_->join(session, std::move(frame.request));
}

void FrameHandler::say(Turn&, Session& session, Leave& frame) {
    resume_->leave(session.id, frame.room);
    presence_->unwatch(session.id, frame.room);
    rooms_->unfollow(session, frame.room);
}

void FrameHandler::say(Turn& turn, Session& session, PostFrame& frame) {
    const ReplyTo waiter{session.id, 0, frame.key};
    if (const auto wait = session.posts.take(config_->posts_per_second_max, turn.now.time))
        return desk_->refuse_too_fast(turn, waiter, *wait);
    desk_->post(turn, {frame.room, session.user, frame.key, frame.text, frame.host}, waiter);
}

void FrameHandler::say(Turn&, Session& session, History& frame) {
    std::string out = "{\"t\":\"page\",\"room\":\"" + frame.room + "\",";
    append_history_members(out, *commits_, frame.room, frame.before, frame.limit,
                           config_->session_bytes_max / 4);
    out += '}';
    sessions_->send(session, out);
}

void FrameHandler::say(Turn& turn, Session& session, SearchFrame& frame) {
    search_->ask(turn, session, std::move(frame.query));
}

void FrameHandler::say(Turn& turn, Session& session, const Ping&) {
    sessions_->send(session, frames::pong(turn.now.wall));
}

void FrameHandler::say(Turn&, Session& session, Malformed& frame) {
    sessions_->send(session, frames::error(frame.reason));
}

}  // namespace davenport::node
