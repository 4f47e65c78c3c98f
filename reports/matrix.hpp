#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

/// One scenario over several settings, side by side.
namespace davenport::reports {

struct MatrixCell {
    std::vector<std::pair<std::string, std::string>>
        settings;         ///< ("feed", "poll"); the same keys in every cell
    std::string results;  ///< results.json of that run, its text
    std::string folder;   ///< of the run, relative to the matrix
};

/// The table for the terminal: a row for each cell, with p50 / p99 of each latency and the requests to the
/// store for each message.
std::string matrix_text(const std::vector<MatrixCell>& cells);

/// Writes matrix.html, matrix.md and matrix.json into `dir`. Returns "" or what could not be written.
std::string write_matrix(const std::filesystem::path& dir, const std::string& title,
                         const std::vector<MatrixCell>& cells);

}  // namespace davenport::reports
