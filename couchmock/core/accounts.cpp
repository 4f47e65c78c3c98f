#include "couchmock/core/accounts.hpp"

#include "node/base/json.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <utility>

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace davenport::couchmock {
namespace {

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

/// A user's document in `_users`, or nothing.
std::optional<boost::json::value> user_document(const Server& server, std::string_view name) {
    const auto* users = server.find(server.users_database());
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

/// "-pbkdf2:sha256-KEY,SALT,ITERATIONS", as [admins] keeps a password.
void read_hashed(Account& account, std::string_view text) {
    const auto after = [&](char mark) {
        const auto at = text.find(mark);
        const auto piece = text.substr(0, at);
        text = at == std::string_view::npos ? std::string_view{} : text.substr(at + 1);
        return std::string{piece};
    };
    after(':');
    account.prf = after('-');
    account.key = after(',');
    account.salt = after(',');
    std::from_chars(text.data(), text.data() + text.size(), account.iterations);
    account.iterations = std::clamp(account.iterations, 1, 1'000'000);
}

bool is_right(const Account& account, std::string_view password) {
    if (account.password) return equal_in_constant_time(password, *account.password);
    return !account.key.empty() &&
           equal_in_constant_time(pbkdf2(password, account.salt, account.iterations, account.prf),
                                  account.key);
}

/// The address without a port that somebody may have put behind it.
std::string_view host_of(std::string_view client) {
    const auto colon = client.find(':');
    return colon == client.rfind(':') ? client.substr(0, colon) : client;
}

}  // namespace

bool equal_in_constant_time(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::optional<Account> find_account(const Server& server, std::string_view name) {
    Account account{std::string{name}, {"_admin"}, std::nullopt, {}, {}, {}, 0};
    if (!server.config.admin_user.empty() && name == server.config.admin_user) {
        account.password = server.config.admin_password;
        return account;
    }
    if (const auto hashed = server.setting("admins", name); !hashed.empty()) {
        read_hashed(account, hashed);
        return account;
    }
    const auto user = user_document(server, name);
    if (!user) return std::nullopt;
    account.roles = roles_of(*user);
    account.key = base::text_member(*user, "derived_key");
    account.salt = base::text_member(*user, "salt");
    account.prf = base::string_member(*user, "pbkdf2_prf").value_or("sha");
    account.iterations = static_cast<int>(
        std::clamp<std::int64_t>(base::int_member(*user, "iterations").value_or(10), 1, 1'000'000));
    return account;
}

bool check_password(Server& server, const Call& call, std::string_view name, const Account* account,
                    std::string_view password) {
    const auto mode = server.setting("chttpd_auth_lockout", "mode");
    const bool counts = mode.empty() || mode == "enforce" || mode == "warn";
    const auto key = fmt::format("{}\n{}\n{}", host_of(call.client), name, account ? account->salt : "");
    const std::chrono::milliseconds lifetime{
        server.setting_number("chttpd_auth_lockout", "max_lifetime", 300'000)};
    const auto threshold = server.setting_number("chttpd_auth_lockout", "threshold", 5);
    if (counts && mode != "warn" &&
        std::cmp_greater_equal(server.lockout.failures(key, call.now().time, lifetime), threshold))
        throw ApiError{
            403, "forbidden", "Account is temporarily locked due to multiple authentication failures", {}};
    if (account && is_right(*account, password)) return true;
    if (counts) server.lockout.note_failure(key, call.now().time, lifetime);
    return false;
}

std::string hash_password(std::string_view password, std::string_view salt, int iterations) {
    return pbkdf2(password, salt, iterations, "sha256");
}

std::string sign_cookie(const Server& server, const Account& account, std::string_view text) {
    const auto secret = server.cookie_secret + account.salt;
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
         reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac, &size);
    return {reinterpret_cast<const char*>(mac), size};
}

}  // namespace davenport::couchmock
