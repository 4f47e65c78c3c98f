#include "node/core/clients/room_page.hpp"

#include "node/base/change.hpp"
#include "node/core/clients/frames.hpp"

#include <utility>

namespace davenport::node {

RoomPage::RoomPage(std::vector<base::ChatMessage> messages, std::string shown, Shared before)
    : messages_{std::move(messages)}, shown_{std::move(shown)}, before_{std::move(before)} {
    auto batch = std::make_shared<base::FrameBatch>();
    for (const auto& message : messages_) {
        const auto sent = version_of(message.id());
        if (sent && (!message.changed() || base::version_of(message) <= *sent)) continue;
        // Of one that is gone without a user nobody here knows more.
        if (message.user().empty() || (message.changed() && sent)) {
            frames::add(*batch, frames::Changed{message, 0});
        } else {
            const bool late = message.position() < shown_;
            frames::add(*batch, frames::Message{message, 0, late});
            if (!late) shown_ = message.position();
        }
        versions_.insert_or_assign(message.id(), base::version_of(message));
    }
    frames_ = std::move(batch);
}

std::optional<std::string_view> RoomPage::version_of(std::string_view id) const {
    for (const auto* page = this; page; page = page->before_.get())
        if (const auto found = page->versions_.find(id); found != page->versions_.end()) return found->second;
    return std::nullopt;
}

}  // namespace davenport::node
