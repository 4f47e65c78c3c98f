#include "node/base/json.hpp"

#include "node/base/json_string.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

#include <boost/json/parse.hpp>
#include <fmt/format.h>

namespace davenport::base {

std::optional<json::value> parse_json(std::string_view text) {
    json::parse_options options;
    options.max_depth = 64;
    boost::system::error_code error;
    auto value = json::parse(text, error, {}, options);
    if (error) return std::nullopt;
    return value;
}

namespace {

bool needs_escape(char c) { return (static_cast<unsigned char>(c) < 0x20) | (c == '"') | (c == '\\'); }

/// Sixteen bytes at once, as GCC and clang know them on every processor.
using Block = unsigned char __attribute__((vector_size(16)));

auto escapes_in(const char* bytes) {
    Block block;
    std::memcpy(&block, bytes, sizeof block);
    return (block < 0x20) | (block == '"') | (block == '\\');
}

}  // namespace

/// Looks at all of it, without a branch for what is found; at the last block's bytes perhaps twice.
bool is_plain_in_json(std::string_view text) {
    if (text.size() < sizeof(Block)) return std::ranges::none_of(text, needs_escape);
    auto found = escapes_in(text.data() + text.size() - sizeof(Block));
    for (std::size_t i = 0; i + sizeof(Block) <= text.size(); i += sizeof(Block))
        found |= escapes_in(text.data() + i);
    std::uint64_t halves[2];
    std::memcpy(halves, &found, sizeof found);
    return (halves[0] | halves[1]) == 0;
}

namespace {

void append_escaped(std::string& out, std::string_view text) {
    static constexpr char digits[] = "0123456789abcdef";
    std::size_t plain = 0;  // start of the stretch that needs no escape
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (!needs_escape(text[i])) continue;
        const auto byte = static_cast<unsigned char>(text[i]);
        out.append(text, plain, i - plain);
        plain = i + 1;
        switch (byte) {
            case '"':
                out += "\\\"";
                break;
            case '\\':
                out += "\\\\";
                break;
            case '\b':
                out += "\\b";
                break;
            case '\f':
                out += "\\f";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\r':
                out += "\\r";
                break;
            case '\t':
                out += "\\t";
                break;
            default:
                out += {'\\', 'u', '0', '0', digits[byte >> 4], digits[byte & 15]};
        }
    }
    out.append(text, plain);
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
    static constexpr std::size_t window = 32;  // what needs an escape seldom needs many
    if (is_plain_in_json(text)) {
        const auto begin = out.size();
        out.append(text.size() + 2, '"');
        text.copy(out.data() + begin + 1, text.size());
        return;
    }
    out += '"';
    for (; !text.empty(); text.remove_prefix(std::min(window, text.size()))) {
        const auto near = text.substr(0, window);
        if (is_plain_in_json(near))
            out += near;
        else
            append_escaped(out, near);
    }
    out += '"';
}

namespace {

void append_double(std::string& out, double number) {
    if (!std::isfinite(number)) {
        out += "null";  // JSON has no other word for it
        return;
    }
    const auto before = out.size();
    fmt::format_to(std::back_inserter(out), "{}", number);
    if (out.find_first_of(".e", before) == std::string::npos) out += ".0";
}

}  // namespace

void append_json(std::string& out, const json::value& value) {
    switch (value.kind()) {
        case json::kind::null:
            out += "null";
            break;
        case json::kind::bool_:
            out += value.get_bool() ? "true" : "false";
            break;
        case json::kind::int64:
            fmt::format_to(std::back_inserter(out), "{}", value.get_int64());
            break;
        case json::kind::uint64:
            fmt::format_to(std::back_inserter(out), "{}", value.get_uint64());
            break;
        case json::kind::double_:
            append_double(out, value.get_double());
            break;
        case json::kind::string:
            append_json_string(out, value.get_string());
            break;
        case json::kind::array: {
            out += '[';
            bool first = true;
            for (const auto& item : value.get_array()) {
                if (!first) out += ',';
                first = false;
                append_json(out, item);
            }
            out += ']';
            break;
        }
        case json::kind::object: {
            out += '{';
            bool first = true;
            for (const auto& [key, item] : value.get_object()) {
                if (!first) out += ',';
                first = false;
                append_json_string(out, key);
                out += ':';
                append_json(out, item);
            }
            out += '}';
            break;
        }
    }
}

std::string write_json(const json::value& value) {
    std::string out;
    append_json(out, value);
    return out;
}

const json::value* member(const json::value& value, std::string_view key) {
    return value.is_object() ? value.get_object().if_contains(key) : nullptr;
}

std::optional<std::string_view> string_member(const json::value& value, std::string_view key) {
    const auto* found = member(value, key);
    if (!found || !found->is_string()) return std::nullopt;
    return std::string_view{found->get_string()};
}

std::string text_member(const json::value& value, std::string_view key) {
    return std::string{string_member(value, key).value_or("")};
}

std::string text_member(const json::value* value, std::string_view key) {
    return value ? text_member(*value, key) : std::string{};
}

std::optional<std::int64_t> int_member(const json::value& value, std::string_view key) {
    const auto* found = member(value, key);
    if (!found || !found->is_int64()) return std::nullopt;
    return found->get_int64();
}

bool bool_member(const json::value& value, std::string_view key, bool otherwise) {
    const auto* found = member(value, key);
    return found && found->is_bool() ? found->get_bool() : otherwise;
}

}  // namespace davenport::base
