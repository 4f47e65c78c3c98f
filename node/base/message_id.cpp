#include "node/base/message_id.hpp"

#include "node/base/digest.hpp"

#include <algorithm>
#include <array>

namespace davenport::base {
namespace {

constexpr std::string_view crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::size_t key_letters = 13;    // 64 bits: the first letter holds 4 of them
constexpr std::size_t brief_letters = 26;  // 128 bits: the first letter holds 3 of them
constexpr std::size_t more_letters = 13;   // of a full id: 65 bits

/// The value of each capital letter or digit; -1 for what is not in the alphabet.
constexpr auto values = [] {
    std::array<std::int8_t, 256> out{};
    out.fill(-1);
    for (std::size_t i = 0; i < crockford.size(); ++i)
        out[static_cast<unsigned char>(crockford[i])] = static_cast<std::int8_t>(i);
    return out;
}();

int capital_digit(char c) { return values[static_cast<unsigned char>(c)]; }
int crockford_digit(char c) { return capital_digit(c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c); }

std::uint64_t stamp_of(std::int64_t unix_ms, std::uint16_t counter) {
    return static_cast<std::uint64_t>(unix_ms) << 16 | counter;
}

void add_letters(std::string& out, std::uint64_t high, std::uint64_t low) {
    std::array<char, brief_letters> letters;
    for (std::size_t i = brief_letters; i-- > 0;) {
        letters[i] = crockford[low & 31];
        low = low >> 5 | (high & 31) << 59;
        high >>= 5;
    }
    out.append(letters.data(), letters.size());
}

/// SHA-256 over the parts, each led by its length so that no two lists of parts read alike.
template <class... Parts>
std::string hash_over(const Parts&... parts) {
    std::string joined;
    joined.reserve((... + (sizeof(std::uint32_t) + std::string_view{parts}.size())));
    const auto add = [&](std::string_view part) {
        const auto size = static_cast<std::uint32_t>(part.size());
        const std::array<char, 4> length{static_cast<char>(size >> 24), static_cast<char>(size >> 16),
                                         static_cast<char>(size >> 8), static_cast<char>(size)};
        joined.append(length.data(), length.size()).append(part);
    };
    (add(parts), ...);
    return sha256(joined);
}

/// 64 bits of a digest, from this byte on.
std::uint64_t bits_at(std::string_view digest, std::size_t byte) {
    std::uint64_t out = 0;
    for (const char c : digest.substr(byte, 8)) out = out << 8 | static_cast<unsigned char>(c);
    return out;
}

/// The 65 bits of a digest that follow its first 64.
void add_more_letters(std::string& out, std::string_view digest) {
    const auto bits = bits_at(digest, 8);
    std::array<char, more_letters> letters;
    for (std::size_t i = 0; i + 1 < more_letters; ++i) letters[i] = crockford[bits >> (59 - 5 * i) & 31];
    letters.back() = crockford[(bits & 15) << 1 | static_cast<unsigned char>(digest[16]) >> 7];
    out.append(letters.data(), letters.size());
}

bool is_nonce(std::string_view text) {
    return text.size() <= 32 && std::ranges::all_of(text, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
           });
}

}  // namespace

std::string MessageKey::text() const {
    std::string out(key_letters, '0');
    auto bits = stamp_of(unix_ms, counter);
    for (std::size_t i = key_letters; i-- > 0; bits >>= 5) out[i] = crockford[bits & 31];
    if (!nonce.empty()) out += '-' + nonce;
    return out;
}

std::optional<MessageKey> MessageKey::parse(std::string_view text) {
    if (text.size() < key_letters) return std::nullopt;
    std::uint64_t bits = 0;
    for (char c : text.substr(0, key_letters)) {
        const int digit = crockford_digit(c);
        if (digit < 0 || bits >> 59 != 0) return std::nullopt;
        bits = bits << 5 | static_cast<std::uint64_t>(digit);
    }
    auto rest = text.substr(key_letters);
    if (!rest.empty()) {
        if (rest.front() != '-' || rest.size() < 2 || !is_nonce(rest.substr(1))) return std::nullopt;
        rest.remove_prefix(1);
    }
    return MessageKey{static_cast<std::int64_t>(bits >> 16), static_cast<std::uint16_t>(bits),
                      std::string{rest}};
}

std::string make_message_id(std::string_view room, std::string_view user, const MessageKey& key,
                            std::string_view text, IdForm form) {
    const auto digest = hash_over(room, user, key.text(), text);
    std::string out;
    out.reserve(room.size() + 1 + brief_letters + more_letters);
    out.append(room) += ':';
    add_letters(out, stamp_of(key.unix_ms, key.counter), bits_at(digest, 0));
    if (form == IdForm::full) add_more_letters(out, digest);
    return out;
}

namespace {

std::optional<MessageIdParts> parse_with(std::string_view id, std::size_t letters_count) {
    if (id.size() < letters_count + 2) return std::nullopt;
    const auto colon = id.size() - letters_count - 1;
    const auto letters = id.substr(colon + 1);
    if (id[colon] != ':' || letters.front() > '7') return std::nullopt;
    int all = 0;  // negative once one of them was none
    for (const char c : letters) all |= capital_digit(c);
    if (all < 0) return std::nullopt;
    // The first 64 of 128 bits: 3 in the first letter, 5 in each of 12, 1 in the 14th.
    std::uint64_t stamp = 0;
    for (const char c : letters.substr(0, 13))
        stamp = stamp << 5 | static_cast<std::uint64_t>(capital_digit(c));
    stamp = stamp << 1 | static_cast<std::uint64_t>(capital_digit(letters[13]) >> 4);
    return MessageIdParts{id.substr(0, colon), letters, static_cast<std::int64_t>(stamp >> 16),
                          static_cast<std::uint16_t>(stamp)};
}

}  // namespace

std::optional<MessageIdParts> parse_message_id(std::string_view id) {
    auto full = parse_with(id, brief_letters + more_letters);
    return full ? full : parse_with(id, brief_letters);
}

std::string_view brief_id_of(std::string_view id) {
    return parse_with(id, brief_letters + more_letters) ? id.substr(0, id.size() - more_letters)
                                                        : std::string_view{};
}

std::string make_foreign_letters(std::int64_t unix_ms, std::string_view document_id) {
    std::string out;
    add_letters(out, stamp_of(std::max<std::int64_t>(unix_ms, 0), 0), bits_at(hash_over(document_id), 0));
    return out;
}

}  // namespace davenport::base
