#include "node/base/text.hpp"

#include <algorithm>
#include <cstdint>

#include <fmt/format.h>
#include <simdjson.h>

namespace davenport::base {
namespace {

/// Takes one code point off the front; -1 when the bytes are no UTF-8.
std::int32_t take_code_point(std::string_view& text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned first = byte(0);
    const std::size_t length = first < 0x80   ? 1
                               : first < 0xC2 ? 0
                               : first < 0xE0 ? 2
                               : first < 0xF0 ? 3
                               : first < 0xF5 ? 4
                                              : 0;
    if (length == 0 || text.size() < length) return -1;
    std::uint32_t point = length == 1 ? first : first & (0xFFu >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xC0) != 0x80) return -1;
        point = point << 6 | (byte(i) & 0x3F);
    }
    static constexpr std::uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (point < least[length] || (point >= 0xD800 && point <= 0xDFFF) || point > 0x10FFFF) return -1;
    text.remove_prefix(length);
    return static_cast<std::int32_t>(point);
}

bool forbidden_in_names(std::int32_t point) {
    return point < 0x20 || (point >= 0x7F && point <= 0x9F) || point == 0x2028 || point == 0x2029 ||
           (point >= 0x202A && point <= 0x202E) || (point >= 0x2066 && point <= 0x2069) || point == 0x200E ||
           point == 0x200F || point == 0xFEFF;
}

}  // namespace

bool is_utf8(std::string_view text) { return simdjson::validate_utf8(text.data(), text.size()); }

std::string repair_utf8(std::string_view text) {
    if (is_utf8(text)) return std::string{text};
    std::string out;
    while (!text.empty()) {
        auto rest = text;
        if (take_code_point(rest) < 0) {
            out += "\xef\xbf\xbd";
            rest = text.substr(1);
        } else {
            out.append(text, 0, text.size() - rest.size());
        }
        text = rest;
    }
    return out;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return std::ranges::equal(a, b, {}, lower, lower);
}

std::string one_printable_line(std::string_view text) {
    const auto repaired = repair_utf8(text);
    std::string out;
    for (std::string_view rest = repaired; !rest.empty();) {
        const auto before = rest;
        const auto point = take_code_point(rest);
        if (point == '\n')
            out += "\\n";
        else if (point == '\r')
            out += "\\r";
        else if (point == '\t')
            out += "\\t";
        else if (forbidden_in_names(point))
            out += point < 0x100 ? fmt::format("\\x{:02x}", point) : fmt::format("\\u{:04x}", point);
        else
            out += before.substr(0, before.size() - rest.size());
    }
    return out;
}

bool is_room_name(std::string_view name) {
    const auto alnum = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    return !name.empty() && name.size() <= 64 && alnum(name.front()) &&
           std::ranges::all_of(name, [&](char c) { return alnum(c) || c == '-' || c == '_' || c == '.'; });
}

bool is_user_name(std::string_view name) {
    if (name.empty() || name.front() == ' ' || name.back() == ' ') return false;
    for (std::size_t letters = 0; !name.empty(); ++letters) {
        const auto point = take_code_point(name);
        if (letters == 64 || point < 0 || forbidden_in_names(point)) return false;
    }
    return true;
}

bool is_loopback_address(std::string_view address) {
    return address == "::1" || address.starts_with("127.") || address.starts_with("::ffff:127.");
}

}  // namespace davenport::base
