#include "node/core/log/history.hpp"

#include "node/base/change.hpp"
#include "node/base/mark.hpp"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <utility>

namespace davenport::node {

void with_shown_changes(CommitQueue& log, std::vector<base::ChatMessage>& messages) {
    auto& changes = log.changes();
    if (changes.empty()) return;
    for (auto& message : messages) {
        const auto* all = changes.of(message.id());
        if (!all) continue;
        for (const auto& change : *all)
            if (change.shown && base::compare_states(change.entry.message, message) > 0) {
                DAVENPORT_MARK("a change that is not on the disk yet is shown in a history");
                message = change.entry.message;
            }
    }
}

HistoryPage read_history(CommitQueue& log, std::string_view room, std::string_view before,
                         std::size_t limit) {
    HistoryPage page;
    auto& found = page.messages;
    for (auto& entry : log.journal().page(room, before, limit + 1))
        if (entry.first_arrival() <= log.watermark()) found.push_back(std::move(entry.message));
    const auto committed = found.size();
    for (const auto* pending : log.uncommitted(room))
        if (!pending->entry.is_change() && (before.empty() || pending->entry.message.position() < before))
            found.push_back(pending->entry.message);
    with_shown_changes(log, found);
    if (found.size() > committed) DAVENPORT_MARK("a page of history has what is not on the disk yet");
    if (found.size() > committed)
        std::ranges::sort(found, std::ranges::greater{}, &base::ChatMessage::position);
    page.more = found.size() > limit;
    if (page.more) found.resize(limit);
    return page;
}

}  // namespace davenport::node
