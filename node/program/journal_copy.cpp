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

#include <fcntl.h>
#include <fmt/format.h>
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

/// Copies what is committed in `from` into the new file `to`.
void copy_into(sqlite::Database& from, const std::string& to) {
    remove(to);
    auto copy = from.prepare("VACUUM INTO ?1");
    copy.bind(1, to).run();
}

void give_name(const std::string& part, const std::string& path) {
    sync(part);
    fs::rename(part, path);
    sync(folder_of(path));
}

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
    const auto part = copy + ".part";
    copy_into(*database, part);
    const auto count =
        sqlite::Database{part, sqlite::Database::Mode::read}.number("SELECT count(*) FROM message");
    give_name(part, copy);
    fmt::print("{} messages are in {}, which has {} bytes\n", count, copy, fs::file_size(copy));
}

void restore_journal(const std::string& copy, const std::string& journal) {
    const auto from = JournalFile::open_to_read(copy, JournalFile::Versions::older_too);
    const Descriptor lock{JournalFile::take_lock(journal)};
    const auto part = journal + ".part";
    copy_into(*from, part);
    const auto uuid = JournalFile::make_uuid();
    std::int64_t count = 0;
    {
        sqlite::Database made{part, sqlite::Database::Mode::read_write};
        auto check = made.prepare("PRAGMA quick_check(1)");
        if (!check.step() || check.text(0) != "ok")
            throw base::JournalError(
                fmt::format("{} is damaged ({}): use another copy", copy, check.text(0)));
        check.reset();
        made.execute(fmt::format("UPDATE journal SET uuid = '{}'", uuid));
        count = made.number("SELECT count(*) FROM message");
    }
    const auto kept = put_aside(journal);
    SearchFile::remove(SearchIndex::path_of(journal));
    give_name(part, journal);
    if (::ftruncate(lock.fd, 0) !=
        0) {  // it names the last life of the journal that was there: noticed, no more
    }
    fmt::print("{} has {} messages now, and the new uuid {}\n", journal, count, uuid);
    if (!kept.empty()) fmt::print("the journal that was there is kept as {}\n", kept);
}

}  // namespace davenport::node::program
