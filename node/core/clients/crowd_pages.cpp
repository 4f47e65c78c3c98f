#include "node/core/clients/crowd_pages.hpp"

#include "node/core/clients/frames.hpp"

#include <utility>

namespace davenport::node {
namespace {

constexpr std::size_t made_max = 16;

}  // namespace

CrowdPages::History CrowdPages::history(const std::string& room, std::size_t most) {
    forget_what_is_old();
    const auto key = std::pair{room, most};
    if (const auto made = histories_.find(key); made != histories_.end()) return made->second;
    auto messages = rooms_->newest_of(room, most);
    std::size_t bytes = 0;
    for (const auto& message : messages) bytes += message.text().size();
    if (bytes >= page_bytes_max_)
        return {.frames = nullptr, .made_now = true, .messages = std::move(messages)};
    const auto frames = std::make_shared<base::FrameBatch>();
    History out{.frames = frames};
    for (const auto& message : messages) {
        if (message.user().empty()) {  // it is gone, and nobody here knows more of it
            frames::add(*frames, frames::Changed{message, 0});
            continue;
        }
        frames::add(*frames, frames::Message{message, 0, false});
        out.newest = message.position();
    }
    if (log_->watermark() == log_->last_arrival()) histories_.emplace(key, out);  // all of it is shown
    out.made_now = true;
    return out;
}

RoomPage::Shared CrowdPages::page(const std::string& room, const std::string& newest,
                                  const RoomPage::Shared& before, const PageReads::Shared& answer) {
    forget_what_is_old();
    const auto key = std::pair{room, newest};
    if (const auto made = pages_.find(key);
        made != pages_.end() && made->second.answer == answer && made->second.before == before)
        return made->second.page;
    std::vector<base::ChatMessage> messages;
    bool settled = true;  // no change of these is about to be shown
    for (const auto& message : answer->messages) {
        if (message.room() != room) continue;
        settled &= log_->changes().last(message.id()) == nullptr;
        messages.push_back(rooms_->as_known(message));
    }
    auto page = std::make_shared<const RoomPage>(std::move(messages), newest, before);
    if (settled) pages_.insert_or_assign(key, MadePage{answer, before, page});
    return page;
}

CrowdPages::Ids CrowdPages::newer(const std::string& room, const std::string& seen) {
    forget_what_is_old();
    auto& found = newer_[{room, seen}];
    if (!found) found = std::make_shared<const std::deque<std::string>>(rooms_->ids_above(room, seen));
    return found;
}

void CrowdPages::clear() {
    pages_.clear();
    newer_.clear();
    histories_.clear();
}

void CrowdPages::forget_what_is_old() {
    const auto arrived = log_->last_arrival();
    if (std::exchange(made_at_, arrived) == arrived &&
        pages_.size() + newer_.size() + histories_.size() <= made_max)
        return;
    clear();
}

}  // namespace davenport::node
