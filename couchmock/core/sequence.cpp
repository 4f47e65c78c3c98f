#include "couchmock/core/sequence.hpp"

#include "node/base/random.hpp"

#include <algorithm>
#include <array>
#include <numeric>

namespace davenport::couchmock {
namespace {

constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view opening = "g1AAAA";  // as CouchDB's own begin
constexpr std::size_t salt_size = 4;
constexpr std::size_t check_size = 2;

/// Seqs are no secret: they are only to look unlike each other.
void blur(std::string& bytes, std::size_t from, std::uint32_t salt) {
    auto state = salt * 0x9e3779b97f4a7c15ull + 0x632be59bd9b4e019ull;
    for (auto i = from; i < bytes.size(); ++i) {
        state ^= state >> 27;
        state *= 0x94d049bb133111ebull;
        bytes[i] = static_cast<char>(bytes[i] ^ static_cast<char>(state >> 56));
    }
}

/// Neighbouring places are to look as unlike each other as any two.
std::uint32_t salt_of(const Position& position, std::uint64_t tag) {
    auto mixed = tag;
    for (const auto place : position) {
        mixed = (mixed ^ place) * 0x9e3779b97f4a7c15ull;
        mixed ^= mixed >> 29;
    }
    return static_cast<std::uint32_t>(mixed * 0xbf58476d1ce4e5b9ull >> 32);
}

std::uint16_t check_of(std::string_view bytes) {
    return static_cast<std::uint16_t>(base::fnv1a(bytes) >> 40);
}

void append_varint(std::string& out, std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
    out += static_cast<char>(value);
}

std::optional<std::uint64_t> take_varint(std::string_view& bytes) {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
        const auto byte = static_cast<unsigned char>(bytes.front());
        bytes.remove_prefix(1);
        value |= std::uint64_t{byte & 0x7fu} << shift;
        if (byte < 0x80) return value;
    }
    return std::nullopt;
}

void append_base64url(std::string& out, std::string_view bytes) {
    auto at = out.size();
    out.resize(at + (bytes.size() * 4 + 2) / 3);
    std::uint32_t buffer = 0;
    int bits = 0;
    for (const char c : bytes) {
        buffer = buffer << 8 | static_cast<unsigned char>(c);
        for (bits += 8; bits >= 6; bits -= 6) out[at++] = letters[buffer >> (bits - 6) & 63];
    }
    if (bits > 0) out[at] = letters[buffer << (6 - bits) & 63];
}

constexpr auto letter_values = [] {
    std::array<signed char, 256> values{};
    values.fill(-1);
    for (std::size_t i = 0; i < letters.size(); ++i)
        values[static_cast<unsigned char>(letters[i])] = static_cast<signed char>(i);
    return values;
}();

std::optional<std::string> read_base64url(std::string_view text) {
    std::string out;
    std::uint32_t buffer = 0;
    int bits = 0;
    for (const char c : text) {
        const int value = letter_values[static_cast<unsigned char>(c)];
        if (value < 0) return std::nullopt;
        buffer = buffer << 6 | static_cast<std::uint32_t>(value);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            out += static_cast<char>(buffer >> bits);
        }
    }
    return out;
}

}  // namespace

std::string write_sequence(const Position& position, std::uint64_t tag) {
    const auto salt = salt_of(position, tag);
    std::string bytes;
    bytes.reserve(salt_size + 8 + 10 * (position.size() + 1) + check_size);
    for (unsigned i = 0; i < salt_size; ++i) bytes += static_cast<char>(salt >> 8 * i);
    for (unsigned i = 0; i < 8; ++i) bytes += static_cast<char>(tag >> 8 * i);
    append_varint(bytes, position.size());
    for (const auto place : position) append_varint(bytes, place);
    const auto check = check_of(bytes);
    bytes += {static_cast<char>(check), static_cast<char>(check >> 8)};
    blur(bytes, salt_size, salt);

    auto out = std::to_string(std::accumulate(position.begin(), position.end(), std::uint64_t{0}));
    out.reserve(out.size() + 1 + opening.size() + bytes.size() * 4 / 3 + 1);
    out += '-';
    out += opening;
    append_base64url(out, bytes);
    return out;
}

std::optional<ReadSequence> read_sequence(std::string_view text) {
    if (text.starts_with('"')) text.remove_prefix(1);
    if (text.ends_with('"')) text.remove_suffix(1);
    if (const auto dash = text.find('-'); dash != std::string_view::npos && !text.starts_with(opening)) {
        const auto number = text.substr(0, dash);
        if (number.empty() || !std::ranges::all_of(number, [](char c) { return c >= '0' && c <= '9'; }))
            return std::nullopt;
        text.remove_prefix(dash + 1);
    }
    if (!text.starts_with(opening)) return std::nullopt;
    auto bytes = read_base64url(text.substr(opening.size()));
    if (!bytes || bytes->size() < salt_size + 8 + check_size) return std::nullopt;
    std::uint32_t salt = 0;
    for (unsigned i = 0; i < salt_size; ++i)
        salt |= std::uint32_t{static_cast<unsigned char>((*bytes)[i])} << 8 * i;
    blur(*bytes, salt_size, salt);

    ReadSequence out{0, {}};
    for (unsigned i = 0; i < 8; ++i)
        out.tag |= std::uint64_t{static_cast<unsigned char>((*bytes)[salt_size + i])} << 8 * i;
    std::string_view rest{bytes->data() + salt_size + 8, bytes->size() - salt_size - 8};
    const auto shards = take_varint(rest);
    if (!shards || *shards > rest.size()) return std::nullopt;
    for (std::uint64_t i = 0; i < *shards; ++i) {
        const auto place = take_varint(rest);
        if (!place) return std::nullopt;
        out.position.push_back(*place);
    }
    // What stands behind is not looked at: CouchDB reads one term and no further.
    const auto check = check_of(std::string_view{*bytes}.substr(0, bytes->size() - rest.size()));
    if (rest.size() < check_size || rest[0] != static_cast<char>(check) ||
        rest[1] != static_cast<char>(check >> 8))
        return std::nullopt;
    return out;
}

}  // namespace davenport::couchmock
