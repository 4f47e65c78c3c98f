#pragma once

#include "node/base/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Names that a node vouches for, in a form that it needs not remember. Pure.
namespace davenport::base {

/// "NAME.EXPIRES.SIGNATURE", letters, digits, '-', '_' and '.' only: fit for a cookie. HMAC-SHA256 (RFC 2104)
/// with `secret`.
std::string sign_name(std::string_view name, WallTime expires, std::string_view secret);

/// The name in what sign_name() made with the same secret; nothing when it is not that, or has expired.
std::optional<std::string> verify_name(std::string_view signed_name, WallTime now, std::string_view secret);

/// A secret of 32 bytes that costs whoever guesses the password behind it a while for each guess (PBKDF2, RFC
/// 8018).
std::string derive_secret(std::string_view password, std::string_view salt);

}  // namespace davenport::base
