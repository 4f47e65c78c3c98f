#include "couchmock/javascript/surrogates.hpp"

#include <algorithm>
#include <cstdint>

namespace davenport::couchmock::javascript {
namespace {

constexpr std::uint32_t first_high = 0xD800, first_low = 0xDC00, end_low = 0xE000;

std::uint32_t bits(char c) { return static_cast<unsigned char>(c) & 0x3Fu; }
char tail(std::uint32_t value) { return static_cast<char>(0x80u | (value & 0x3Fu)); }

void append_three(std::string& out, std::uint32_t unit) {
    out += static_cast<char>(0xE0u | unit >> 12);
    out += tail(unit >> 6);
    out += tail(unit);
}

/// The half of a pair that stands at `at`, or 0.
std::uint32_t half_at(std::string_view text, std::size_t at) {
    if (at + 2 >= text.size() || static_cast<unsigned char>(text[at]) != 0xED) return 0;
    const auto unit = 0xD000u | bits(text[at + 1]) << 6 | bits(text[at + 2]);
    return unit >= first_high && unit < end_low ? unit : 0;
}

}  // namespace

std::string_view split_surrogates(std::string_view utf8, std::string& out) {
    const auto is_long = [](char c) { return static_cast<unsigned char>(c) >= 0xF0; };
    if (std::none_of(utf8.begin(), utf8.end(), is_long)) return utf8;
    out.clear();
    for (std::size_t i = 0; i < utf8.size(); ++i) {
        if (!is_long(utf8[i]) || i + 3 >= utf8.size()) {
            out += utf8[i];
            continue;
        }
        const auto code = (static_cast<unsigned char>(utf8[i]) & 7u) << 18 | bits(utf8[i + 1]) << 12 |
                          bits(utf8[i + 2]) << 6 | bits(utf8[i + 3]);
        append_three(out, first_high + ((code - 0x10000u) >> 10));
        append_three(out, first_low + (code & 0x3FFu));
        i += 3;
    }
    return out;
}

void join_surrogates(std::string& text) {
    const auto first = text.find('\xED');
    if (first == std::string::npos) return;
    std::string out{text, 0, first};
    for (auto i = first; i < text.size();) {
        const auto high = half_at(text, i);
        if (high == 0) {
            out += text[i++];
            continue;
        }
        const auto low = high < first_low ? half_at(text, i + 3) : 0;
        if (low < first_low) {
            out += "\xEF\xBF\xBD";
            i += 3;
            continue;
        }
        const auto code = 0x10000u + ((high - first_high) << 10) + (low - first_low);
        out += static_cast<char>(0xF0u | code >> 18);
        out += tail(code >> 12);
        out += tail(code >> 6);
        out += tail(code);
        i += 6;
    }
    text = std::move(out);
}

}  // namespace davenport::couchmock::javascript
