#include "node/program/journal_copy.hpp"

#include "node/base/journal.hpp"
#include "node/base/time.hpp"
#include "node/net/journal_file.hpp"
#include "node/net/search_file.hpp"
#include "node/net/search_index.hpp"
#include "node/net/wire/loop.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

namespace davenport::node::program {
namespace {

namespace fs = std::filesystem;

constexpr auto endings = {"", "-wal", "-shm"};

/// A descriptor that is closed in the end.
struct Descriptor {
    int fd;
    explicit Descriptor(int given) : fd{given} {}
    ~Descriptor() {
        if (fd >= 0) ::close(fd);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
};

void sync(const std::string& path) {
    const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (file.fd < 0 || ::fsync(file.fd) != 0)
        throw base::JournalError(
            fmt::format("{} cannot be brought to the disk: {}: check the disk", path, std::strerror(errno)));
}

std::string folder_of(const std::string& path) {
    const auto folder = fs::path{path}.parent_path();
    return folder.empty() ? "." : folder.string();
}

void remove(const std::string& path) {
    for (const auto* ending : endings) fs::remove(path + ending);
}

/// A copy that is being made. Unless it is given its name in the end, nothing of it is left: on a full disk
/// it would take what room there is.
class Part {
public:
    explicit Part(const std::string& path) : path_{path}, part_{path + ".part"} { remove(part_); }
    ~Part() {
        std::error_code ignored;
        for (const auto* ending : {"", "-wal", "-shm", "-journal"}) fs::remove(part_ + ending, ignored);
    }
    Part(const Part&) = delete;
    Part& operator=(const Part&) = delete;

    [[nodiscard]] const std::string& path() const { return part_; }
    /// Copies what is committed in `from`, the journal `name`.
    void fill(sqlite::Database& from, const std::string& name) const {
        try {
            auto copy = from.prepare("VACUUM INTO ?1");
            copy.bind(1, part_).run();
        } catch (const sqlite::Error& error) {
            throw explained(error, name);
        }
    }
    /// Of a copy or of what it is made from.
    [[nodiscard]] base::JournalError explained(const sqlite::Error& error, const std::string& name) const {
        switch (error.code) {
            case SQLITE_FULL:
            case SQLITE_IOERR:
                return base::JournalError{fmt::format(
                    "{} cannot be written ({}): free some space on its disk", path_, error.what())};
            case SQLITE_CANTOPEN:
            case SQLITE_READONLY:
            case SQLITE_PERM:
                return base::JournalError{fmt::format(
                    "{} cannot be written ({}): give a file in a folder that this user may write to", path_,
                    error.what())};
            default:
                return base::JournalError{
                    fmt::format("{} cannot be copied ({}): use another copy, or check "
                                "the disk",
                                name, error.what())};
        }
    }
    void give_name() const {
        sync(part_);
        fs::rename(part_, path_);
        sync(folder_of(path_));
    }

private:
    std::string path_, part_;
};

/// Moves what is there out of the way; gives its new name, or nothing.
std::string put_aside(const std::string& journal) {
    if (!fs::exists(journal)) return {};
    auto time = base::iso8601(wire::Loop::now().wall).substr(0, 19);
    std::ranges::replace(time, ':', '-');
    const auto kept = journal + ".replaced-" + time;
    for (const auto* ending : endings)
        if (fs::exists(journal + ending)) fs::rename(journal + ending, kept + ending);
    return kept;
}

}  // namespace

void back_up_journal(const std::string& journal, const std::string& copy) {
    if (fs::exists(copy))
        throw std::invalid_argument(fmt::format("there is a file {} already: give --to another name", copy));
    if (!fs::is_directory(folder_of(copy)))
        throw std::invalid_argument(
            fmt::format("there is no folder {}: make it, or give --to another place", folder_of(copy)));
    const auto database = JournalFile::open_to_read(journal, JournalFile::Versions::older_too);
    const Part part{copy};
    part.fill(*database, journal);
    const auto count =
        sqlite::Database{part.path(), sqlite::Database::Mode::read}.number("SELECT count(*) FROM message");
    part.give_name();
    fmt::print("{} messages are in {}, which has {} bytes\n", count, copy, fs::file_size(copy));
}

void restore_journal(const std::string& copy, const std::string& journal) {
    const auto from = JournalFile::open_to_read(copy, JournalFile::Versions::older_too);
    const Descriptor lock{JournalFile::take_lock(journal)};
    const Part part{journal};
    part.fill(*from, copy);
    const auto uuid = JournalFile::make_uuid();
    std::int64_t count = 0;
    try {
        sqlite::Database made{part.path(), sqlite::Database::Mode::read_write};
        auto check = made.prepare("PRAGMA quick_check(1)");
        if (!check.step() || check.text(0) != "ok")
            throw base::JournalError(
                fmt::format("{} is damaged ({}): use another copy", copy, check.text(0)));
        check.reset();
        made.execute(fmt::format("UPDATE journal SET uuid = '{}'", uuid));
        count = made.number("SELECT count(*) FROM message");
    } catch (const sqlite::Error& error) {
        throw part.explained(error, copy);
    }
    const auto kept = put_aside(journal);
    SearchFile::remove(SearchIndex::path_of(journal));
    part.give_name();
    if (::ftruncate(lock.fd, 0) !=
        0) {  // it names the last life of the journal that was there: noticed, no more
    }
    fmt::print("{} has {} messages now, and the new uuid {}\n", journal, count, uuid);
    if (!kept.empty()) fmt::print("the journal that was there is kept as {}\n", kept);
}

}  // namespace davenport::node::program
