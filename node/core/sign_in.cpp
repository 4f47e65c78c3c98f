#include "node/core/sign_in.hpp"

#include "node/base/json.hpp"
#include "node/base/sign.hpp"
#include "node/base/text.hpp"

#include <utility>
#include <vector>

namespace davenport::node {
namespace {

constexpr std::string_view cookie_name = "davenport=";
constexpr base::Duration lifetime = std::chrono::hours{24 * 30};
constexpr std::size_t under_way_max = 100;
constexpr std::size_t tries_max = 10'000;
constexpr std::size_t tries_per_second = 1;

base::HttpResponse not_now() {
    auto answer = http_api::problem(
        503, "not_now", "the store, which knows the passwords, cannot be asked now: try again later");
    answer.headers.emplace_back("Retry-After", "2");
    return answer;
}

base::HttpResponse told(std::string_view auth, const std::optional<std::string>& user) {
    std::string body = "{\"auth\":";
    base::append_json_string(body, auth);
    body += ",\"user\":";
    if (user)
        base::append_json_string(body, *user);
    else
        body += "null";
    return http_api::json(200, body + "}\n");
}

}  // namespace

SignIn::SignIn(const ChatConfig& config, const StoreApi& api, RequestTable& ids, StoreHealth& link)
    : config_{&config}, api_{&api}, ids_{&ids}, link_{&link} {}

std::optional<std::string> SignIn::who(std::string_view cookies, base::WallTime now) const {
    while (!cookies.empty()) {
        const auto end = cookies.find(';');
        auto one = cookies.substr(0, end);
        cookies = end == std::string_view::npos ? std::string_view{} : cookies.substr(end + 1);
        while (one.starts_with(' ')) one.remove_prefix(1);
        if (one.starts_with(cookie_name))
            return base::verify_name(one.substr(cookie_name.size()), now, config_->auth_secret);
    }
    return std::nullopt;
}

void SignIn::begin(Turn& turn, ExchangeId exchange, const std::string& address,
                   const http_api::BeginSession& call) {
    if (!required())
        return turn.emit(Respond{
            exchange, http_api::problem(404, "not_found", "everybody is welcome here, without signing in")});
    if (!base::is_user_name(call.name))
        return turn.emit(
            Respond{exchange, http_api::problem(400, "bad_name", "a name is 1 to 64 bytes of plain text")});
    if (tries_.size() >= tries_max) tries_.clear();
    if (tries_[address + '\n' + call.name].take(tries_per_second, turn.now.time) ||
        asked_.size() >= under_way_max) {
        auto answer = http_api::problem(429, "too_fast", "too many tries at once: wait a little");
        answer.headers.emplace_back("Retry-After", "2");
        return turn.emit(Respond{exchange, std::move(answer)});
    }
    if (!link_->usable()) return turn.emit(Respond{exchange, not_now()});
    const auto fetch = ids_->next(RequestOwner::sign_in);
    const auto deadline = turn.now.time + config_->request_timeout;
    asked_.emplace(fetch, Asked{exchange, call.name, deadline});
    turn.emit(Fetch{fetch, api_->check_password(call.name, call.password), false});
    turn.emit(SetTimer{timers::sign_in, deadline});
}

base::HttpResponse SignIn::state(std::string_view cookies, base::WallTime now) const {
    return required() ? told("couchdb", who(cookies, now)) : told("none", std::nullopt);
}

base::HttpResponse SignIn::end() const {
    auto answer = told(required() ? "couchdb" : "none", std::nullopt);
    answer.headers.emplace_back("Set-Cookie", cookie("", {}));
    return answer;
}

void SignIn::on_answer(Turn& turn, FetchId fetch, const base::HttpResponse& response) {
    const auto found = asked_.extract(fetch);
    if (found.empty()) return;
    const auto& [exchange, name, deadline] = found.mapped();
    if (response.status == 401 || response.status == 403)
        return turn.emit(Respond{
            exchange, http_api::problem(401, "unauthorized", "the name or the password is not right")});
    if (response.status != 200) return turn.emit(Respond{exchange, not_now()});
    auto answer = told("couchdb", name);
    const auto value = base::sign_name(name, turn.now.wall + lifetime, config_->auth_secret);
    answer.headers.emplace_back("Set-Cookie", cookie(value, lifetime));
    turn.emit(Respond{exchange, std::move(answer)});
}

void SignIn::on_failed(Turn& turn, FetchId fetch) {
    const auto found = asked_.extract(fetch);
    if (found.empty()) return;
    turn.emit(Respond{found.mapped().exchange, not_now()});
    link_->report_failure(turn);
}

void SignIn::on_timer(Turn& turn) {
    std::vector<FetchId> late;
    for (const auto& [fetch, asked] : asked_)
        if (turn.now.time >= asked.deadline) late.push_back(fetch);
    for (const auto fetch : late) {
        turn.emit(CancelFetch{fetch});
        on_failed(turn, fetch);
    }
}

std::string SignIn::cookie(std::string_view value, base::Duration age) const {
    std::string out{cookie_name};
    out += value;
    out += "; Path=/; HttpOnly; SameSite=Strict; Max-Age=";
    out += std::to_string(std::chrono::duration_cast<std::chrono::seconds>(age).count());
    return config_->secure_cookies ? out + "; Secure" : out;
}

}  // namespace davenport::node
