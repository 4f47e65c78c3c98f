#include "node/net/journal_file.hpp"

#include "node/base/journal.hpp"

#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <sys/random.h>
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
    // 2 -> 3: messages that change. said: the arrival of the message itself, when `arrival` is that of its
    // last change; else 0
    R"sql(
        ALTER TABLE message ADD COLUMN said INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE message ADD COLUMN edited TEXT NOT NULL DEFAULT '';
        ALTER TABLE message ADD COLUMN removed TEXT NOT NULL DEFAULT '';
        ALTER TABLE message ADD COLUMN removed_by TEXT NOT NULL DEFAULT '';
        ALTER TABLE message ADD COLUMN proof TEXT NOT NULL DEFAULT '';
        CREATE INDEX message_changed ON message (id) WHERE edited <> '' OR removed <> '';
    )sql",
};

/// RFC 9562, version 4: nobody else's, without asking anybody.
std::string make_uuid() {
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

std::string read_line(int fd) {
    std::array<char, 32> text{};
    const auto n = ::pread(fd, text.data(), text.size(), 0);
    return {text.data(), static_cast<std::size_t>(n > 0 ? n : 0)};
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

}  // namespace

JournalFile::JournalFile(std::string path) : path_(std::move(path)) {
    lock();
    try {
        sqlite::Database database{path_, sqlite::Database::Mode::read_write_create};
        prepare(database);
        recent_ = std::make_unique<RecentIds>(highest_letters(database));
    } catch (const sqlite::Error& error) {
        ::close(lock_);
        throw base::JournalError(explain(path_, error));
    } catch (...) {
        ::close(lock_);
        throw;
    }
}

JournalFile::~JournalFile() { ::close(lock_); }

void JournalFile::lock() {
    const auto lock_path = path_ + ".lock";
    lock_ = ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (lock_ < 0)
        throw base::JournalError(
            fmt::format("the journal {} cannot be written: {}: give --journal a file in a writable folder",
                        path_, std::strerror(errno)));
    if (::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
        auto holder = read_line(lock_);
        while (!holder.empty() && holder.back() == '\n') holder.pop_back();
        ::close(lock_);
        throw base::JournalError(
            fmt::format("the journal {} is in use by another node{}: stop that one, or give this one a "
                        "--journal of its own",
                        path_, holder.empty() ? "" : " (process " + holder + ")"));
    }
    const auto pid = fmt::format("{}\n", ::getpid());
    if (::ftruncate(lock_, 0) == 0) [[maybe_unused]]
        const auto n = ::pwrite(lock_, pid.data(), pid.size(), 0);
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

std::unique_ptr<sqlite::Database> JournalFile::open_to_read(const std::string& path) {
    try {
        auto database = std::make_unique<sqlite::Database>(path, sqlite::Database::Mode::read);
        recognise(*database, path);
        if (database->number("PRAGMA user_version") < version)
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
    try {
        sqlite::Database database{path_, sqlite::Database::Mode::read_write};
        database.execute(
            "PRAGMA synchronous = FULL; PRAGMA cache_size = -16000; PRAGMA mmap_size = 268435456; "
            "PRAGMA secure_delete = ON");
        return database;
    } catch (const sqlite::Error& error) {
        throw base::JournalError(explain(path_, error));
    }
}

}  // namespace davenport::node
