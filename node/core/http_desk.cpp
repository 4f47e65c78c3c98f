#include "node/core/http_desk.hpp"

#include "node/base/message_id.hpp"
#include "node/core/history.hpp"

#include <utility>
#include <variant>

namespace node {

HttpDesk::HttpDesk(const ChatConfig& config, base::Random& random, Ledger& ledger, CatchUp& catch_up,
                   Polls& polls, PostDesk& desk, SearchDesk& search, Open open)
    : config_{&config},
      random_{&random},
      ledger_{&ledger},
      catch_up_{&catch_up},
      polls_{&polls},
      desk_{&desk},
      search_{&search},
      open_{std::move(open)} {}

void HttpDesk::on(Turn& turn, Requested& request, const NodeState& state) {
    auto call = http_api::read(request.request);
    std::visit([&](auto& c) { answer(turn, request, c, state); }, call);
}

void HttpDesk::answer(Turn& turn, Requested& from, http_api::Health&, const NodeState&) {
    turn.emit(Respond{from.exchange, http_api::health()});
}

void HttpDesk::answer(Turn& turn, Requested& from, http_api::Ready&, const NodeState& state) {
    turn.emit(Respond{from.exchange, http_api::ready(state.store_up, state.backlog, state.draining)});
}

void HttpDesk::answer(Turn& turn, Requested& from, http_api::Wrong& call, const NodeState&) {
    turn.emit(Respond{from.exchange, std::move(call.answer)});
}

void HttpDesk::answer(Turn& turn, Requested& from, http_api::GetMessages& call, const NodeState&) {
    const auto members =
        history_members(*ledger_, call.room, call.before, call.limit, config_->session_bytes_max);
    turn.emit(Respond{from.exchange, http_api::messages(call.room, members)});
}

void HttpDesk::answer(Turn& turn, Requested& from, http_api::GetRooms& call, const NodeState&) {
    auto rooms = ledger_->journal().rooms(call.after, call.limit + 1);
    const bool more = rooms.size() > call.limit;
    if (more) rooms.pop_back();
    turn.emit(Respond{from.exchange, http_api::rooms(rooms, more)});
}

void HttpDesk::answer(Turn& turn, Requested& from, http_api::FindMessages& call, const NodeState&) {
    if (!search_->ask(turn, from.exchange, std::move(call.query)))
        turn.emit(Respond{from.exchange, http_api::too_many()});
}

void HttpDesk::answer(Turn& turn, Requested& from, http_api::PostMessage& call, const NodeState&) {
    if (call.key.empty()) call.key = make_key(turn);
    desk_->post(turn, {call.room, call.user, call.key, call.text, call.host}, {0, from.exchange, call.key});
}

void HttpDesk::answer(Turn& turn, Requested& from, http_api::Poll& call, const NodeState& state) {
    Polls::Wish wish{{call.room, {}, 0, call.limit},
                     call.after,
                     std::chrono::seconds{state.draining ? 0 : call.timeout_s}};
    if (!call.after.empty() && !Polls::read_next(call.after, wish.join))
        return turn.emit(Respond{from.exchange, http_api::bad_place()});
    if (!polls_->begin(turn, from.exchange, std::move(wish), std::move(from.address)))
        turn.emit(Respond{from.exchange, http_api::too_many()});
}

void HttpDesk::answer(Turn& turn, Requested& from, http_api::Follow& call, const NodeState& state) {
    JoinRequest join{call.room, {}, 0, call.limit};
    if (!call.after.empty() && !Polls::read_next(call.after, join))
        return turn.emit(Respond{from.exchange, http_api::bad_place()});
    if (state.draining) return turn.emit(Respond{from.exchange, http_api::going()});
    turn.emit(Stream{from.exchange});
    catch_up_->join(open_(turn, from.exchange, std::move(from.address)), std::move(join));
}

/// For a client that gives none, and so cannot repeat its post.
std::string HttpDesk::make_key(const Turn& turn) {
    return base::MessageKey{base::unix_ms(turn.now.wall), keys_made_++, "n" + random_->uuid().substr(0, 12)}
        .text();
}

}  // namespace node
