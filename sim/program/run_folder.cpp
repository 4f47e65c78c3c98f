#include "sim/program/run_folder.hpp"

#include <cerrno>
#include <cstring>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

namespace davenport::sim::program {

namespace fs = std::filesystem;

RunFolder::RunFolder(const fs::path& folder) {
    std::error_code error;
    fs::create_directories(folder, error);
    if (!error) lock_ = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (error || lock_ < 0) {
        error_ = fmt::format("{}: error: cannot be created: {}", folder.string(),
                             error ? error.message() : std::strerror(errno));
        return;
    }
    if (flock(lock_, LOCK_EX | LOCK_NB) != 0) {
        error_ =
            fmt::format("{}: error: another run writes into this folder: wait for it, or give another --out",
                        folder.string());
        return;
    }
    for (const auto& entry : fs::directory_iterator{folder, error}) fs::remove_all(entry.path(), error);
    if (error) error_ = fmt::format("{}: error: cannot be emptied: {}", folder.string(), error.message());
}

RunFolder::~RunFolder() {
    if (lock_ >= 0) close(lock_);
}

}  // namespace davenport::sim::program
