#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace davenport::node {

/// What the system knows of this process, read from Linux's /proc (proc(5)); a figure that cannot be read is
/// missing.
struct ProcessFigures {
    std::optional<std::uint64_t> resident_bytes;
    std::optional<std::uint64_t> descriptors;      ///< open now
    std::optional<std::uint64_t> descriptors_max;  ///< of RLIMIT_NOFILE; missing when there is no limit
    std::optional<double> cpu_seconds;             ///< user's and system's, of all threads
    double started_seconds = 0;                    ///< since 1970, as Prometheus wants it
};

ProcessFigures read_process_figures();

/// Bytes on disk of a SQLite file together with its write-ahead log; 0 when it is not there.
std::uint64_t database_bytes(const std::filesystem::path& file);

}  // namespace davenport::node
