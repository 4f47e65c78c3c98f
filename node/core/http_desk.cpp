#include "node/core/http_desk.hpp"

#include "node/base/message_id.hpp"
#include "node/core/history.hpp"

#include <utility>
#include <variant>

namespace node {
namespace {

constexpr std::size_t addresses_max = 10'000;

/// What people have to be signed in for, where they have to be.
bool is_for_members(const http_api::Call& call) {
    using namespace http_api;
    return !std::holds_alternative<Health>(call) && !std::holds_alternative<Ready>(call) &&
           !std::holds_alternative<BeginSession>(call) && !std::holds_alternative<GetSession>(call) &&
           !std::holds_alternative<EndSession>(call) && !std::holds_alternative<Wrong>(call);
}

}  // namespace

HttpDesk::HttpDesk(const ChatConfig& config, base::Random& random, Ledger& ledger, CatchUp& catch_up,
                   Polls& polls, PostDesk& desk, SearchDesk& search, SignIn& sign_in, Open open)
    : config_{&config},
      random_{&random},
      ledger_{&ledger},
      catch_up_{&catch_up},
      polls_{&polls},
      desk_{&desk},
      search_{&search},
      sign_in_{&sign_in},
      open_{std::move(open)} {}

void HttpDesk::on(Turn& turn, Requested& request, const NodeState& state) {
    auto call = http_api::read(request.request);
    user_.clear();
    if (sign_in_->required() && is_for_members(call)) {
        auto user = sign_in_->who(base::header(request.request.headers, "Cookie"), turn.now.wall);
        if (!user)
            return turn.emit(Respond{request.exchange,
                                     http_api::problem(401, "sign_in", "sign in first: POST /api/session")});
        user_ = std::move(*user);
    }
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

void HttpDesk::answer(Turn& turn, Requested& from, http_api::BeginSession& call, const NodeState&) {
    sign_in_->begin(turn, from.exchange, from.address, call);
}

void HttpDesk::answer(Turn& turn, Requested& from, http_api::GetSession&, const NodeState&) {
    turn.emit(
        Respond{from.exchange, sign_in_->state(base::header(from.request.headers, "Cookie"), turn.now.wall)});
}

void HttpDesk::answer(Turn& turn, Requested& from, http_api::EndSession&, const NodeState&) {
    turn.emit(Respond{from.exchange, sign_in_->end()});
}

void HttpDesk::answer(Turn& turn, Requested& from, http_api::PostMessage& call, const NodeState&) {
    if (sign_in_->required()) {
        if (!call.user.empty() && call.user != user_)
            return turn.emit(Respond{
                from.exchange, http_api::problem(403, "bad_name", "you are signed in under another name")});
        call.user = user_;
    }
    if (call.key.empty()) call.key = make_key(turn);
    const Waiter waiter{0, from.exchange, call.key};
    if (const auto wait = too_fast(turn, from.address)) {
        const auto retry_ms = std::chrono::ceil<std::chrono::milliseconds>(*wait).count();
        return desk_->refuse(turn, waiter, {"too_fast", "too many posts at once: wait a little", retry_ms});
    }
    desk_->post(turn, {call.room, call.user, call.key, call.text, call.host}, waiter);
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
    catch_up_->join(open_(turn, from.exchange, std::move(from.address), std::move(user_)), std::move(join));
}

std::optional<base::Duration> HttpDesk::too_fast(const Turn& turn, const std::string& address) {
    // From this machine a proxy may speak for everybody.
    if (config_->posts_per_second_max == 0 || base::is_loopback_address(address)) return std::nullopt;
    if (posts_.size() >= addresses_max) posts_.clear();  // generous for a moment, and bounded
    return posts_[address].take(config_->posts_per_second_max, turn.now.time);
}

/// For a client that gives none, and so cannot repeat its post.
std::string HttpDesk::make_key(const Turn& turn) {
    return base::MessageKey{base::unix_ms(turn.now.wall), keys_made_++, "n" + random_->uuid().substr(0, 12)}
        .text();
}

}  // namespace node
