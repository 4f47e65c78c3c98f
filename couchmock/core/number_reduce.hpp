#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace davenport::couchmock {

/// `_sum` and `_stats` where all values are plain numbers, as they nearly always are: the same results as
/// those of builtin_reduce.hpp, many times faster, since no JSON value is made. Integers stay integers until
/// they pass 64 bits.

/// The sum of JSON numbers, as JSON; nothing if one of the texts is not a number that this can take.
std::optional<std::string> sum_of_numbers(const std::vector<std::string_view>& texts);

/// The statistics of JSON numbers, or of what this function gave before; nothing if there is something else
/// or none. The result is for stats_of_numbers() and stats_as_json() only.
std::optional<std::string> stats_of_numbers(const std::vector<std::string_view>& texts);
/// JSON of what stats_of_numbers() gave; any other text as it is.
std::string stats_as_json(const std::string& text);

}  // namespace davenport::couchmock
