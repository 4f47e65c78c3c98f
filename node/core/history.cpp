#include "node/core/history.hpp"

#include "node/core/frames.hpp"

#include <algorithm>
#include <functional>

namespace davenport::node {

void append_history_members(std::string& out, CommitQueue& commit_queue, std::string_view room,
                            std::string_view before, std::size_t limit, std::size_t bytes_max) {
    std::vector<base::ChatMessage> found;
    for (auto& entry : commit_queue.journal().page(room, before, limit + 1))
        if (entry.arrival <= commit_queue.watermark()) found.push_back(std::move(entry.message));
    const auto committed = found.size();
    for (const auto* pending : commit_queue.uncommitted(room))
        if (before.empty() || pending->entry.message.position() < before)
            found.push_back(pending->entry.message);
    if (found.size() > committed)
        std::ranges::sort(found, std::ranges::greater{}, &base::ChatMessage::position);
    const auto begin = out.size();
    out += "\"messages\":[";
    std::size_t count = 0;
    for (; count < std::min(limit, found.size()) && (count == 0 || out.size() - begin < bytes_max); ++count) {
        if (count != 0) out += ',';
        frames::append_page_item(out, found[count]);
    }
    out += found.size() > count ? "],\"more\":true" : "],\"more\":false";
}

}  // namespace davenport::node
