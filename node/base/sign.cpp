#include "node/base/sign.hpp"

#include "node/base/http.hpp"

#include <array>
#include <charconv>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace davenport::base {
namespace {

constexpr int rounds = 200'000;

std::string signature(std::string_view text, std::string_view secret) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
         reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &size);
    return base64url_encode({reinterpret_cast<const char*>(digest.data()), size});
}

}  // namespace

std::string sign_name(std::string_view name, WallTime expires, std::string_view secret) {
    auto out = base64url_encode(name) + '.' + std::to_string(unix_ms(expires) / 1000);
    return out + '.' + signature(out, secret);
}

std::optional<std::string> verify_name(std::string_view signed_name, WallTime now, std::string_view secret) {
    const auto last = signed_name.rfind('.');
    if (last == std::string_view::npos || secret.empty()) return std::nullopt;
    const auto text = signed_name.substr(0, last);
    const auto given = signed_name.substr(last + 1);
    const auto right = signature(text, secret);
    if (given.size() != right.size() || CRYPTO_memcmp(given.data(), right.data(), right.size()) != 0)
        return std::nullopt;
    const auto dot = text.find('.');
    if (dot == std::string_view::npos) return std::nullopt;
    std::int64_t expires = 0;
    std::from_chars(text.data() + dot + 1, text.data() + text.size(), expires);
    if (unix_ms(now) / 1000 >= expires) return std::nullopt;
    return base64url_decode(text.substr(0, dot));
}

std::string derive_secret(std::string_view password, std::string_view salt) {
    std::string out(32, '\0');
    PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()),
                      reinterpret_cast<const unsigned char*>(salt.data()), static_cast<int>(salt.size()),
                      rounds, EVP_sha256(), static_cast<int>(out.size()),
                      reinterpret_cast<unsigned char*>(out.data()));
    return out;
}

}  // namespace davenport::base
