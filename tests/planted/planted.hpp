#pragma once

#include <string>
#include <vector>

/// The bugs of bugs.txt, of which one at most is on. Each thread has its own.
namespace davenport::planted {

extern const std::vector<std::string> names;

inline thread_local int chosen = -1;  ///< the bug that is on; -1: none
inline thread_local std::vector<bool>
    asked;  ///< of each, whether its place was come to since this was cleared

/// Whether the bug is the one that is on.
inline bool on(int bug) {
    if (asked.size() <= static_cast<std::size_t>(bug)) asked.resize(static_cast<std::size_t>(bug) + 1);
    asked[static_cast<std::size_t>(bug)] = true;
    return chosen == bug;
}

}  // namespace davenport::planted
