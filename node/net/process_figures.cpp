#include "node/net/process_figures.hpp"

#include <chrono>
#include <fstream>
#include <iterator>
#include <system_error>

#include <sys/resource.h>
#include <unistd.h>

namespace davenport::node {
namespace {

namespace fs = std::filesystem;

std::optional<std::uint64_t> resident_bytes() {
    std::ifstream statm{"/proc/self/statm"};
    std::uint64_t all = 0, resident = 0;
    if (!(statm >> all >> resident)) return std::nullopt;
    return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

std::optional<std::uint64_t> open_descriptors() {
    std::error_code error;
    const fs::directory_iterator folder{"/proc/self/fd", error};
    if (error) return std::nullopt;
    return static_cast<std::uint64_t>(std::distance(begin(folder), end(folder))) - 1;  // the folder's own
}

double in_seconds(const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

double seconds_since_1970() {
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

const double started = seconds_since_1970();

}  // namespace

ProcessFigures read_process_figures() {
    ProcessFigures made{.resident_bytes = resident_bytes(),
                        .descriptors = open_descriptors(),
                        .descriptors_max = {},
                        .cpu_seconds = {},
                        .started_seconds = started};
    if (rlimit limit{}; getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
        made.descriptors_max = limit.rlim_cur;
    if (rusage used{}; getrusage(RUSAGE_SELF, &used) == 0)
        made.cpu_seconds = in_seconds(used.ru_utime) + in_seconds(used.ru_stime);
    return made;
}

std::uint64_t database_bytes(const fs::path& file) {
    std::uint64_t bytes = 0;
    for (const auto* end : {"", "-wal"}) {
        std::error_code error;
        const auto size = fs::file_size(file.string() + end, error);
        if (!error) bytes += size;
    }
    return bytes;
}

}  // namespace davenport::node
