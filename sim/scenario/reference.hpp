#pragma once

#include "sim/scenario/problem.hpp"

#include <string>
#include <string_view>
#include <vector>

/// The language's table as text for people and for editors.
namespace davenport::sim {

/// The reference of one key, section, fault, property, metric, quantile or phase; of everything when `key` is
/// empty; "" when nothing is called so. Markdown, so that it can stand in the README as it is.
std::string reference(std::string_view key);

/// All that reference() knows.
std::vector<std::string_view> explained();

/// JSON Schema (draft 2020-12) of a scenario file.
std::string json_schema();

}  // namespace davenport::sim
