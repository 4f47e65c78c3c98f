#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <boost/json/value.hpp>

namespace davenport::base {

namespace json = boost::json;

/// Parses one whole JSON text, strictly (no comments, no trailing bytes, valid UTF-8, depth at most 64).
/// Nothing when it is not valid.
std::optional<json::value> parse_json(std::string_view text);

/// The JSON text of `value`, without spaces, keys in their order. Unlike Boost's own it writes 0.1 as 0.1,
/// the shortest digits that read back as the same number.
std::string write_json(const json::value& value);
void append_json(std::string& out, const json::value& value);

/// `text` between quotes, escaped as JSON wants it; `text` must be UTF-8.
void append_json_string(std::string& out, std::string_view text);

/// The member `key` of an object, if `value` is one and has it.
const json::value* member(const json::value& value, std::string_view key);
/// The member as a string / an integer; nothing when missing or of another type. The view lives as long as
/// `value`.
std::optional<std::string_view> string_member(const json::value& value, std::string_view key);
/// As string_member(), copied; empty when there is none.
std::string text_member(const json::value& value, std::string_view key);
/// The same of a value that may not be there: then empty.
std::string text_member(const json::value* value, std::string_view key);
std::optional<std::int64_t> int_member(const json::value& value, std::string_view key);
/// The member as a boolean, `otherwise` when missing or of another type.
bool bool_member(const json::value& value, std::string_view key, bool otherwise = false);

}  // namespace davenport::base
