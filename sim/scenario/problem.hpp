#pragma once

#include "node/base/closest.hpp"
#include "sim/scenario/scenario.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace davenport::sim {

/// One mistake in a file.
struct Problem {
    Location location;    ///< line 0: the file as a whole
    std::string message;  ///< lower case, no full stop: "unknown key 'nodse' in topology"
    std::string hint;     ///< what to write instead, or empty: "did you mean 'nodes'?"
};

/// What some editors write at the beginning of a file of UTF-8; it means nothing, and is skipped.
inline constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

/// All problems as a person wants to see them, in the order of the file: for each `file:line:col: error:
/// ...`, then the source line, a caret under the place, and the hint.
std::string render(std::vector<Problem> problems, std::string_view file, std::string_view text);

using base::closest;

/// "did you mean 'nodes'?", or "one of a, b, c" when nothing is near and the list is short.
std::string suggest(std::string_view word, const std::vector<std::string_view>& known);

}  // namespace davenport::sim
