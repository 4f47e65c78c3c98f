#include "node/core/log/history.hpp"

#include <algorithm>
#include <functional>
#include <utility>

namespace davenport::node {

HistoryPage read_history(CommitQueue& log, std::string_view room, std::string_view before,
                         std::size_t limit) {
    HistoryPage page;
    auto& found = page.messages;
    for (auto& entry : log.journal().page(room, before, limit + 1))
        if (entry.arrival <= log.watermark()) found.push_back(std::move(entry.message));
    const auto committed = found.size();
    for (const auto* pending : log.uncommitted(room))
        if (before.empty() || pending->entry.message.position() < before)
            found.push_back(pending->entry.message);
    if (found.size() > committed)
        std::ranges::sort(found, std::ranges::greater{}, &base::ChatMessage::position);
    page.more = found.size() > limit;
    if (page.more) found.resize(limit);
    return page;
}

}  // namespace davenport::node
