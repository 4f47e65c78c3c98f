#pragma once

#include "node/base/journal.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace davenport::node {

/// Which journal this is, and which of its lives: what tells a journal that went back (a copy that was put
/// back, a snapshot, a clone) from one that only went on.
///
/// An arrival number names a message only together with the journal's uuid and the life in which it was told.
class JournalIdentity {
public:
    explicit JournalIdentity(base::JournalView& journal)
        : uuid_{journal.state().uuid}, runs_{journal.runs()} {}

    [[nodiscard]] const std::string& uuid() const { return uuid_; }
    /// This life; empty in a world that keeps no account of them.
    [[nodiscard]] std::string_view run() const {
        return runs_.empty() ? std::string_view{} : std::string_view{runs_.back().id};
    }
    [[nodiscard]] bool knows_run(std::string_view run) const;
    /// True when arrival `n`, as it was told in `run`, is of this journal's own past. `newest`: the last
    /// arrival of this life. An empty `run` is one before lives were told apart.
    [[nodiscard]] bool has_passed(std::string_view run, std::uint64_t n, std::uint64_t newest) const;
    void rename(std::string uuid) { uuid_ = std::move(uuid); }

private:
    std::string uuid_;
    std::vector<base::JournalRun> runs_;
};

}  // namespace davenport::node
