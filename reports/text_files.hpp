#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace davenport::reports {

/// Text as it may stand in HTML, in attributes too, and in a cell of a Markdown table.
std::string escape(std::string_view text);

/// Writes each (name, content) into `dir`. Returns "" or what could not be written.
std::string write_files(const std::filesystem::path& dir,
                        const std::vector<std::pair<std::string, std::string>>& files);

}  // namespace davenport::reports
