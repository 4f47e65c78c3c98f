#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace davenport::base {

/// The one of `known` that was most likely meant by `word`, or empty when none is near.
std::string closest(std::string_view word, const std::vector<std::string_view>& known);

}  // namespace davenport::base
