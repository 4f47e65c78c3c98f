#pragma once

#include "node/core/catch_up.hpp"
#include "node/core/client_frame.hpp"
#include "node/core/post_desk.hpp"
#include "node/core/presence_desk.hpp"
#include "node/core/search_desk.hpp"
#include "node/core/sign_in.hpp"

#include <string>
#include <string_view>

namespace node {

/// Reads what clients say over their sessions (node/PROTOCOL.md), and brings each frame to the machine that
/// knows. The counterpart of HttpDesk.
class FrameDesk {
public:
    FrameDesk(const ChatConfig& config, Ledger& ledger, Sessions& sessions, Rooms& rooms, CatchUp& catch_up,
              PresenceDesk& presence, SearchDesk& search, SignIn& sign_in, PostDesk& desk);

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
    Ledger* ledger_;
    Sessions* sessions_;
    Rooms* rooms_;
    CatchUp* catch_up_;
    PresenceDesk* presence_;
    SearchDesk* search_;
    SignIn* sign_in_;
    PostDesk* desk_;
    base::JsonReader json_;
};

}  // namespace node
