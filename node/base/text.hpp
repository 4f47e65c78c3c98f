#pragma once

#include <string>
#include <string_view>

namespace davenport::base {

/// True when `text` is well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates).
bool is_utf8(std::string_view text);

/// The same text with U+FFFD in place of every byte that belongs to no well-formed character.
std::string repair_utf8(std::string_view text);

/// Compares without regard to the case of A to Z, as HTTP compares names and tokens; other bytes must be
/// equal.
bool equal_ignoring_case(std::string_view a, std::string_view b);

/// One line for a log: what could break the line, move a terminal's cursor or turn the writing's direction is
/// shown as an escape (\n, \x1b, \u202e), and what is not UTF-8 as U+FFFD.
std::string one_printable_line(std::string_view text);

/// True for a room's name: 1 to 64 of a-z, 0-9, '-', '_' and '.', starting with a letter or digit. A room is
/// a part of document ids and of URLs.
bool is_room_name(std::string_view name);

/// True for what may stand as a name in a document: 1 to 64 letters of UTF-8, no control characters, no line
/// breaks, no bidirectional overrides, no space at either end. What people may choose: names.hpp.
bool is_user_name(std::string_view name);

/// An address of this machine alone: "127.0.0.1", "::1".
bool is_loopback_address(std::string_view address);

}  // namespace davenport::base
