#pragma once

#include "node/core/log/history.hpp"
#include "node/core/store/store.hpp"

#include <cstddef>
#include <functional>
#include <string>

namespace davenport::node {

/// Reads a stretch of a room's history for a client: from the log, and while the node is catching up from the
/// store first, since what the log has may have holes then.
class HistoryReader {
public:
    HistoryReader(CommitQueue& log, Store& store) : log_{&log}, store_{&store} {}

    /// Called once, in this turn or a later one.
    using OnPage = std::function<void(Turn&, const HistoryPage&)>;
    void read(Turn& turn, const std::string& room, const std::string& before, std::size_t limit,
              OnPage on_page);

private:
    CommitQueue* log_;
    Store* store_;
    std::size_t under_way_ = 0;
};

}  // namespace davenport::node
