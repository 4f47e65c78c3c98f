#include "node/core/frame_desk.hpp"

#include "node/core/frames.hpp"
#include "node/core/history.hpp"

#include <utility>
#include <variant>

namespace node {

FrameDesk::FrameDesk(const ChatConfig& config, Ledger& ledger, Sessions& sessions, Rooms& rooms,
                     CatchUp& catch_up, PresenceDesk& presence, SearchDesk& search, SignIn& sign_in,
                     PostDesk& desk)
    : config_{&config},
      ledger_{&ledger},
      sessions_{&sessions},
      rooms_{&rooms},
      catch_up_{&catch_up},
      presence_{&presence},
      search_{&search},
      sign_in_{&sign_in},
      desk_{&desk} {}

void FrameDesk::on(Turn& turn, Session& session, std::string_view text) {
    auto frame = read_client_frame(json_, text, config_->history_on_join);
    if (sign_in_->required() && session.user.empty()) return turn_away(turn, session, frame);
    std::visit([&](auto& f) { say(turn, session, f); }, frame);
}

/// Somebody who has to sign in first.
void FrameDesk::turn_away(Turn& turn, Session& session, const ClientFrame& frame) {
    static constexpr std::string_view what_to_do = "sign in first: POST /api/session, and connect again";
    if (const auto* post = std::get_if<PostFrame>(&frame))
        return desk_->refuse(turn, {session.id, 0, post->key}, {"sign_in", std::string{what_to_do}});
    if (const auto* ping = std::get_if<Ping>(&frame)) return say(turn, session, *ping);
    if (!std::holds_alternative<Hello>(frame)) sessions_->send(session, frames::error(what_to_do));
}

void FrameDesk::say(Turn&, Session& session, Hello& frame) {
    if (sign_in_->required()) return;
    session.user = std::move(frame.user);
    presence_->changed();
}

void FrameDesk::say(Turn&, Session& session, Join& frame) {
    if (config_->presence && frame.request.people) presence_->watch(session, frame.request.room);
    catch_up_->join(session, std::move(frame.request));
}

void FrameDesk::say(Turn&, Session& session, Leave& frame) {
    catch_up_->leave(session.id, frame.room);
    presence_->unwatch(session.id, frame.room);
    rooms_->unfollow(session, frame.room);
}

void FrameDesk::say(Turn& turn, Session& session, PostFrame& frame) {
    const Waiter waiter{session.id, 0, frame.key};
    if (const auto wait = session.posts.take(config_->posts_per_second_max, turn.now.time))
        return desk_->refuse_too_fast(turn, waiter, *wait);
    desk_->post(turn, {frame.room, session.user, frame.key, frame.text, frame.host}, waiter);
}

void FrameDesk::say(Turn&, Session& session, History& frame) {
    std::string out = "{\"t\":\"page\",\"room\":\"" + frame.room + "\",";
    append_history_members(out, *ledger_, frame.room, frame.before, frame.limit,
                           config_->session_bytes_max / 4);
    out += '}';
    sessions_->send(session, out);
}

void FrameDesk::say(Turn& turn, Session& session, SearchFrame& frame) {
    search_->ask(turn, session, std::move(frame.query));
}

void FrameDesk::say(Turn& turn, Session& session, const Ping&) {
    sessions_->send(session, frames::pong(turn.now.wall));
}

void FrameDesk::say(Turn&, Session& session, Malformed& frame) {
    sessions_->send(session, frames::error(frame.reason));
}

}  // namespace node
