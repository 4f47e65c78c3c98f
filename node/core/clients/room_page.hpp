#pragma once

#include "node/base/chat_message.hpp"
#include "node/base/frame.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace davenport::node {

/// What a page of the store tells of one room, as it is sent to clients that were sent the same before:
/// encoded once for a whole crowd, whose clients share it.
class RoomPage {
public:
    using Shared = std::shared_ptr<const RoomPage>;
    /// `messages`: in the order in which they are to be sent. `shown`: the highest position that the clients
    /// were shown before, empty for none; what is below it comes to them as late. `before`: what they were
    /// sent on the same connection, and are not sent again; nullptr for nothing.
    RoomPage(std::vector<base::ChatMessage> messages, std::string shown, Shared before);
    RoomPage(const RoomPage&) = delete;
    RoomPage& operator=(const RoomPage&) = delete;

    [[nodiscard]] const base::Frames& frames() const { return frames_; }
    /// The highest position that they have been shown then.
    [[nodiscard]] const std::string& shown() const { return shown_; }
    /// The version (see base::version_of()) in which they were sent the message, by this page or one before;
    /// nothing when they were not.
    [[nodiscard]] std::optional<std::string_view> version_of(std::string_view id) const;

private:
    std::vector<base::ChatMessage> messages_;
    std::unordered_map<std::string_view, std::string> versions_;  ///< by ids of the messages
    base::Frames frames_;
    std::string shown_;
    Shared before_;
};

}  // namespace davenport::node
