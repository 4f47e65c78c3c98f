#pragma once

#include "node/net/recent_ids.hpp"
#include "node/net/sqlite.hpp"

#include <memory>
#include <string>

namespace davenport::node {

/// A journal's file, opened by this process alone and brought to this program's version.
///
/// The lock is on a file beside it and lasts as long as the object: SQLite's own would let a second node in
/// between two transactions.
///
/// Errors: the constructor throws base::JournalError with one line that names the file and the remedy.
class JournalFile {
public:
    explicit JournalFile(std::string path);
    ~JournalFile();
    JournalFile(const JournalFile&) = delete;
    JournalFile& operator=(const JournalFile&) = delete;

    [[nodiscard]] const std::string& path() const { return path_; }
    /// A connection of its own for one thread, set up as all are: WAL, every commit on the disk.
    [[nodiscard]] sqlite::Database connect() const;
    /// A journal to be looked at only, also while its node runs. Of this program's version.
    static std::unique_ptr<sqlite::Database> open_to_read(const std::string& path);
    /// What the writer has committed lately, for the reader.
    [[nodiscard]] RecentIds& recent() const { return *recent_; }

    /// "davn": what tells a journal from another program's SQLite file.
    static constexpr std::int64_t application_id = 0x6461766e;
    static constexpr std::int64_t version = 3;

private:
    void lock();
    void prepare(sqlite::Database& database) const;
    static void recognise(sqlite::Database& database, const std::string& path);
    static std::string highest_letters(sqlite::Database& database);

    std::string path_;
    int lock_ = -1;
    std::unique_ptr<RecentIds> recent_;
};

}  // namespace davenport::node
