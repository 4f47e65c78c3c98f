#pragma once

#include "node/net/page_files.hpp"

#include <span>
#include <string>
#include <string_view>

namespace davenport::node {

/// The module `entry` and all that it imports, as one script: a first visit waits for one answer in place of
/// one for each level of imports. Whoever edits the page edits the modules; they are served as they are too.
///
/// Each module becomes a function that returns what it exports, in the order of imports; lines that are
/// comments are left out. The page's modules keep to the forms that this reads: `import { a, b as c } from
/// './name.js';` on one line, and `export` before a function, class or const. Errors: std::runtime_error for
/// a module that is missing, imports itself by a circle, or uses another form.
std::string bundle_modules(std::string_view entry, std::span<const PageFile> files);

}  // namespace davenport::node
