#include "couchmock/core/erlang_term.hpp"

#include <bit>
#include <vector>

namespace davenport::couchmock::erlang_term {
namespace {

// Tags of erts/doc/src/erl_ext_dist.xml.
constexpr char small_integer_ext = 97;
constexpr char integer_ext = 98;
constexpr char small_big_ext = 110;
constexpr char large_big_ext = 111;
constexpr char new_float_ext = 70;
constexpr char binary_ext = 109;
constexpr char atom_ext = 100;  // Latin-1: what minor version 1 writes
constexpr char nil_ext = 106;
constexpr char small_tuple_ext = 104;
constexpr char list_ext = 108;
constexpr char string_ext = 107;

void append_u32(std::string& out, std::uint32_t value) {
    out += {static_cast<char>(value >> 24), static_cast<char>(value >> 16), static_cast<char>(value >> 8),
            static_cast<char>(value)};
}

void append_magnitude(std::string& out, std::uint64_t magnitude, bool negative) {
    std::string bytes;
    for (; magnitude != 0; magnitude >>= 8) bytes += static_cast<char>(magnitude & 0xff);
    out += {small_big_ext, static_cast<char>(bytes.size()), static_cast<char>(negative)};
    out += bytes;
}

}  // namespace

void append_integer(std::string& out, std::int64_t value) {
    if (value >= 0 && value <= 255) {
        out += {small_integer_ext, static_cast<char>(value)};
    } else if (value >= INT32_MIN && value <= INT32_MAX) {
        out += integer_ext;
        append_u32(out, static_cast<std::uint32_t>(value));
    } else {
        const auto magnitude =
            value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
        append_magnitude(out, magnitude, value < 0);
    }
}

void append_integer(std::string& out, std::uint64_t value) {
    if (value <= INT64_MAX)
        append_integer(out, static_cast<std::int64_t>(value));
    else
        append_magnitude(out, value, false);
}

void append_big_integer(std::string& out, std::string_view digits) {
    const bool negative = digits.starts_with('-');
    if (negative) digits.remove_prefix(1);
    std::vector<std::uint8_t> bytes;  // little endian
    for (const char digit : digits) {
        auto carry = static_cast<unsigned>(digit - '0');
        for (auto& byte : bytes) {
            carry += byte * 10u;
            byte = static_cast<std::uint8_t>(carry);
            carry >>= 8;
        }
        if (carry != 0) bytes.push_back(static_cast<std::uint8_t>(carry));
    }
    if (bytes.size() < 256) {
        out += {small_big_ext, static_cast<char>(bytes.size())};
    } else {
        out += large_big_ext;
        append_u32(out, static_cast<std::uint32_t>(bytes.size()));
    }
    out += static_cast<char>(negative);
    out.append(bytes.begin(), bytes.end());
}

void append_float(std::string& out, double value) {
    const auto bits = std::bit_cast<std::uint64_t>(value);
    out += new_float_ext;
    append_u32(out, static_cast<std::uint32_t>(bits >> 32));
    append_u32(out, static_cast<std::uint32_t>(bits));
}

void append_binary(std::string& out, std::string_view bytes) {
    out += binary_ext;
    append_u32(out, static_cast<std::uint32_t>(bytes.size()));
    out += bytes;
}

void append_atom(std::string& out, std::string_view name) {
    out += {atom_ext, static_cast<char>(name.size() >> 8), static_cast<char>(name.size())};
    out += name;
}

void append_nil(std::string& out) { out += nil_ext; }

void append_tuple_head(std::string& out, std::uint8_t arity) {
    out += {small_tuple_ext, static_cast<char>(arity)};
}

void append_list_head(std::string& out, std::uint32_t count) {
    out += list_ext;
    append_u32(out, count);
}

void patch_list_count(std::string& out, std::size_t at, std::uint32_t count) {
    for (std::size_t i = 0; i < 4; ++i) out[at + 1 + i] = static_cast<char>(count >> (24 - 8 * i));
}

bool shorten_byte_list(std::string& out, std::size_t at, std::uint32_t count) {
    const auto first = at + list_head_size;
    if (count == 0 || count > 0xffff || out.size() != first + 2 * std::size_t{count}) return false;
    for (std::size_t i = first; i < out.size(); i += 2)
        if (out[i] != small_integer_ext) return false;
    std::string bytes{string_ext, static_cast<char>(count >> 8), static_cast<char>(count)};
    for (std::size_t i = first; i < out.size(); i += 2) bytes += out[i + 1];
    out.replace(at, std::string::npos, bytes);
    return true;
}

}  // namespace davenport::couchmock::erlang_term
