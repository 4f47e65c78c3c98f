#include "couchmock/core/accounts.hpp"
#include "couchmock/core/api.hpp"
#include "node/base/json.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <utility>

#include <fmt/format.h>

namespace davenport::couchmock::api {
namespace {

constexpr std::string_view cookie_name = "AuthSession=";

ApiError wrong_credentials() { return {401, "unauthorized", "Name or password is incorrect.", {}}; }
ApiError malformed_cookie() {
    return bad_request("Malformed AuthSession cookie. Please clear your cookies.");
}

std::int64_t cookie_life_s(const Server& server) {
    return server.setting_number("chttpd_auth", "timeout", 600);
}

std::string set_cookie(const Server& server, std::string_view value, base::WallTime wall) {
    auto out = fmt::format("{}{}; Version=1", cookie_name, value);
    if (const auto life_s = cookie_life_s(server);
        server.setting_is("chttpd_auth", "allow_persistent_cookies", true))
        out += fmt::format("; Expires={}; Max-Age={}",
                           base::http_date(wall + std::chrono::seconds{life_s}, '-'), life_s);
    return out + "; Path=/; HttpOnly";
}

std::string new_cookie(const Server& server, const Account& account, base::WallTime wall) {
    auto text = fmt::format("{}:{:X}", account.name, base::unix_ms(wall) / 1000);
    return base::base64url_encode(text + ':' + sign_cookie(server, account, text));
}

std::string_view cookie_of(const Call& call) {
    auto rest = call.header("cookie");
    while (!rest.empty()) {
        const auto end = rest.find(';');
        auto one = rest.substr(0, end);
        rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
        while (one.starts_with(' ')) one.remove_prefix(1);
        if (one.starts_with(cookie_name)) return one.substr(cookie_name.size());
    }
    return {};
}

/// False when the cookie is well formed but says nothing: too old, or signed by somebody else.
bool authenticate_by_cookie(const Server& server, Call& call, std::string_view cookie) {
    const auto text = base::base64url_decode(cookie);
    if (!text) throw malformed_cookie();
    // name:hex time:signature; neither of the first two has a colon that could be one of the signature's
    const auto first = text->find(':');
    const auto second = first == std::string::npos ? first : text->find(':', first + 1);
    if (second == std::string::npos) throw malformed_cookie();
    const auto name = text->substr(0, first);
    std::int64_t made_s = 0;
    const auto* end = text->data() + second;
    if (std::from_chars(text->data() + first + 1, end, made_s, 16).ptr != end) throw malformed_cookie();
    auto account = name.empty() ? std::nullopt : find_account(server, name);
    if (!account ||
        !equal_in_constant_time(sign_cookie(server, *account, std::string_view{*text}.substr(0, second)),
                                text->substr(second + 1)))
        return false;
    const auto life_s = cookie_life_s(server);
    const auto now_s = base::unix_ms(call.now().wall) / 1000;
    if (now_s >= made_s + life_s) return false;
    call.user = {name, account->roles, "cookie"};
    // Somebody who goes on asking stays logged in: the cookie is renewed once a tenth of its life is over.
    const bool is_session = call.path().size() == 1 && call.path().front() == "_session";
    if (10 * (made_s + life_s - now_s) < 9 * life_s && (!is_session || call.method() == "GET"))
        call.extra_headers.emplace_back(
            "Set-Cookie", set_cookie(server, new_cookie(server, *account, call.now().wall), call.now().wall));
    return true;
}

void authenticate_by_password(Server& server, Call& call, std::string_view encoded) {
    const auto decoded = base::base64_decode(encoded);
    if (!decoded) throw bad_request("Authorization header has invalid base64 value");
    const auto colon = decoded->find(':');
    if (colon == std::string::npos) return;
    const auto name = std::string_view{*decoded}.substr(0, colon);
    const auto password = std::string_view{*decoded}.substr(colon + 1);
    if (name == "_" && password == "_") return;
    auto account = find_account(server, name);
    if (!account || !check_password(server, call, name, &*account, password)) throw wrong_credentials();
    call.user = {std::move(account->name), std::move(account->roles), "default"};
}

bool is_named(const User& user, const boost::json::value& group) {
    const auto* roles = base::member(group, "roles");
    if (roles && roles->is_array())
        for (const auto& role : roles->get_array())
            if (role.is_string() && user.has_role(role.get_string())) return true;
    const auto* names = base::member(group, "names");
    if (names && names->is_array() && !user.name.empty())
        for (const auto& name : names->get_array())
            if (name.is_string() && std::string_view{name.get_string()} == user.name) return true;
    return false;
}

bool is_empty_list(const boost::json::value& group, std::string_view name) {
    const auto* list = base::member(group, name);
    return !list || (list->is_array() && list->get_array().empty());
}

void answer_session(const Server& server, Call& call) {
    const auto& user = call.user;
    if (user.name.empty() && call.is_true("basic") && !user.is_server_admin())
        throw ApiError{401, "unauthorized", "Please login.", {}};
    std::string json = R"({"ok":true,"userCtx":{"name":)";
    if (user.name.empty())
        json += "null";
    else
        base::append_json_string(json, user.name);
    json += ",\"roles\":[";
    for (std::size_t i = 0; i < user.roles.size(); ++i) {
        if (i > 0) json += ',';
        base::append_json_string(json, user.roles[i]);
    }
    json += R"(]},"info":{"authentication_handlers":["cookie","default"])";
    if (!user.authenticated.empty() || !server.has_admins())
        json += ",\"authenticated\":\"" +
                std::string{user.authenticated.empty() ? "default" : user.authenticated} + '"';
    call.names_request = false;
    call.respond_json(200, json + "}}");
}

/// Name and password out of a form or a JSON body.
std::pair<std::string, std::string> read_login(Call& call) {
    const auto& body = call.body();
    std::optional<std::string> name, username;
    std::string password;
    const auto type = call.header("content-type");
    if (type.starts_with("application/json")) {
        const auto value = base::parse_json(body);
        if (!value) throw bad_request("invalid UTF-8 JSON");
        name = base::string_member(*value, "name");
        username = base::string_member(*value, "username");
        password = base::text_member(*value, "password");
    } else if (type.starts_with("application/x-www-form-urlencoded")) {
        std::string_view rest = body;
        while (!rest.empty()) {
            const auto pair = rest.substr(0, rest.find('&'));
            rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
            const auto equals = pair.find('=');
            const auto key = base::percent_decode(pair.substr(0, equals), true);
            auto text = equals == std::string_view::npos
                            ? std::optional<std::string>{""}
                            : base::percent_decode(pair.substr(equals + 1), true);
            if (!key || !text) continue;
            if (*key == "name" && !name)
                name = std::move(*text);
            else if (*key == "username" && !username)
                username = std::move(*text);
            else if (*key == "password" && password.empty())
                password = std::move(*text);
        }
    } else {
        throw ApiError{415,
                       "bad_content_type",
                       "Content-Type must be 'application/x-www-form-urlencoded' or 'application/json'",
                       {}};
    }
    if (!name && !username) throw bad_request("request body must contain a username");
    if (name && username && *name != *username)
        throw bad_request("request body contains different usernames");
    return {name ? std::move(*name) : std::move(*username), std::move(password)};
}

/// `next` or `fail` of the query: where a form sends its browser afterwards.
int redirect(const Call& call, std::string_view parameter, int otherwise, base::Headers& headers) {
    const auto* to = call.find(parameter);
    if (!to) return otherwise;
    if (!to->starts_with('/')) throw bad_request("path must begin with a /.");
    headers.emplace_back("Location", call.base_url() + *to);
    return 302;
}

void log_in(Server& server, Call& call) {
    const auto [name, password] = read_login(call);
    const auto account = find_account(server, name);
    const auto wall = call.now().wall;
    if (!check_password(server, call, name, account ? &*account : nullptr, password)) {
        auto refusal = wrong_credentials();
        refusal.headers.emplace_back("Set-Cookie", set_cookie(server, "", wall));
        refusal.status = redirect(call, "fail", 401, refusal.headers);
        call.names_request = false;
        call.respond_error(refusal);
        return;
    }
    std::string json = R"({"ok":true,"name":)";
    base::append_json_string(json, account->name);
    json += ",\"roles\":[";
    for (std::size_t i = 0; i < account->roles.size(); ++i) {
        if (i > 0) json += ',';
        base::append_json_string(json, account->roles[i]);
    }
    base::Headers headers{{"Set-Cookie", set_cookie(server, new_cookie(server, *account, wall), wall)}};
    const auto status = redirect(call, "next", 200, headers);
    call.names_request = false;
    call.respond_json(status, json + "]}", std::move(headers));
}

void log_out(const Server& server, Call& call) {
    base::Headers headers{{"Set-Cookie", set_cookie(server, "", call.now().wall)}};
    const auto status = redirect(call, "next", 200, headers);
    call.names_request = false;
    call.respond_json(status, R"({"ok":true})", std::move(headers));
}

}  // namespace

void authenticate(Server& server, Call& call) {
    const bool up = call.path().size() == 1 && call.path().front() == "_up";
    const bool except_up = server.setting_is("chttpd", "require_valid_user_except_for_up", false);
    const bool required = server.setting_is("chttpd", "require_valid_user", false) || except_up;
    if (!server.has_admins() && !required) {  // "admin party": nobody is asked
        call.user = {{}, {"_admin"}, {}};
        return;
    }
    if (const auto cookie = cookie_of(call); !cookie.empty() && authenticate_by_cookie(server, call, cookie))
        return;
    if (const auto header = call.header("authorization"); header.starts_with("Basic "))
        authenticate_by_password(server, call, header.substr(6));
    if (!call.user.name.empty() || !required || (up && except_up)) return;
    const bool logs_in =
        call.method() == "POST" && call.path().size() == 1 && call.path().front() == "_session";
    if (!logs_in) throw ApiError{401, "unauthorized", "Authentication required.", {}};
}

bool is_database_admin(const User& user, const Database& database) {
    if (user.is_server_admin()) return true;
    if (database.security.empty()) return false;
    const auto security = base::parse_json(database.security);
    const auto* admins = base::member(*security, "admins");
    return admins && is_named(user, *admins);
}

void require_server_admin(const Call& call) {
    if (!call.user.is_server_admin()) throw ApiError{401, "unauthorized", "You are not a server admin.", {}};
}

void require_member(const Call& call, const Database& database) {
    if (is_database_admin(call.user, database)) return;
    if (!database.security.empty()) {
        const auto security = base::parse_json(database.security);
        const auto* members = base::member(*security, "members");
        if (!members) members = base::member(*security, "readers");
        if (!members || (is_empty_list(*members, "names") && is_empty_list(*members, "roles"))) return;
        if (is_named(call.user, *members)) return;
    }
    if (call.user.name.empty())
        throw ApiError{401, "unauthorized", "You are not authorized to access this db.", {}};
    throw ApiError{403, "forbidden", "You are not allowed to access this db.", {}};
}

void require_database_admin(const Call& call, const Database& database) {
    if (is_database_admin(call.user, database)) return;
    if (call.user.name.empty()) throw ApiError{401, "unauthorized", "You are not a db or server admin.", {}};
    throw ApiError{403, "forbidden", "You are not a db or server admin.", {}};
}

void session(Server& server, Call& call) {
    if (call.method() == "GET")
        answer_session(server, call);
    else if (call.method() == "POST")
        log_in(server, call);
    else if (call.method() == "DELETE")
        log_out(server, call);
    else {
        call.names_request = false;
        throw method_not_allowed("GET,HEAD,POST,DELETE");
    }
}

}  // namespace davenport::couchmock::api
