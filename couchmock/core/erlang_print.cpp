#include "couchmock/core/erlang_print.hpp"

#include "node/base/json.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>

#include <fmt/format.h>

namespace davenport::couchmock {
namespace {

namespace json = boost::json;

bool is_printable(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c >= ' ' && c < 0x7f; });
}

void append_binary(std::string& out, std::string_view text, bool pretty) {
    if (pretty && is_printable(text) && !text.empty()) {
        out += "<<\"";
        for (const char c : text) {
            if (c == '"' || c == '\\') out += '\\';
            out += c;
        }
        out += "\">>";
        return;
    }
    out += "<<";
    for (std::size_t i = 0; i < text.size(); ++i)
        fmt::format_to(std::back_inserter(out), "{}{}", i ? "," : "", static_cast<unsigned char>(text[i]));
    out += ">>";
}

void append_term(std::string& out, const json::value& value, bool pretty) {
    if (value.is_string()) {
        append_binary(out, value.get_string(), pretty);
    } else if (value.is_array()) {
        out += '[';
        for (const auto& item : value.get_array()) {
            if (out.back() != '[') out += ',';
            append_term(out, item, pretty);
        }
        out += ']';
    } else if (value.is_object()) {
        out += "{[";
        for (const auto& [key, item] : value.get_object()) {
            if (out.back() != '[') out += ',';
            out += '{';
            append_binary(out, key, pretty);
            out += ',';
            append_term(out, item, pretty);
            out += '}';
        }
        out += "]}";
    } else {
        base::append_json(out, value);
    }
}

}  // namespace

std::string print_term(const json::value& value) {
    std::string out;
    append_term(out, value, false);
    return out;
}

std::string print_term_pretty(const json::value& value) {
    std::string out;
    append_term(out, value, true);
    return out;
}

}  // namespace davenport::couchmock
