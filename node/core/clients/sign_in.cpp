#include "node/core/clients/sign_in.hpp"

#include "node/base/json.hpp"
#include "node/base/names.hpp"

#include <algorithm>
#include <utility>

namespace davenport::node {
namespace {

constexpr std::string_view cookie_name = "davenport=";
constexpr std::size_t under_way_max = 100;
constexpr std::size_t tries_max = 10'000;
constexpr std::size_t tries_per_second = 1;

base::HttpResponse not_now() {
    return http_api::later(503, "not_now",
                           "the store, which knows the passwords, cannot be asked now: try again later",
                           std::chrono::seconds{2});
}

base::HttpResponse told(std::string_view auth, const std::string* user) {
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

SignIn::SignIn(const ChatConfig& config, Store& store, Members& members, NodeCounts& counts)
    : store_{&store}, members_{&members}, counts_{&counts}, shared_{store} {
    for (const auto& one : config.stores)
        if (!one.user.empty()) own_names_.push_back(one.user);
}

void SignIn::begin(Turn& turn, const Requested& request, const http_api::BeginSession& call) {
    const auto answer = [&](base::HttpResponse response) {
        turn.emit(Respond{request.exchange, std::move(response)});
    };
    if (!members_->required())
        return answer(http_api::problem(404, "not_found", "everybody is welcome here, without signing in"));
    const auto name = base::prepare_name(call.name);
    if (!name.problem.empty()) return answer(http_api::bad_name(name.problem, name.max));
    // Else two accounts would bear one name here.
    if (name.text != call.name)
        return answer(
            http_api::bad_name("write this name as \"" + name.text + "\"; no other form may come in", 0));
    // The store would count its failures against this node, and lock it out.
    if (std::ranges::find(own_names_, call.name) != own_names_.end())
        return answer(http_api::problem(403, "bad_name", "this name is the server's own"));
    if (!store_->usable() || !members_->has_keys()) return answer(not_now());
    const bool is_known = failures_.is_known(call.name, request.address) ||
                          members_->has_been(base::header(request.request.headers, "Cookie"), call.name);
    if (auto refusal = held_back(request, call.name, is_known, turn.now.time)) {
        ++counts_->sign_ins_held_back;
        return answer(std::move(*refusal));
    }
    failures_.begin(call.name, turn.now.time);
    ++under_way_;
    const Try one{request.exchange, request.address, call.name, turn.now.time, request.secure, call.path};
    const auto most = is_known ? FailedTries::failures_max : FailedTries::failures_max_of_strangers;
    shared_.begin(turn, call.name, most,
                  [this, one, password = call.password](Turn& t, std::optional<base::Duration> wait) {
                      if (!wait) return ask(t, one, password);
                      --under_way_;
                      failures_.take_back(one.name, one.began);
                      ++counts_->sign_ins_held_back;
                      t.emit(Respond{one.exchange, too_many(*wait)});
                  });
}

void SignIn::ask(Turn& turn, const Try& one, const std::string& password) {
    store_->check_password(turn, one.name, password, [this, one](Turn& t, Store::Password answer) {
        --under_way_;
        answered(t, one, answer);
    });
}

/// Why this name may not be tried now; nothing when it may.
std::optional<base::HttpResponse> SignIn::held_back(const Requested& request, const std::string& name,
                                                    bool is_known, base::Time now) {
    static constexpr std::string_view slower = "too many tries at once: wait a little";
    const auto& address = request.address;
    if (const auto wait = addresses_.take(address, now))
        return http_api::later(429, "too_fast", "too many tries from your address: wait a little", *wait);
    // Before anything is taken: strangers who go on guessing must not use up what is left to the name's
    // owner, who may come from the same address, a proxy's.
    if (const auto wait = failures_.held_back(name, is_known, now)) return too_many(*wait);
    if (tries_.size() >= tries_max)
        std::erase_if(tries_, [&](const auto& one) { return one.second.full(now); });
    if (tries_.size() >= tries_max) tries_.clear();
    if (const auto wait = tries_[address + (is_known ? "\n\n" : "\n") + name].take(tries_per_second, now))
        return http_api::later(429, "too_fast", slower, *wait);
    if (under_way_ >= under_way_max) return http_api::later(429, "too_fast", slower, std::chrono::seconds{2});
    return std::nullopt;
}

base::HttpResponse SignIn::too_many(base::Duration wait) {
    const auto minutes = std::chrono::ceil<std::chrono::minutes>(wait).count();
    return http_api::later(
        429, "locked",
        "too many wrong passwords for this name: try again in " + std::to_string(minutes) + " min", wait);
}

void SignIn::answered(Turn& turn, const Try& one, Store::Password password) {
    switch (password) {
        case Store::Password::right:
        case Store::Password::right_of_admin:
            failures_.take_back(one.name, one.began);
            shared_.take_back(turn, one.name);
            failures_.remember(one.name, one.address);
            if (password == Store::Password::right) return read_account(turn, one);
            return signed_in(turn, one, std::string{Store::mark_of_admin});
        case Store::Password::wrong:
            return turn.emit(
                Respond{one.exchange,
                        http_api::problem(401, "unauthorized", "the name or the password is not right")});
        case Store::Password::locked:
            return turn.emit(
                Respond{one.exchange, http_api::later(429, "locked",
                                                      "the store has locked this name after too many wrong "
                                                      "passwords: try again in 5 min",
                                                      FailedTries::window)});
        case Store::Password::no_answer:
            return turn.emit(Respond{one.exchange, not_now()});
    }
}

void SignIn::read_account(Turn& turn, const Try& one) {
    store_->read_accounts(
        turn, {one.name},
        [this, one](Turn& t, Store::AccountsAnswer answer, const std::vector<Store::Account>& accounts) {
            if (answer == Store::AccountsAnswer::no_answer) return t.emit(Respond{one.exchange, not_now()});
            if (answer == Store::AccountsAnswer::not_allowed) return signed_in(t, one, {});
            const auto& account = accounts.front();
            if (account.exists && account.admitted) {
                members_->learn(account, t.now.time);
                return signed_in(t, one, account.mark);
            }
            t.emit(Respond{one.exchange, http_api::problem(403, "not_admitted",
                                                           "the store does not let this account into the "
                                                           "chat: ask whoever runs it")});
        });
}

void SignIn::signed_in(Turn& turn, const Try& one, const std::string& mark) {
    if (!members_->has_keys()) return turn.emit(Respond{one.exchange, not_now()});
    auto answer = told("couchdb", &one.name);
    answer.headers.emplace_back("Set-Cookie", cookie(members_->sign_in(one.name, mark, turn.now.wall),
                                                     KeyRing::lifetime, one.secure, one.path));
    turn.emit(Respond{one.exchange, std::move(answer)});
}

base::HttpResponse SignIn::state(const Members::Pass& pass) const {
    return told(members_->required() ? "couchdb" : "none", pass ? &pass->name : nullptr);
}

base::HttpResponse SignIn::end(Turn& turn, const Members::Pass& pass, bool all, bool secure,
                               std::string_view path) {
    if (pass) members_->end(turn, *pass);
    if (pass && all) members_->end_all(turn, pass->name);
    auto answer = state(nullptr);
    answer.headers.emplace_back("Set-Cookie", cookie("", {}, secure, path));
    return answer;
}

std::string SignIn::cookie(std::string_view value, base::Duration age, bool secure, std::string_view path) {
    std::string out{cookie_name};
    out += value;
    out += "; Path=";
    out += path;
    out += "; HttpOnly; SameSite=Strict; Max-Age=";
    out += std::to_string(std::chrono::duration_cast<std::chrono::seconds>(age).count());
    return secure ? out + "; Secure" : out;
}

}  // namespace davenport::node
