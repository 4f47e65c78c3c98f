#include "node/core/clients/http_handler.hpp"

#include "node/base/message_id.hpp"
#include "node/base/names.hpp"
#include "node/core/log/history.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <variant>

namespace davenport::node {
namespace {

constexpr std::int64_t last_ms = (std::int64_t{1} << 48) - 1;  ///< that a key can name

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
                         ModerationHandler& moderation, const Access& access, SearchHandler& search,
                         Members& members, SignIn& sign_in, Greeter& greeter, HistoryReader& history,
                         LookAlikes& look_alikes, NodeCounts& counts)
    : config_{&config},
      random_{&random},
      log_{&log},
      store_{&store},
      resume_{&resume},
      polls_{&polls},
      posts_{&posts},
      changes_{&changes},
      moderation_{&moderation},
      access_{&access},
      search_{&search},
      members_{&members},
      sign_in_{&sign_in},
      greeter_{&greeter},
      history_{&history},
      look_alikes_{&look_alikes},
      counts_{&counts} {}

void HttpHandler::on(Turn& turn, Requested& request) {
    Asked asked{turn, request};
    auto call = http_api::read(request.request);
    if (members_->required()) {
        asked.pass = members_->who(asked.cookies(), turn.now);
        if (!asked.pass && is_for_members(call)) return turn_away(asked);
    }
    std::visit([&](auto& c) { answer(asked, c); }, call);
}

void HttpHandler::turn_away(Asked& asked) {
    if (members_->has_keys())
        return asked.answer(http_api::problem(401, "sign_in", "sign in first: POST /api/session"));
    asked.answer(http_api::later(503, "not_now", "this node has not heard yet who is signed in: try again",
                                 std::chrono::seconds{2}));
}

void HttpHandler::answer(Asked& asked, http_api::Health&) { asked.answer(http_api::health()); }

void HttpHandler::answer(Asked& asked, http_api::Ready&) {
    asked.answer(http_api::ready({store_->up(), greeter_->ending(), !log_->failing(), store_->backlog(),
                                  store_->clock_ahead(),
                                  store_->catching_up() ? std::optional{store_->progress()} : std::nullopt}));
}

void HttpHandler::answer(Asked& asked, http_api::BadRequest& call) { asked.answer(std::move(call.answer)); }

bool HttpHandler::may_not_read(Asked& asked, std::string_view room) {
    const auto refusal = access_->to_read(room, asked.person(), asked.turn.now);
    if (!refusal) return false;
    ++counts_->reads_refused;
    asked.answer(http_api::denied(*refusal));
    return true;
}

void HttpHandler::answer(Asked& asked, http_api::GetMessages& call) {
    if (may_not_read(asked, call.room)) return;
    history_->read(
        asked.turn, call.room, call.before, call.limit,
        [this, exchange = asked.request.exchange, room = call.room](Turn& turn, const HistoryPage& page) {
            turn.emit(Respond{exchange, http_api::messages({room, page, config_->session_bytes_max})});
        });
}

void HttpHandler::answer(Asked& asked, http_api::GetRooms& call) {
    auto rooms = log_->journal().rooms(call.after, call.limit + 1);
    const bool more = rooms.size() > call.limit;
    if (more) rooms.pop_back();
    std::erase_if(rooms, [&](const base::JournalRoom& room) {
        const auto refusal = access_->to_read(room.name, asked.person(), asked.turn.now);
        return refusal && refusal->code != "banned";
    });
    asked.answer(http_api::rooms(rooms, more));
}

void HttpHandler::answer(Asked& asked, http_api::FindMessages& call) {
    if (!call.query.room.empty() && may_not_read(asked, call.query.room)) return;
    if (!search_->ask(asked.turn, asked.request.exchange, asked.person(), std::move(call.query)))
        asked.answer(http_api::too_many());
}

void HttpHandler::answer(Asked& asked, http_api::BeginSession& call) {
    sign_in_->begin(asked.turn, asked.request, call);
}

void HttpHandler::answer(Asked& asked, http_api::GetSession&) { asked.answer(sign_in_->state(asked.pass)); }

void HttpHandler::answer(Asked& asked, http_api::EndSession& call) {
    asked.answer(sign_in_->end(asked.turn, asked.pass, call.all, asked.request.secure, call.path));
}

void HttpHandler::answer(Asked& asked, http_api::PostMessage& call) {
    if (asked.pass) {
        if (!call.user.empty() && call.user != asked.pass->name)
            return asked.answer(http_api::problem(403, "bad_name", "you are signed in under another name"));
        call.user = asked.pass->name;
    }
    if (call.key.empty()) call.key = make_key(asked.turn);
    const ReplyTo waiter{0, asked.request.exchange, call.key};
    posts_->post(asked.turn, {call.room, call.user, call.key, call.text, call.host, call.secret}, waiter,
                 asked.pass ? call.user : rate_key(asked.request.address, call.user));
}

void HttpHandler::answer(Asked& asked, http_api::ChangeMessage& call) {
    auto& draft = call.draft;
    if (asked.pass && !draft.user.empty() && draft.user != asked.pass->name)
        return asked.answer(http_api::problem(403, "bad_name", "you are signed in under another name"));
    auto who = asked.pass ? asked.pass->name : rate_key(asked.request.address, draft.user);
    draft.user = asked.person();
    draft.by_moderator = members_->is_moderator(draft.user);
    if (draft.key.empty()) {
        const auto known = log_->latest(draft.id);
        draft.key = make_key(asked.turn, known && !draft.removes ? known->edited() : std::string_view{});
    }
    ReplyTo waiter{0, asked.request.exchange, draft.key};
    changes_->change(asked.turn, std::move(draft), std::move(waiter), who);
}

void HttpHandler::answer(Asked& asked, http_api::ChangeBan& call) {
    if (call.key.empty()) call.key = make_key(asked.turn, log_->policies().ban_key(call.room, call.name));
    ReplyTo waiter{0, asked.request.exchange, call.key};
    const BanDraft draft{.room = std::move(call.room),
                         .name = std::move(call.name),
                         .reason = std::move(call.reason),
                         .until = std::move(call.until),
                         .key = std::move(call.key),
                         .by = std::string{asked.person()},
                         .lifts = call.lifts};
    moderation_->change_ban(asked.turn, draft, std::move(waiter), draft.by);
}

void HttpHandler::answer(Asked& asked, http_api::GetBans& call) {
    if (const auto refusal = moderation_->to_moderate(call.room, asked.person(), asked.turn.now))
        return asked.answer(http_api::denied(*refusal));
    auto bans = log_->policies().bans(call.room, call.after, call.limit + 1, asked.turn.now.wall);
    const bool more = bans.size() > call.limit;
    if (more) bans.pop_back();
    asked.answer(http_api::bans(bans, more));
}

void HttpHandler::answer(Asked& asked, http_api::GetRoom& call) {
    if (!may_not_read(asked, call.room))
        asked.answer(http_api::room({call.room, access_->settings(call.room)}));
}

void HttpHandler::answer(Asked& asked, http_api::GetName& call) {
    if (may_not_read(asked, call.room)) return;
    const auto name = base::prepare_name(call.name);
    if (!name.problem.empty()) return asked.answer(http_api::bad_name(name.problem, name.max));
    const auto alike = look_alikes_->alike(call.room, name.text);
    asked.answer(http_api::name({call.room, alike}, name.text));
}

void HttpHandler::answer(Asked& asked, http_api::SetRoom& call) {
    if (call.key.empty()) {
        const auto* held = log_->policies().find(base::room_settings_id(call.settings.room));
        call.key = make_key(asked.turn, held ? held->key() : std::string_view{});
    }
    ReplyTo waiter{0, asked.request.exchange, call.key};
    call.settings.by = asked.person();
    const auto who = call.settings.by;
    moderation_->change_settings(asked.turn, {std::move(call.settings), std::move(call.key)},
                                 std::move(waiter), who);
}

void HttpHandler::answer(Asked& asked, http_api::Poll& call) {
    if (may_not_read(asked, call.room)) return;
    Polls::Wish wish{{.room = call.room, .history = call.limit},
                     call.after,
                     std::chrono::seconds{greeter_->ending() ? 0 : call.timeout_s}};
    if (!call.after.empty() && !Polls::read_next(call.after, wish.join))
        return asked.answer(http_api::invalid_cursor());
    if (!polls_->begin(asked.turn, asked.request.exchange, std::move(wish), std::move(asked.request.address),
                       asked.pass))
        asked.answer(http_api::too_many());
}

void HttpHandler::answer(Asked& asked, http_api::Follow& call) {
    if (may_not_read(asked, call.room)) return;
    JoinRequest join{.room = call.room, .history = call.limit};
    if (!call.after.empty() && !Polls::read_next(call.after, join))
        return asked.answer(http_api::invalid_cursor());
    if (greeter_->ending()) return asked.answer(http_api::shutting_down());
    asked.turn.emit(Stream{asked.request.exchange});
    auto& session =
        greeter_->open(asked.turn, asked.request.exchange, std::move(asked.request.address), asked.pass);
    if (const auto* settings = access_->settings(call.room))
        greeter_->tell(session, frames::RoomInfo{call.room, settings});
    resume_->join(asked.turn, session, std::move(join));
}

/// For a client that gives none, and so cannot repeat its post.
std::string HttpHandler::make_key(const Turn& turn, std::string_view above) {
    auto time = base::unix_ms(turn.now.wall);
    if (const auto known = base::MessageKey::parse(above); known && known->unix_ms < last_ms)
        time = std::max(time, known->unix_ms + 1);
    return base::MessageKey{time, keys_made_++, "n" + random_->uuid().substr(0, 12)}.text();
}

}  // namespace davenport::node
