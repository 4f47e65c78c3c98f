#pragma once

#include "sim/scenario/problem.hpp"

#include <optional>
#include <string_view>

namespace davenport::sim {

/// The first mistake in how a YAML (or JSON) text is laid out: quotes, brackets, indentation, tabs, a second
/// document. Nothing when there is none.
///
/// yaml-cpp 0.7 accepts texts that YAML forbids (a quote that is never closed takes in the rest of the file),
/// and says of others only "illegal map value". Stricter than YAML where a slip of the hand would hide what
/// follows: a quoted text ends on its line, and an indented text has no line that is a key of a scenario.
///
/// `text` is UTF-8.
std::optional<Problem> find_layout_mistake(std::string_view text);

}  // namespace davenport::sim
