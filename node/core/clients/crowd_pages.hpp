#pragma once

#include "node/base/frame.hpp"
#include "node/core/clients/page_reads.hpp"
#include "node/core/clients/room_page.hpp"
#include "node/core/clients/shown_rooms.hpp"
#include "node/core/log/commit_queue.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace davenport::node {

/// What many clients are sent alike, made and encoded once: right until something arrives, and forgotten
/// then.
class CrowdPages {
public:
    struct History {
        base::Frames frames;   ///< nullptr: too long for a batch of its own, see `messages`
        std::string newest{};  ///< position in it
        bool made_now = false;
        std::vector<base::ChatMessage> messages{};
    };
    using Ids = std::shared_ptr<const std::deque<std::string>>;

    CrowdPages(CommitQueue& log, const ShownRooms& rooms, std::size_t page_bytes_max)
        : page_bytes_max_{page_bytes_max}, log_{&log}, rooms_{&rooms} {}

    /// The newest `most` messages of a room, for who comes in afresh.
    [[nodiscard]] History history(const std::string& room, std::size_t most);
    /// What the store's page `answer` tells of a room, for clients that were shown all up to `newest` before,
    /// and `before` on this connection.
    [[nodiscard]] RoomPage::Shared page(const std::string& room, const std::string& newest,
                                        const RoomPage::Shared& before, const PageReads::Shared& answer);
    /// The ids above a position.
    [[nodiscard]] Ids newer(const std::string& room, const std::string& seen);
    void clear();

private:
    struct MadePage {
        PageReads::Shared answer;
        RoomPage::Shared before, page;
    };
    void forget_what_is_old();

    std::size_t page_bytes_max_;
    CommitQueue* log_;
    const ShownRooms* rooms_;
    /// By room and length.
    std::map<std::pair<std::string, std::size_t>, History> histories_;
    /// By room, and what its clients were shown before.
    std::map<std::pair<std::string, std::string>, MadePage> pages_;
    /// By room and position.
    std::map<std::pair<std::string, std::string>, Ids> newer_;
    std::uint64_t made_at_ = 0;  ///< the last arrival then
};

}  // namespace davenport::node
