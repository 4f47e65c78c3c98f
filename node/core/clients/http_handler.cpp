#include "node/core/clients/http_handler.hpp"

#include "node/base/message_id.hpp"
#include "node/core/log/history.hpp"

#include <utility>
#include <variant>

namespace davenport::node {
namespace {

/// What people have to be signed in for, where they have to be.
bool is_for_members(const http_api::Call& call) {
    using namespace http_api;
    return !std::holds_alternative<Health>(call) && !std::holds_alternative<Ready>(call) &&
           !std::holds_alternative<BeginSession>(call) && !std::holds_alternative<GetSession>(call) &&
           !std::holds_alternative<EndSession>(call) && !std::holds_alternative<BadRequest>(call);
}

}  // namespace

HttpHandler::HttpHandler(const ChatConfig& config, base::Random& random, CommitQueue& log, const Store& store,
                         Resume& resume, Polls& polls, PostHandler& posts, ChangeHandler& changes,
                         SearchHandler& search, SignIn& sign_in, Greeter& greeter)
    : config_{&config},
      random_{&random},
      log_{&log},
      store_{&store},
      resume_{&resume},
      polls_{&polls},
      posts_{&posts},
      changes_{&changes},
      search_{&search},
      sign_in_{&sign_in},
      greeter_{&greeter} {}

void HttpHandler::on(Turn& turn, Requested& request) {
    Asked asked{turn, request};
    auto call = http_api::read(request.request);
    if (sign_in_->required() && is_for_members(call)) {
        auto user = sign_in_->who(asked.cookies(), turn.now.wall);
        if (!user) return asked.answer(http_api::problem(401, "sign_in", "sign in first: POST /api/session"));
        asked.user = std::move(*user);
    }
    std::visit([&](auto& c) { answer(asked, c); }, call);
}

void HttpHandler::answer(Asked& asked, http_api::Health&) { asked.answer(http_api::health()); }

void HttpHandler::answer(Asked& asked, http_api::Ready&) {
    asked.answer(http_api::ready(store_->up(), store_->backlog(), greeter_->ending()));
}

void HttpHandler::answer(Asked& asked, http_api::BadRequest& call) { asked.answer(std::move(call.answer)); }

void HttpHandler::answer(Asked& asked, http_api::GetMessages& call) {
    const auto page = read_history(*log_, call.room, call.before, call.limit);
    asked.answer(http_api::messages({call.room, page, config_->session_bytes_max}));
}

void HttpHandler::answer(Asked& asked, http_api::GetRooms& call) {
    auto rooms = log_->journal().rooms(call.after, call.limit + 1);
    const bool more = rooms.size() > call.limit;
    if (more) rooms.pop_back();
    asked.answer(http_api::rooms(rooms, more));
}

void HttpHandler::answer(Asked& asked, http_api::FindMessages& call) {
    if (!search_->ask(asked.turn, asked.request.exchange, std::move(call.query)))
        asked.answer(http_api::too_many());
}

void HttpHandler::answer(Asked& asked, http_api::BeginSession& call) {
    sign_in_->begin(asked.turn, asked.request.exchange, asked.request.address, call);
}

void HttpHandler::answer(Asked& asked, http_api::GetSession&) {
    asked.answer(sign_in_->state(asked.cookies(), asked.turn.now.wall));
}

void HttpHandler::answer(Asked& asked, http_api::EndSession&) { asked.answer(sign_in_->end()); }

void HttpHandler::answer(Asked& asked, http_api::PostMessage& call) {
    if (sign_in_->required()) {
        if (!call.user.empty() && call.user != asked.user)
            return asked.answer(http_api::problem(403, "bad_name", "you are signed in under another name"));
        call.user = asked.user;
    }
    if (call.key.empty()) call.key = make_key(asked.turn);
    const ReplyTo waiter{0, asked.request.exchange, call.key};
    posts_->post(asked.turn, {call.room, call.user, call.key, call.text, call.host, call.secret}, waiter,
                 sign_in_->required() ? asked.user : rate_key(asked.request.address, call.user));
}

void HttpHandler::answer(Asked& asked, http_api::ChangeMessage& call) {
    auto& draft = call.draft;
    if (sign_in_->required() && !draft.user.empty() && draft.user != asked.user)
        return asked.answer(http_api::problem(403, "bad_name", "you are signed in under another name"));
    auto who = sign_in_->required() ? asked.user : rate_key(asked.request.address, draft.user);
    draft.user = sign_in_->required() ? asked.user : std::string{};
    if (draft.key.empty()) draft.key = make_key(asked.turn);
    ReplyTo waiter{0, asked.request.exchange, draft.key};
    changes_->change(asked.turn, std::move(draft), std::move(waiter), who);
}

void HttpHandler::answer(Asked& asked, http_api::Poll& call) {
    Polls::Wish wish{{.room = call.room, .history = call.limit},
                     call.after,
                     std::chrono::seconds{greeter_->ending() ? 0 : call.timeout_s}};
    if (!call.after.empty() && !Polls::read_next(call.after, wish.join))
        return asked.answer(http_api::invalid_cursor());
    if (!polls_->begin(asked.turn, asked.request.exchange, std::move(wish), std::move(asked.request.address)))
        asked.answer(http_api::too_many());
}

void HttpHandler::answer(Asked& asked, http_api::Follow& call) {
    JoinRequest join{.room = call.room, .history = call.limit};
    if (!call.after.empty() && !Polls::read_next(call.after, join))
        return asked.answer(http_api::invalid_cursor());
    if (greeter_->ending()) return asked.answer(http_api::shutting_down());
    asked.turn.emit(Stream{asked.request.exchange});
    auto& session = greeter_->open(asked.turn, asked.request.exchange, std::move(asked.request.address),
                                   std::move(asked.user));
    resume_->join(asked.turn, session, std::move(join));
}

/// For a client that gives none, and so cannot repeat its post.
std::string HttpHandler::make_key(const Turn& turn) {
    return base::MessageKey{base::unix_ms(turn.now.wall), keys_made_++, "n" + random_->uuid().substr(0, 12)}
        .text();
}

}  // namespace davenport::node
