#pragma once

#include <cstdint>
#include <string>

namespace davenport::node {

/// The file `-shm` beside an SQLite file, by which all its connections know what stands where in its log.
///
/// SQLite maps it into memory and believes it. Once somebody has cut it short, a commit may build on old
/// pages, and the last connection that closes may throw away what it does not find: so the process ends at
/// once, without closing anything. All that was committed is in the log, and the next start makes the file
/// anew.
class LogIndex {
public:
    /// `path`: of the SQLite file.
    explicit LogIndex(const std::string& path) : path_{path + "-shm"} {}

    /// Ends the process, with a line on stderr, if the file has become shorter since the last look.
    void check();

    /// From here on an access behind the end of a mapped file ends this process the same way.
    static void end_at_bus_errors();

private:
    std::string path_;
    std::int64_t bytes_ = 0;  ///< it only grows
};

}  // namespace davenport::node
