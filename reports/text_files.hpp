#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace davenport::reports {

/// Escapes text for HTML and XML, attributes included, and for a cell of a Markdown table: markup, line ends
/// and tabs become character references, and control characters, which XML forbids, become '?'.
std::string escape(std::string_view text);

/// Writes each (name, content) into `dir`. Returns "" or what could not be written.
std::string write_files(const std::filesystem::path& dir,
                        const std::vector<std::pair<std::string, std::string>>& files);

}  // namespace davenport::reports
