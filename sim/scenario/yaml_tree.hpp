#pragma once

#include "sim/scenario/problem.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace davenport::sim {

/// A YAML (or JSON) document as plain values, each with its place in the file.
///
/// Unlike YAML::Node it keeps keys that come twice and knows what was quoted, so the reader can say what is
/// wrong with them.
struct Yaml {
    enum class Kind { null, scalar, list, map };

    Kind kind = Kind::null;
    Location location;
    std::string text;     ///< of a scalar
    bool quoted = false;  ///< a scalar between quotes: a text, even when it looks like a number
    std::vector<Yaml> items;
    struct Member;
    std::vector<Member> members;  ///< in the order of the file; a key may stand here twice

    /// The first member with this key, or nullptr.
    [[nodiscard]] const Yaml* find(std::string_view key) const;
};

struct Yaml::Member {
    Yaml key, value;
};

/// Reads exactly one document. What the language does not have (anchors, aliases, tags, several documents) is
/// reported and left out; of syntax errors the first only, since the parser cannot go on after one.
Yaml parse_yaml(std::string_view text, std::vector<Problem>& problems);

}  // namespace davenport::sim
