#pragma once

#include "sim/scenario/yaml_text.hpp"

namespace davenport::sim {

/// Moves `text` from the bracket at its place behind the one that closes it, which may stand on a later line.
/// False, and a problem, when a bracket is not closed, or a comma or the blank behind a ':' is missing.
///
/// Lines within the brackets begin right of `parent_column`, where the line begins that they belong to; so a
/// bracket that is never closed takes in no keys that stand below. -1: nothing stands around them.
bool skip_flow(YamlText& text, int parent_column);

}  // namespace davenport::sim
