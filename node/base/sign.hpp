#pragma once

#include "node/base/time.hpp"

#include <optional>
#include <string>
#include <string_view>

/// What a node vouches for, in a form that it needs not remember. Pure.
namespace davenport::base {

/// Somebody's sign-in, as it stands in a cookie: every node with the same key can read it.
struct Credential {
    std::string name;     ///< of the account
    std::string session;  ///< this sign-in's own number
    std::string mark;     ///< of the account's password as it was then; see Store::Account
    WallTime issued{}, expires{};
    std::string key{};  ///< the id of the key that signed it; filled in by verify()
    friend bool operator==(const Credential&, const Credential&) = default;
};

/// "v2.KEY.CREDENTIAL.SIGNATURE", letters, digits, '-', '_' and '.' only: fit for a cookie. HMAC-SHA256 (RFC
/// 2104) with `secret`. `key_id` has letters, digits, '-' and '_'.
std::string sign(const Credential& credential, std::string_view key_id, std::string_view secret);

/// The key that signed it, as the text says; nothing when it is no such text.
std::optional<std::string_view> key_of(std::string_view signed_text);

/// What sign() was given, if `secret` is that of its key. Whether it has expired is for who asks to see.
std::optional<Credential> verify(std::string_view signed_text, std::string_view secret);

/// HMAC-SHA256, 32 raw bytes.
std::string keyed_hash(std::string_view secret, std::string_view text);

}  // namespace davenport::base
