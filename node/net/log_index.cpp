#include "node/net/log_index.hpp"

#include <csignal>
#include <string_view>

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace davenport::node {
namespace {

constexpr int exit_code = 1;  // systemd starts the node again

void tell(std::string_view line) {
    [[maybe_unused]] const auto n = ::write(STDERR_FILENO, line.data(), line.size());
}

void on_bus_error(int) {
    tell(
        "chatnode: a file that is mapped into memory was cut short, or its disk cannot be read (SIGBUS): "
        "probably a journal's -shm. The process ends at once; all that was accepted is on the disk. Start "
        "it again, which makes that file anew\n");
    ::_exit(exit_code);
}

}  // namespace

void LogIndex::check() {
    struct ::stat file {};
    if (::stat(path_.c_str(), &file) != 0) return;
    if (file.st_size < bytes_) {
        tell(
            fmt::format("chatnode: the file {} was cut short while the node runs. The node ends at once; all "
                        "that was accepted is on the disk. Start it again, which makes that file anew\n",
                        path_));
        ::_exit(exit_code);
    }
    bytes_ = file.st_size;
}

void LogIndex::end_at_bus_errors() { std::signal(SIGBUS, on_bus_error); }

}  // namespace davenport::node
