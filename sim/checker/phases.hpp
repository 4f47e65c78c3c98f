#pragma once

#include "sim/checker/facts.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace davenport::sim::checker {

/// A stretch of the run, both ends included.
struct Span {
    std::int64_t from_us = 0;
    std::int64_t to_us = 0;
};

/// A part of the run that messages belong to by the time when they were due: what is due in an outage is the
/// outage's, however late it was sent or came.
struct Phase {
    std::string name;         ///< "during outage"; "" for the whole run
    std::vector<Span> spans;  ///< in order; several where a fault came again

    [[nodiscard]] bool contains(std::int64_t us) const {
        for (const auto& span : spans)
            if (us >= span.from_us && us <= span.to_us) return true;
        return false;
    }
    [[nodiscard]] std::int64_t length_us() const {
        std::int64_t length = 0;
        for (const auto& span : spans) length += span.to_us - span.from_us;
        return length;
    }
};

/// "outage" for "outage#2": the name under which all occurrences of a fault go.
std::string_view family_of(std::string_view fault_name);

/// "before outage", "during outage", "after outage" or "": before the first, during any, after the last
/// occurrence. Nothing when no such fault took place, or `text` is not one of those.
std::optional<Phase> phase_named(const Facts& facts, std::string_view text);

/// The whole run, then before, during and after each fault family, in the order in which they began; at most
/// `families_max`.
std::vector<Phase> all_phases(const Facts& facts, std::size_t families_max);

}  // namespace davenport::sim::checker
