#pragma once

#include <string>
#include <string_view>

namespace davenport::base {

/// True when `text` is well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates).
bool is_utf8(std::string_view text);

/// The same text with U+FFFD in place of every byte that belongs to no well-formed character.
std::string repair_utf8(std::string_view text);

/// True for a room's name: 1 to 64 of a-z, 0-9, '-', '_' and '.', starting with a letter or digit. A room is
/// a part of document ids and of URLs.
bool is_room_name(std::string_view name);

/// True for a person's name: 1 to 64 bytes of UTF-8 with no control characters, no line or paragraph
/// separators, no bidirectional overrides, and no space at either end.
bool is_user_name(std::string_view name);

}  // namespace davenport::base
