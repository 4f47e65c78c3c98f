#pragma once

#include <span>
#include <string_view>

namespace davenport::node {

/// A file of node/page, as it was when the program was built.
struct PageFile {
    std::string_view path;  ///< "/chat.js"
    std::string_view content;
};

std::span<const PageFile> page_files();

}  // namespace davenport::node
