#pragma once

#include "node/base/json_view.hpp"
#include "node/core/clients/access.hpp"
#include "node/core/clients/change_handler.hpp"
#include "node/core/clients/client_frame.hpp"
#include "node/core/clients/history_reader.hpp"
#include "node/core/clients/members.hpp"
#include "node/core/clients/moderation_handler.hpp"
#include "node/core/clients/post_handler.hpp"
#include "node/core/clients/presence_tracker.hpp"
#include "node/core/clients/resume.hpp"
#include "node/core/clients/search_handler.hpp"

#include <string>
#include <string_view>

namespace davenport::node {

/// Reads what clients say over their sessions (node/PROTOCOL.md), and brings each frame to the machine that
/// knows. The counterpart of HttpHandler.
class FrameHandler {
public:
    FrameHandler(const ChatConfig& config, Sessions& sessions, Rooms& rooms, Resume& resume,
                 PresenceTracker& presence, SearchHandler& search, Members& members, PostHandler& posts,
                 ChangeHandler& changes, ModerationHandler& moderation, const Access& access,
                 NodeCounts& counts, HistoryReader& history);

    void on(Turn& turn, Session& session, std::string_view text);
    /// Ends that the session follows a room, or is on its way to, and tells it why.
    void put_out(Turn& turn, Session& session, const std::string& room, const Refusal& refusal);

private:
    void slow_down(Turn& turn, Session& session, const ClientFrame& frame, base::Duration wait);
    void turn_away(Turn& turn, Session& session, const ClientFrame& frame);
    void on_frame(Turn& turn, Session& session, Hello& frame);
    void on_frame(Turn& turn, Session& session, Join& frame);
    void on_frame(Turn& turn, Session& session, Leave& frame);
    void on_frame(Turn& turn, Session& session, PostFrame& frame);
    void on_frame(Turn& turn, Session& session, ChangeFrame& frame);
    void on_frame(Turn& turn, Session& session, BanFrame& frame);
    void on_frame(Turn& turn, Session& session, RoomFrame& frame);
    void on_frame(Turn& turn, Session& session, SetRoomFrame& frame);
    void on_frame(Turn& turn, Session& session, History& frame);
    void on_frame(Turn& turn, Session& session, SearchFrame& frame);
    void on_frame(Turn& turn, Session& session, const Ping& frame);
    void on_frame(Turn& turn, Session& session, Malformed& frame);
    /// True when the session may not read there, and has been told so.
    bool may_not_read(const Turn& turn, Session& session, std::string_view room);
    /// Whose rate it is that this session's posts count against.
    [[nodiscard]] std::string who_is_rated(const Session& session) const;

    const ChatConfig* config_;
    Sessions* sessions_;
    Rooms* rooms_;
    Resume* resume_;
    PresenceTracker* presence_;
    SearchHandler* search_;
    Members* members_;
    PostHandler* posts_;
    ChangeHandler* changes_;
    ModerationHandler* moderation_;
    const Access* access_;
    NodeCounts* counts_;
    HistoryReader* history_;
    base::JsonReader json_;
};

}  // namespace davenport::node
