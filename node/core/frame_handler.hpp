#pragma once

#include "node/core/client_frame.hpp"
#include "node/core/post_handler.hpp"
#include "node/core/presence_tracker.hpp"
#include "node/core/resume.hpp"
#include "node/core/search_handler.hpp"
#include "node/core/sign_in.hpp"

#include <string>
#include <string_view>

namespace davenport::node {

/// Reads what clients say over their sessions (node/PROTOCOL.md), and brings each frame to the machine that
/// knows. The counterpart of HttpHandler.
class FrameHandler {
public:
    FrameHandler(const ChatConfig& config, CommitQueue& commit_queue, Sessions& sessions, Rooms& rooms,
                 Resume& resume, PresenceTracker& presence, SearchHandler& search, SignIn& sign_in,
                 PostHandler& desk);

    void on(Turn& turn, Session& session, std::string_view text);

private:
    void turn_away(Turn& turn, Session& session, const ClientFrame& frame);
    void say(Turn& turn, Session& session, Hello& frame);
    void say(Turn& turn, Session& session, Join& frame);
    void say(Turn& turn, Session& session, Leave& frame);
    void say(Turn& turn, Session& session, PostFrame& frame);
    void say(Turn& turn, Session& session, History& frame);
    void say(Turn& turn, Session& session, SearchFrame& frame);
    void say(Turn& turn, Session& session, const Ping& frame);
    void say(Turn& turn, Session& session, Malformed& frame);

    const ChatConfig* config_;
    CommitQueue* commits_;
    Sessions* sessions_;
    Rooms* rooms_;
    Resume* resume_;
    PresenceTracker* presence_;
    SearchHandler* search_;
    SignIn* sign_in_;
    PostHandler* desk_;
    base::JsonReader json_;
};

}  // namespace davenport::node
