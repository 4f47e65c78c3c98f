#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <optional>
#include <thread>
#include <vector>

namespace davenport::sim::search {

/// As many threads as the machine has processors, unless told otherwise.
inline unsigned threads_or_all(unsigned wanted) {
    if (wanted > 0) return wanted;
    const auto have = std::thread::hardware_concurrency();
    return have > 0 ? have : 1;
}

/// Runs `work(thread)` on each of `threads` threads, this one included, and returns when all are done.
template <class Work>
void parallel_for(unsigned threads, const Work& work) {
    std::vector<std::jthread> others;
    for (unsigned i = 1; i < threads; ++i) others.emplace_back([&work, i] { work(i); });
    work(0u);
}

/// The lowest i below `count` for which `holds(i)`, asked from several threads at once; nothing if there is
/// none, or if `stop()` said so before it was found. The answer does not depend on how many threads there
/// are.
template <class Holds, class Stop>
std::optional<std::size_t> first_that(std::size_t count, unsigned threads, const Holds& holds,
                                      const Stop& stop) {
    std::atomic<std::size_t> next{0}, found{count};
    parallel_for(threads, [&](unsigned) {
        for (;;) {
            const auto i = next++;
            if (i >= found || stop()) return;
            if (!holds(i)) continue;
            for (auto known = found.load(); i < known && !found.compare_exchange_weak(known, i);) {
            }
        }
    });
    return found < count ? std::optional{found.load()} : std::nullopt;
}

}  // namespace davenport::sim::search
