#include "sim/process/descriptors.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <sys/resource.h>

namespace davenport::sim::process {

std::string provide_descriptors(std::uint64_t wanted) {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return {};  // then it shows when there are too few
    if (limit.rlim_cur < limit.rlim_max) {
        const auto before = limit.rlim_cur;
        limit.rlim_cur = limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0) limit.rlim_cur = before;
    }
    if (limit.rlim_cur >= wanted) return {};
    return fmt::format(
        "the run needs about {} file descriptors, and may have {}: take fewer clients, or raise the limit "
        "(ulimit -n)",
        wanted, limit.rlim_cur);
}

}  // namespace davenport::sim::process
