#pragma once

#include <string>
#include <string_view>

namespace davenport::couchmock::javascript {

/// A character above U+FFFF is two units of UTF-16 to JavaScript, and Duktape keeps each as if it were a
/// character of its own (CESU-8). These two go between that and UTF-8.

/// `utf8` with such characters as two; as it is when there is none, else written to `out`.
std::string_view split_surrogates(std::string_view utf8, std::string& out);
/// Puts pairs together again. One half alone, which is no character, becomes U+FFFD.
void join_surrogates(std::string& text);

}  // namespace davenport::couchmock::javascript
