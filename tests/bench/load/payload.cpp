#include "payload.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string>

namespace davenport::load {

namespace {

std::uint64_t read_digits(const char* text, int count) {
    std::uint64_t value = 0;
    for (int i = 0; i < count; ++i) value = value * 10 + static_cast<std::uint64_t>(text[i] - '0');
    return value;
}

}  // namespace

std::string_view make_payload(Stamp stamp, std::size_t size) {
    static std::string text;
    text.assign(std::max(stamp_bytes, size), 'x');
    char head[stamp_bytes + 1];
    std::snprintf(head, sizeof head, "|%010llu:%019llu|", static_cast<unsigned long long>(stamp.number),
                  static_cast<unsigned long long>(stamp.due));
    std::memcpy(text.data(), head, stamp_bytes);
    return text;
}

std::optional<Stamp> find_stamp(std::string_view text) {
    const auto* start = static_cast<const char*>(std::memchr(text.data(), '|', text.size()));
    if (!start || text.size() - static_cast<std::size_t>(start - text.data()) < stamp_bytes)
        return std::nullopt;
    return Stamp{read_digits(start + 1, 10), read_digits(start + 12, 19)};
}

}  // namespace davenport::load
