#pragma once

#include "node/net/log_length.hpp"
#include "node/net/recent_ids.hpp"
#include "node/net/sqlite.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace davenport::node {

/// A journal's file, opened by this process alone and brought to this program's version.
///
/// The lock is on a file beside it, and on itself, and lasts as long as the object: SQLite's own would let a
/// second node in between two transactions. A symbolic link is followed first.
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
    /// A journal to be looked at only, also while its node runs. Of this program's version, or of an older
    /// one too.
    enum class Versions { this_one, older_too };
    static std::unique_ptr<sqlite::Database> open_to_read(const std::string& path,
                                                          Versions versions = Versions::this_one);
    /// What the writer has committed lately, for the reader.
    [[nodiscard]] RecentIds& recent() const { return *recent_; }

    /// The log and its index, as somebody has seen them who has had a connection since: SQLite keeps them as
    /// long.
    struct LogSeen {
        std::uint64_t inode = 0, index_inode = 0;  ///< 0: none yet
    };
    /// Why the file at path(), or one of those beside it, is not the one that is open; empty when they are.
    /// What is committed to a file that was removed is gone with the process. Threads: any.
    [[nodiscard]] std::string misplaced(LogSeen& seen) const;

    /// "davn": what tells a journal from another program's SQLite file.
    static constexpr std::int64_t application_id = 0x6461766e;
    static constexpr std::int64_t version = 6;
    /// A name that nobody else has.
    static std::string make_uuid();
    /// The journal was put back from a copy since its node last ran, and has another uuid now.
    [[nodiscard]] bool went_back() const { return went_back_; }
    /// Holds the journal at `path`, there or not, until the descriptor is closed: no node can use it
    /// meanwhile.
    static int take_lock(const std::string& path);

private:
    /// Looks at the first bytes: SQLite takes a file of one byte for an empty one, and a log of garbage for
    /// none.
    void check_heads() const;
    void prepare(sqlite::Database& database) const;
    /// Notes this life of the node, in the journal and beside it.
    void begin_run(sqlite::Database& database);
    static void recognise(sqlite::Database& database, const std::string& path);
    static std::string highest_letters(sqlite::Database& database);

    void release() const;
    /// By whatever name it was opened, a hard link or a mount: two nodes would each keep a log of their own.
    void lock_itself();

    std::string path_;
    mutable LogLength log_length_;
    std::uint64_t device_ = 0, inode_ = 0;
    int lock_ = -1, own_lock_ = -1;
    bool went_back_ = false;
    std::unique_ptr<RecentIds> recent_;
};

}  // namespace davenport::node
