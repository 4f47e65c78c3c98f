#include "node/core/clients/sign_in.hpp"

#include "node/base/json.hpp"
#include "node/base/sign.hpp"
#include "node/base/text.hpp"

#include <algorithm>
#include <utility>

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

SignIn::SignIn(const ChatConfig& config, Store& store) : config_{&config}, store_{&store} {
    for (const auto& one : config.stores)
        if (!one.user.empty()) own_names_.push_back(one.user);
}

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
        under_way_ >= under_way_max) {
        auto answer = http_api::problem(429, "too_fast", "too many tries at once: wait a little");
        answer.headers.emplace_back("Retry-After", "2");
        return turn.emit(Respond{exchange, std::move(answer)});
    }
    // The store would count its failures against this node, and lock it out.
    if (std::ranges::find(own_names_, call.name) != own_names_.end())
        return turn.emit(
            Respond{exchange, http_api::problem(403, "bad_name", "this name is the server's own")});
    if (const auto wait = failures_.held_back(call.name, turn.now.time)) {
        const auto seconds = std::chrono::ceil<std::chrono::seconds>(*wait).count();
        auto answer = http_api::problem(429, "locked",
                                        "too many wrong passwords for this name: try again in " +
                                            std::to_string((seconds + 59) / 60) + " min");
        answer.headers.emplace_back("Retry-After", std::to_string(seconds));
        return turn.emit(Respond{exchange, std::move(answer)});
    }
    if (!store_->usable()) return turn.emit(Respond{exchange, not_now()});
    failures_.begin(call.name, turn.now.time);
    ++under_way_;
    store_->check_password(
        turn, call.name, call.password,
        [this, exchange, name = call.name](Turn& t, Store::Password password) {
            --under_way_;
            if (password != Store::Password::wrong) failures_.take_back(name);
            switch (password) {
                case Store::Password::right:
                    return t.emit(Respond{exchange, signed_in(name, t.now.wall)});
                case Store::Password::wrong:
                    return t.emit(Respond{
                        exchange,
                        http_api::problem(401, "unauthorized", "the name or the password is not right")});
                case Store::Password::locked:
                    return t.emit(Respond{
                        exchange, http_api::problem(429, "locked",
                                                    "the store has locked this name after too many wrong "
                                                    "passwords: try again in 5 min")});
                case Store::Password::no_answer:
                    return t.emit(Respond{exchange, not_now()});
            }
        });
}

base::HttpResponse SignIn::signed_in(const std::string& name, base::WallTime now) const {
    auto answer = told("couchdb", name);
    const auto value = base::sign_name(name, now + lifetime, config_->auth_secret);
    answer.headers.emplace_back("Set-Cookie", cookie(value, lifetime));
    return answer;
}

base::HttpResponse SignIn::state(std::string_view cookies, base::WallTime now) const {
    return required() ? told("couchdb", who(cookies, now)) : told("none", std::nullopt);
}

base::HttpResponse SignIn::end() const {
    auto answer = told(required() ? "couchdb" : "none", std::nullopt);
    answer.headers.emplace_back("Set-Cookie", cookie("", {}));
    return answer;
}

std::string SignIn::cookie(std::string_view value, base::Duration age) const {
    std::string out{cookie_name};
    out += value;
    out += "; Path=/; HttpOnly; SameSite=Strict; Max-Age=";
    out += std::to_string(std::chrono::duration_cast<std::chrono::seconds>(age).count());
    return config_->secure_cookies ? out + "; Secure" : out;
}

}  // namespace davenport::node
