#include "couchmock/core/api.hpp"
#include "node/base/json.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace davenport::couchmock::api {
namespace {

constexpr std::int64_t cookie_life_s = 600;  // CouchDB's [chttpd_auth] timeout
constexpr std::string_view cookie_name = "AuthSession=";

ApiError wrong_credentials() { return {401, "unauthorized", "Name or password is incorrect.", {}}; }
ApiError malformed_cookie() {
    return bad_request("Malformed AuthSession cookie. Please clear your cookies.");
}

std::string to_hex(std::string_view bytes) {
    std::string out;
    for (const char c : bytes)
        fmt::format_to(std::back_inserter(out), "{:02x}", static_cast<unsigned char>(c));
    return out;
}

std::string pbkdf2(std::string_view password, std::string_view salt, int iterations, std::string_view prf) {
    std::string key(prf == "sha256" ? 32 : 20, '\0');
    PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()),
                      reinterpret_cast<const unsigned char*>(salt.data()), static_cast<int>(salt.size()),
                      iterations, prf == "sha256" ? EVP_sha256() : EVP_sha1(), static_cast<int>(key.size()),
                      reinterpret_cast<unsigned char*>(key.data()));
    return to_hex(key);
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

/// A user's document in `_users`, or nothing.
std::optional<boost::json::value> user_document(const Server& server, std::string_view name) {
    const auto* users = server.find("_users");
    const auto* document = users ? users->find("org.couchdb.user:" + std::string{name}) : nullptr;
    if (!document || document->tree.deleted()) return std::nullopt;
    return base::parse_json("{" + document->tree.at(document->tree.winner()).leaf->body + "}");
}

std::vector<std::string> roles_of(const boost::json::value& user) {
    std::vector<std::string> roles;
    const auto* list = base::member(user, "roles");
    if (!list || !list->is_array()) return roles;
    for (const auto& role : list->get_array())
        if (role.is_string()) roles.emplace_back(role.get_string());
    return roles;
}

/// Who bears that name, if the password is right.
std::optional<User> check_password(const Server& server, std::string_view name, std::string_view password) {
    if (!server.config.admin_user.empty() && name == server.config.admin_user) {
        if (!equal_in_constant_time(password, server.config.admin_password)) return std::nullopt;
        return User{std::string{name}, {"_admin"}, {}};
    }
    const auto user = user_document(server, name);
    if (!user) return std::nullopt;
    const auto key = base::string_member(*user, "derived_key");
    const auto salt = base::string_member(*user, "salt");
    if (!key || !salt) return std::nullopt;
    const auto iterations =
        std::clamp<std::int64_t>(base::int_member(*user, "iterations").value_or(10), 1, 1'000'000);
    const auto derived = pbkdf2(password, *salt, static_cast<int>(iterations),
                                base::string_member(*user, "pbkdf2_prf").value_or("sha"));
    if (!equal_in_constant_time(derived, *key)) return std::nullopt;
    return User{std::string{name}, roles_of(*user), {}};
}

std::string sign(const Server& server, std::string_view text) {
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    HMAC(EVP_sha256(), server.cookie_secret.data(), static_cast<int>(server.cookie_secret.size()),
         reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac, &size);
    return {reinterpret_cast<const char*>(mac), size};
}

std::string set_cookie(std::string_view value, base::WallTime wall) {
    return fmt::format("{}{}; Version=1; Expires={}; Max-Age={}; Path=/; HttpOnly", cookie_name, value,
                       base::http_date(wall + std::chrono::seconds{cookie_life_s}, '-'), cookie_life_s);
}

std::string new_cookie(const Server& server, std::string_view name, base::WallTime wall) {
    auto text = fmt::format("{}:{:X}", name, base::unix_ms(wall) / 1000);
    return base::base64url_encode(text + ':' + sign(server, text));
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
    if (!equal_in_constant_time(sign(server, std::string_view{*text}.substr(0, second)),
                                text->substr(second + 1)))
        return false;
    if (base::unix_ms(call.now().wall) / 1000 >= made_s + cookie_life_s) return false;
    if (name == server.config.admin_user && !name.empty()) {
        call.user = {name, {"_admin"}, "cookie"};
        return true;
    }
    const auto user = user_document(server, name);
    if (!user) return false;
    call.user = {name, roles_of(*user), "cookie"};
    return true;
}

void authenticate_by_password(const Server& server, Call& call, std::string_view encoded) {
    const auto decoded = base::base64_decode(encoded);
    if (!decoded) throw bad_request("Authorization header has invalid base64 value");
    const auto colon = decoded->find(':');
    if (colon == std::string::npos) return;
    const auto name = std::string_view{*decoded}.substr(0, colon);
    const auto password = std::string_view{*decoded}.substr(colon + 1);
    if (name == "_" && password == "_") return;
    auto user = check_password(server, name, password);
    if (!user) throw wrong_credentials();
    call.user = std::move(*user);
    call.user.authenticated = "default";
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

bool is_database_admin(const User& user, const Database& database) {
    if (user.is_server_admin()) return true;
    if (database.security.empty()) return false;
    const auto security = base::parse_json(database.security);
    const auto* admins = base::member(*security, "admins");
    return admins && is_named(user, *admins);
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
    if (!user.authenticated.empty() || server.config.admin_user.empty())
        json += ",\"authenticated\":\"" +
                std::string{user.authenticated.empty() ? "default" : user.authenticated} + '"';
    call.respond_json(200, json + "}}");
}

/// Name and password out of a form or a JSON body.
std::pair<std::string, std::string> read_login(Call& call) {
    const auto& body = call.body();
    std::string name;
    std::string password;
    const auto type = call.header("content-type");
    if (type.starts_with("application/json")) {
        const auto value = base::parse_json(body);
        if (!value) throw bad_request("invalid UTF-8 JSON");
        name = base::string_member(*value, "name")
                   .value_or(base::string_member(*value, "username").value_or(""));
        password = base::string_member(*value, "password").value_or("");
    } else if (const auto form = base::parse_target("?" + body); form) {
        if (const auto* given = form->find("name"))
            name = *given;
        else if (const auto* also = form->find("username"))
            name = *also;
        if (const auto* given = form->find("password")) password = *given;
    }
    if (name.empty()) throw bad_request("request body must contain a username");
    return {std::move(name), std::move(password)};
}

void log_in(const Server& server, Call& call) {
    const auto [name, password] = read_login(call);
    const auto user = check_password(server, name, password);
    if (!user) {
        auto refusal = wrong_credentials();
        refusal.headers.emplace_back("Set-Cookie", set_cookie("", call.now().wall));
        throw refusal;
    }
    std::string json = R"({"ok":true,"name":)";
    base::append_json_string(json, user->name);
    json += ",\"roles\":[";
    for (std::size_t i = 0; i < user->roles.size(); ++i) {
        if (i > 0) json += ',';
        base::append_json_string(json, user->roles[i]);
    }
    call.respond_json(
        200, json + "]}",
        {{"Set-Cookie", set_cookie(new_cookie(server, user->name, call.now().wall), call.now().wall)}});
}

}  // namespace

void authenticate(Server& server, Call& call) {
    if (server.config.admin_user.empty()) {  // "admin party": nobody is asked
        call.user = {{}, {"_admin"}, {}};
        return;
    }
    if (const auto cookie = cookie_of(call); !cookie.empty() && authenticate_by_cookie(server, call, cookie))
        return;
    if (const auto header = call.header("authorization"); header.starts_with("Basic "))
        authenticate_by_password(server, call, header.substr(6));
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
        call.respond_json(200, R"({"ok":true})", {{"Set-Cookie", set_cookie("", call.now().wall)}});
    else
        throw method_not_allowed("GET,HEAD,POST,DELETE");
}

std::string hash_password(std::string_view password, std::string_view salt) {
    return pbkdf2(password, salt, 10, "sha");
}

}  // namespace davenport::couchmock::api
