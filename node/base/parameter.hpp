#pragma once

#include "node/base/time.hpp"

#include <compare>
#include <cstdint>
#include <string>
#include <variant>

namespace davenport::base {

/// How likely something is, in millionths: 300'000 is 30 %.
struct Probability {
    std::int64_t millionths = 0;
    auto operator<=>(const Probability&) const = default;
};
constexpr Probability certain{1'000'000};

/// A parameter of a fault, typed from the file that says it to where it bites: a whole number (a count,
/// bytes, bytes a second), a time in microseconds, a probability, a truth value, a word.
using Parameter = std::variant<std::int64_t, Duration, Probability, bool, std::string>;

}  // namespace davenport::base
