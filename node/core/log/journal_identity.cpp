#include "node/core/log/journal_identity.hpp"

#include <algorithm>

namespace davenport::node {

bool JournalIdentity::knows_run(std::string_view run) const {
    return std::ranges::find(runs_, run, &base::JournalRun::id) != runs_.end();
}

bool JournalIdentity::has_passed(std::string_view run, std::uint64_t n, std::uint64_t newest) const {
    auto next = runs_.begin();
    if (!run.empty()) {
        next = std::ranges::find(runs_, run, &base::JournalRun::id);
        if (next == runs_.end()) return false;
        ++next;
    }
    // What was told in a life ends where the next one began: more was told only before the journal went back.
    return n <= (next == runs_.end() ? newest : next->after);
}

}  // namespace davenport::node
