#pragma once

#include "couchmock/core/server.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Who may log in, and how passwords are kept and checked.
namespace davenport::couchmock {

/// Few rounds of PBKDF2, for this server guards nothing.
inline constexpr int password_iterations = 10;

struct Account {
    std::string name;
    std::vector<std::string> roles;
    std::optional<std::string> password;  ///< in clear: only the administrator's of the command line
    std::string key, salt, prf;           ///< of all others: PBKDF2, in hex
    int iterations = 0;
};

/// An administrator (of the command line, or of the configuration), or a user of `_users`; nothing when
/// nobody has that name.
std::optional<Account> find_account(const Server& server, std::string_view name);

/// Whether the password is right, as couch_httpd_auth:authenticate has it: throws 403 when this address got
/// it wrong too often. `account`: null when nobody has that name.
bool check_password(Server& server, const Call& call, std::string_view name, const Account* account,
                    std::string_view password);

/// What a password is kept as in `_users` and [admins]: PBKDF2 with SHA-256, in hex.
std::string hash_password(std::string_view password, std::string_view salt, int iterations);

/// The signature of a cookie: HMAC with the server's secret and the account's salt, so a new password ends
/// it.
std::string sign_cookie(const Server& server, const Account& account, std::string_view text);

bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace davenport::couchmock
