#include "couchmock/core/revision.hpp"

#include <charconv>

namespace davenport::couchmock {
namespace {

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

}  // namespace

std::optional<std::string> parse_revision_hash(std::string_view text) {
    if (text.size() != 32) return std::string{text};
    std::string hash(16, '\0');
    for (std::size_t i = 0; i < 16; ++i) {
        const int high = hex_digit(text[2 * i]);
        const int low = hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        hash[i] = static_cast<char>(high * 16 + low);
    }
    return hash;
}

std::optional<Revision> parse_revision(std::string_view text) {
    const auto dash = text.find('-');
    if (dash == std::string_view::npos || dash == 0) return std::nullopt;
    Revision revision;
    const auto* end = text.data() + dash;
    const auto [stop, error] = std::from_chars(text.data(), end, revision.depth);
    if (error != std::errc{} || stop != end) return std::nullopt;
    auto hash = parse_revision_hash(text.substr(dash + 1));
    if (!hash) return std::nullopt;
    revision.hash = std::move(*hash);
    return revision;
}

void append_revision_hash(std::string& out, std::string_view hash) {
    static constexpr char digits[] = "0123456789abcdef";
    if (hash.size() != 16) {
        out += hash;
        return;
    }
    char hex[32];
    for (std::size_t i = 0; i < 16; ++i) {
        const auto byte = static_cast<unsigned char>(hash[i]);
        hex[2 * i] = digits[byte >> 4];
        hex[2 * i + 1] = digits[byte & 15];
    }
    out.append(hex, sizeof hex);
}

void append_revision(std::string& out, const Revision& revision) {
    char digits[20];
    const auto end = std::to_chars(digits, digits + sizeof digits, revision.depth).ptr;
    out.append(digits, end);
    out += '-';
    append_revision_hash(out, revision.hash);
}

std::string to_text(const Revision& revision) {
    std::string out;
    append_revision(out, revision);
    return out;
}

}  // namespace davenport::couchmock
