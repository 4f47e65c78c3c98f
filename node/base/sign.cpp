#include "node/base/sign.hpp"

#include "node/base/http.hpp"

#include <array>
#include <charconv>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace davenport::base {
namespace {

constexpr std::string_view lead = "v2.";

/// The next field of a credential, up to a 0 byte.
std::optional<std::string_view> take_field(std::string_view& text) {
    const auto end = text.find('\0');
    if (end == std::string_view::npos) return std::nullopt;
    const auto field = text.substr(0, end);
    text.remove_prefix(end + 1);
    return field;
}

std::optional<WallTime> take_time(std::string_view& text) {
    const auto field = take_field(text);
    std::int64_t ms = 0;
    if (!field) return std::nullopt;
    const auto [end, error] = std::from_chars(field->data(), field->data() + field->size(), ms);
    if (error != std::errc{} || end != field->data() + field->size()) return std::nullopt;
    return wall_from_unix_ms(ms);
}

}  // namespace

std::string keyed_hash(std::string_view secret, std::string_view text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
         reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &size);
    return {reinterpret_cast<const char*>(digest.data()), size};
}

std::string sign(const Credential& credential, std::string_view key_id, std::string_view secret) {
    std::string fields;
    for (const auto& field :
         {credential.name, credential.session, credential.mark, std::to_string(unix_ms(credential.issued)),
          std::to_string(unix_ms(credential.expires))})
        (fields += field) += '\0';
    auto out = std::string{lead}.append(key_id) + '.' + base64url_encode(fields);
    return out + '.' + base64url_encode(keyed_hash(secret, out));
}

std::optional<std::string_view> key_of(std::string_view signed_text) {
    if (!signed_text.starts_with(lead)) return std::nullopt;
    signed_text.remove_prefix(lead.size());
    const auto end = signed_text.find('.');
    if (end == std::string_view::npos) return std::nullopt;
    return signed_text.substr(0, end);
}

std::optional<Credential> verify(std::string_view signed_text, std::string_view secret) {
    const auto last = signed_text.rfind('.');
    if (!key_of(signed_text) || last == std::string_view::npos || secret.empty()) return std::nullopt;
    const auto text = signed_text.substr(0, last);
    const auto given = signed_text.substr(last + 1);
    const auto right = base64url_encode(keyed_hash(secret, text));
    if (given.size() != right.size() || CRYPTO_memcmp(given.data(), right.data(), right.size()) != 0)
        return std::nullopt;
    const auto fields = base64url_decode(text.substr(text.rfind('.') + 1));
    if (!fields) return std::nullopt;
    std::string_view rest{*fields};
    const auto name = take_field(rest), session = take_field(rest), mark = take_field(rest);
    const auto issued = take_time(rest), expires = take_time(rest);
    if (!name || !session || !mark || !issued || !expires) return std::nullopt;
    return Credential{std::string{*name}, std::string{*session},
                      std::string{*mark}, *issued,
                      *expires,           std::string{*key_of(signed_text)}};
}

}  // namespace davenport::base
