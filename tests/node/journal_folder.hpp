#pragma once

#include "node/net/sqlite_journal.hpp"

#include <filesystem>
#include <future>
#include <string>

#include <unistd.h>

namespace davenport {

/// A folder of its own for each test.
class Folder {
public:
    Folder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "davenport-journal-XXXXXX").string();
        path_ = ::mkdtemp(pattern.data());
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    [[nodiscard]] std::string operator/(const std::string& name) const { return (path_ / name).string(); }

private:
    std::filesystem::path path_;
};

/// Why it could not be committed; empty when it is on the disk.
inline std::string commit(const node::JournalFile& file, base::JournalBatch batch) {
    std::promise<std::string> done;
    auto result = done.get_future();
    node::JournalWriter writer{file,
                               [&](std::uint64_t, std::string error) { done.set_value(std::move(error)); }};
    writer.commit(std::move(batch));
    return result.get();
}

}  // namespace davenport
