#pragma once

#include <mutex>
#include <string>

namespace davenport::node {

/// Whether an SQLite file's log is as long as SQLite believes: what it commits behind the end of a log that
/// somebody cut short is on the disk, and no restart finds it.
///
/// What SQLite believes stands in the file `-shm` beside it ("WAL-mode File Format", the WAL-index header),
/// which counts a page only after the log has it, and forgets all pages before it makes the log shorter
/// itself.
///
/// It keeps that file open as long as it is there: closing it would drop the locks that SQLite holds on it
/// for this process. Threads: any.
class LogLength {
public:
    /// `path`: of the SQLite file.
    explicit LogLength(const std::string& path) : log_{path + "-wal"}, index_{path + "-shm"} {}
    ~LogLength();
    LogLength(const LogLength&) = delete;
    LogLength& operator=(const LogLength&) = delete;

    /// True when the log is shorter than it must be. False, too, while there is none or it cannot be told.
    [[nodiscard]] bool is_cut();

private:
    std::string log_, index_;
    std::mutex looking_;
    int descriptor_ = -1;  ///< of the index
};

}  // namespace davenport::node
