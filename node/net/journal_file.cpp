#include "node/net/journal_file.hpp"

#include "node/base/journal.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

namespace davenport::node {
namespace {

// What leads from each version to the next; a new journal goes through all of them.
constexpr std::array<const char*, JournalFile::version> migrations{
    // 0 -> 1
    R"sql(
        CREATE TABLE journal (uuid TEXT NOT NULL);
        CREATE TABLE generation (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
        CREATE TABLE checkpoint (one INTEGER PRIMARY KEY CHECK (one = 1), generation TEXT NOT NULL, seq TEXT NOT NULL);
        -- stored_in: 0 while no store is known to have it
        CREATE TABLE message (
            arrival INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, room TEXT NOT NULL, position TEXT NOT NULL, user TEXT NOT NULL,
            text TEXT NOT NULL, datetime TEXT NOT NULL, host TEXT NOT NULL, accepted_here INTEGER NOT NULL, stored_in INTEGER NOT NULL);
        CREATE INDEX message_by_position ON message (room, position);
        CREATE INDEX message_by_room ON message (room, arrival);
        CREATE INDEX message_by_store ON message (stored_in, arrival);
    )sql",
    // 1 -> 2: ids of messages that were taken out, and are known nevertheless
    "CREATE TABLE forgotten (id TEXT PRIMARY KEY) WITHOUT ROWID",
    // 2 -> 3: the lives of the node, so that a copy that was put back is known
    "CREATE TABLE run (number INTEGER PRIMARY KEY, id TEXT NOT NULL, after INTEGER NOT NULL)",
    // 3 -> 4: messages that change. said: the arrival of the message itself, when `arrival` is that of its
    // last change; else 0
    R"sql(
        ALTER TABLE message ADD COLUMN said INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE message ADD COLUMN edited TEXT NOT NULL DEFAULT '';
        ALTER TABLE message ADD COLUMN removed TEXT NOT NULL DEFAULT '';
        ALTER TABLE message ADD COLUMN removed_by TEXT NOT NULL DEFAULT '';
        ALTER TABLE message ADD COLUMN proof TEXT NOT NULL DEFAULT '';
        CREATE INDEX message_changed ON message (said, id) WHERE edited <> '' OR removed <> '';
    )sql",
    // 4 -> 5: bans and rooms' settings, so that they hold while the store is down
    "CREATE TABLE policy (id TEXT PRIMARY KEY, body TEXT NOT NULL, revision TEXT NOT NULL, "
    "stored_in INTEGER NOT NULL) WITHOUT ROWID",
    // 5 -> 6: from which key's time on the ids of the chat are full; of a chat that an older version read,
    // from none (base::full_ids_never)
    "ALTER TABLE checkpoint ADD COLUMN full_ids_from INTEGER NOT NULL DEFAULT 9223372036854775807",
};

constexpr std::size_t runs_kept = 1000;

/// What the lock file says: the process that holds it, and the last life of the node that did.
struct LockWords {
    std::string process, run;
};
LockWords read_lock(int fd) {
    std::array<char, 128> text{};
    const auto n = ::pread(fd, text.data(), text.size(), 0);
    const std::string_view words{text.data(), static_cast<std::size_t>(n > 0 ? n : 0)};
    const auto first = words.find('\n');
    if (first == std::string_view::npos) return {std::string{words}, {}};
    const auto rest = words.substr(first + 1);
    return {std::string{words.substr(0, first)}, std::string{rest.substr(0, rest.find('\n'))}};
}

std::string explain(const std::string& path, const sqlite::Error& error) {
    switch (error.code) {
        case SQLITE_NOTADB:
            return fmt::format(
                "the journal {} is not a journal: some other program's file; give --journal another path",
                path);
        case SQLITE_CORRUPT:
            return fmt::format(
                "the journal {} is damaged ({}): restore a backup, or move it away; what the store has comes "
                "back by itself",
                path, error.what());
        case SQLITE_FULL:
            return fmt::format("no room on the disk for the journal {}: free some space", path);
        case SQLITE_READONLY:
        case SQLITE_PERM:
        case SQLITE_CANTOPEN:
            return fmt::format(
                "the journal {} cannot be written by this user: give it a writable file in a writable folder",
                path);
        case SQLITE_BUSY:
            return fmt::format(
                "the journal {} is held by another program (a backup, an SQLite shell): close that", path);
        default:
            return fmt::format(
                "the journal {} can't be used: {}: check the disk, or give --journal another path", path,
                error.what());
    }
}

/// SQLite names the files beside it after the file itself, not after a link to it.
std::string resolved(std::string path) {
    std::error_code error;
    const auto real = std::filesystem::canonical(path, error);
    return error ? std::move(path) : real.string();
}

std::string first_bytes(const std::string& path) {
    std::ifstream file{path, std::ios::binary};
    std::string bytes(16, '\0');
    file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    bytes.resize(static_cast<std::size_t>(file.gcount()));
    return bytes;
}

void check_head(const std::string& path) {
    const auto head = first_bytes(path);
    if (head.empty() || head == std::string{"SQLite format 3\0", 16}) return;
    throw base::JournalError(
        head.size() < 16
            ? fmt::format("the journal {} is damaged (it has {} bytes): restore a backup, or move "
                          "it away; what the store has comes back by itself",
                          path, head.size())
            : fmt::format("the journal {} is not a journal: some other program's file; give "
                          "--journal another path",
                          path));
}

}  // namespace

JournalFile::JournalFile(std::string path) : path_(resolved(std::move(path))), log_length_(path_) {
    lock_ = take_lock(path_);
    try {
        check_heads();
        lock_itself();
        sqlite::Database database{path_, sqlite::Database::Mode::read_write_create};
        prepare(database);
        begin_run(database);
        struct ::stat file {};
        if (::stat(path_.c_str(), &file) == 0) {
            device_ = file.st_dev;
            inode_ = file.st_ino;
        }
        recent_ = std::make_unique<RecentIds>(highest_letters(database));
    } catch (const sqlite::Error& error) {
        release();
        throw base::JournalError(explain(path_, error));
    } catch (...) {
        release();
        throw;
    }
}

JournalFile::~JournalFile() { release(); }

void JournalFile::release() const {
    if (own_lock_ >= 0) ::close(own_lock_);
    ::close(lock_);
}

/// The descriptor stays open as long as SQLite has the file: closing it would drop SQLite's own locks.
void JournalFile::lock_itself() {
    own_lock_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (own_lock_ < 0) return;  // SQLite will say why
    if (::flock(own_lock_, LOCK_EX | LOCK_NB) != 0)
        throw base::JournalError(fmt::format(
            "the journal {} is in use by another node under another name (a hard link, or a mount "
            "of the file): stop that one, or give this one a --journal of its own",
            path_));
}

int JournalFile::take_lock(const std::string& path) {
    const auto lock_path = resolved(path) + ".lock";
    const int lock = ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (lock < 0)
        throw base::JournalError(
            fmt::format("the journal {} cannot be written: {}: give --journal a file in a writable folder",
                        path, std::strerror(errno)));
    if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
        const auto holder = read_lock(lock).process;
        ::close(lock);
        throw base::JournalError(
            fmt::format("the journal {} is in use by another node{}: stop that one, or give this one a "
                        "--journal of its own",
                        path, holder.empty() ? "" : " (process " + holder + ")"));
    }
    return lock;
}

void JournalFile::check_heads() const {
    check_head(path_);
    const auto log = first_bytes(path_ + "-wal");
    // SQLite's documents, "WAL file format": two magic numbers, for the two orders of bytes in its checksums.
    if (!log.empty() && !log.starts_with("\x37\x7f\x06\x82") && !log.starts_with("\x37\x7f\x06\x83"))
        throw base::JournalError(fmt::format(
            "the journal {0} is damaged (its log {0}-wal has been overwritten): restore a backup, or "
            "move {0}-wal away and lose what was said last and is not in the store",
            path_));
}

std::string JournalFile::misplaced(LogSeen& seen) const {
    struct ::stat file {};
    if (::stat(path_.c_str(), &file) != 0)
        return errno == ENOENT ? fmt::format("the file {} was removed while the node runs", path_)
                               : fmt::format("the file {} cannot be seen: {}", path_, std::strerror(errno));
    if (file.st_dev != device_ || file.st_ino != inode_)
        return fmt::format("the file {} was replaced by another while the node runs", path_);
    for (const auto& [log, inode] :
         {std::pair{path_ + "-wal", &seen.inode}, std::pair{path_ + "-shm", &seen.index_inode}}) {
        struct ::stat log_file {};
        const bool there = ::stat(log.c_str(), &log_file) == 0;
        if (*inode == 0 && there) *inode = log_file.st_ino;
        if (*inode != 0 && (!there || log_file.st_ino != *inode))
            return fmt::format("the file {} was {} while the node runs", log,
                               there ? "replaced by another" : "removed");
    }
    if (log_length_.is_cut()) return fmt::format("the file {}-wal was cut short while the node runs", path_);
    return {};
}

void JournalFile::recognise(sqlite::Database& database, const std::string& path) {
    if (database.number("PRAGMA application_id") != application_id)
        throw base::JournalError(
            fmt::format("{} is an SQLite file of some other program: give --journal another path", path));
    const auto found = database.number("PRAGMA user_version");
    if (found > version)
        throw base::JournalError(
            fmt::format("the journal {} is of a newer chatnode (version {}, this one knows {}): run that "
                        "one, or give --journal another path",
                        path, found, version));
}

std::unique_ptr<sqlite::Database> JournalFile::open_to_read(const std::string& path, Versions versions) {
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored))
        throw base::JournalError(fmt::format("{} is a folder: give the file of --journal", path));
    if (std::filesystem::file_size(path, ignored) == 0 && !ignored &&
        !std::filesystem::exists(path + "-wal", ignored))
        throw base::JournalError(fmt::format("the journal {} is empty: no node has written to it yet", path));
    check_head(path);
    try {
        auto database = std::make_unique<sqlite::Database>(path, sqlite::Database::Mode::read);
        recognise(*database, path);
        if (versions == Versions::this_one && database->number("PRAGMA user_version") < version)
            throw base::JournalError(
                fmt::format("the journal {} is of an older chatnode: start this one on it once, which brings "
                            "it up to date",
                            path));
        return database;
    } catch (const sqlite::Error& error) {
        throw base::JournalError(error.code == SQLITE_CANTOPEN
                                     ? fmt::format("there is no journal {}: give the file of --journal", path)
                                     : explain(path, error));
    }
}

void JournalFile::prepare(sqlite::Database& database) const {
    const bool is_new = database.number("PRAGMA schema_version") == 0;
    if (!is_new) recognise(database, path_);
    const auto found = database.number("PRAGMA user_version");
    database.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    for (auto from = found; from < version; ++from) {
        database.execute("BEGIN IMMEDIATE");
        database.execute(migrations[static_cast<std::size_t>(from)]);
        if (from == 0)
            database.execute(fmt::format("INSERT INTO journal VALUES ('{}'); PRAGMA application_id = {}",
                                         make_uuid(), application_id));
        database.execute(fmt::format("PRAGMA user_version = {}; COMMIT", from + 1));
    }
}

void JournalFile::begin_run(sqlite::Database& database) {
    // The lock file stays where it is when a copy of the journal is put back, and knows a life that the copy
    // does not.
    const auto last = read_lock(lock_).run;
    auto found = database.prepare("SELECT count(*) FROM run WHERE id = ?1");
    {
        const sqlite::Using scope{found};
        went_back_ = !last.empty() && found.bind(1, last).step() && found.number(0) == 0 &&
                     database.number("SELECT count(*) FROM (SELECT 1 FROM message LIMIT 1)") > 0;
    }
    const auto run = make_uuid().substr(0, 18);
    try {
        database.execute("BEGIN IMMEDIATE");
        if (went_back_) database.execute(fmt::format("UPDATE journal SET uuid = '{}'", make_uuid()));
        database.execute(
            fmt::format("INSERT INTO run (id, after) SELECT '{}', coalesce(max(arrival), 0) FROM message; "
                        "DELETE FROM run WHERE number <= (SELECT max(number) FROM run) - {}; COMMIT",
                        run, runs_kept));
    } catch (const sqlite::Error& error) {
        if (error.code != SQLITE_FULL) throw;
        // On a full disk the node reads on; nothing arrives that this life would have to be told by.
        if (database.in_transaction()) database.execute("ROLLBACK");
        return;
    }
    const auto words = fmt::format("{}\n{}\n", ::getpid(), run);
    if (::ftruncate(lock_, 0) == 0) [[maybe_unused]]
        const auto n = ::pwrite(lock_, words.data(), words.size(), 0);
}

/// RFC 9562, version 4: nobody else's, without asking anybody.
std::string JournalFile::make_uuid() {
    std::array<unsigned char, 16> bytes;
    if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
        throw base::JournalError("the system gives no random numbers to name a new journal");
    bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | 0x40);
    bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
        fmt::format_to(std::back_inserter(out), "{:02x}", bytes[i]);
    }
    return out;
}

/// The latest place in any room's history; no id of ours in the journal has higher letters. Hops from room to
/// room in the index: a million messages are not looked at.
std::string JournalFile::highest_letters(sqlite::Database& database) {
    auto highest = database.prepare(R"sql(
        WITH RECURSIVE rooms (room) AS (
            SELECT min(room) FROM message
            UNION ALL
            SELECT (SELECT min(room) FROM message WHERE message.room > rooms.room) FROM rooms WHERE rooms.room IS NOT NULL)
        SELECT max((SELECT max(position) FROM message WHERE message.room = rooms.room)) FROM rooms WHERE room IS NOT NULL)sql");
    const sqlite::Using scope{highest};
    return highest.step() ? highest.text(0) : std::string{};
}

sqlite::Database JournalFile::connect() const {
    // SQLite takes an empty file in its place for a new database, and deletes the log that is ours.
    struct ::stat file {};
    if (::stat(path_.c_str(), &file) == 0 && (file.st_dev != device_ || file.st_ino != inode_))
        throw base::JournalError(
            fmt::format("the file {} was replaced by another while the node runs: put it back", path_));
    try {
        sqlite::Database database{path_, sqlite::Database::Mode::read_write};
        database.execute(
            "PRAGMA synchronous = FULL; PRAGMA cache_size = -16000; "
            "PRAGMA secure_delete = ON");
        return database;
    } catch (const sqlite::Error& error) {
        throw base::JournalError(explain(path_, error));
    }
}

}  // namespace davenport::node
