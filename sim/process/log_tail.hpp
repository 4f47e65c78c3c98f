#pragma once

#include "node/base/time.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace davenport::sim::process {

/// Reads on in a node's log, as it grows.
class LogTail {
public:
    explicit LogTail(std::filesystem::path file) : file_{std::move(file)} {}

    struct Line {
        std::optional<base::WallTime> at;  ///< as the node has it; nothing for a line that bears no time
        std::string text;                  ///< the rest
    };
    /// The lines that were finished since the last call; none when the file cannot be read.
    std::vector<Line> read();

private:
    std::filesystem::path file_;
    std::uintmax_t offset_ = 0;
};

/// Takes "2026-11-25T18:48:57.824 warning store: ..." apart; the time is local, as the log's is.
LogTail::Line read_log_line(std::string_view line);

}  // namespace davenport::sim::process
