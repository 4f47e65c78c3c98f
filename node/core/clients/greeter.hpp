#pragma once

#include "node/core/clients/members.hpp"
#include "node/core/clients/sessions.hpp"
#include "node/core/config.hpp"
#include "node/core/log/commit_queue.hpp"
#include "node/core/store/store.hpp"

#include <string>

namespace davenport::node {

/// Makes a session of a connection and welcomes it: what this node is, how the store is, and as whom it is
/// signed in.
class Greeter {
public:
    Greeter(const ChatConfig& config, const CommitQueue& log, const Store& store, const Members& members,
            Sessions& sessions)
        : config_{&config}, log_{&log}, store_{&store}, members_{&members}, sessions_{&sessions} {}

    /// `pass`: as whom it is signed in; null: nobody, or nobody signs in here.
    Session& open(const Turn& turn, SessionId id, std::string address, Members::Pass pass);
    /// What it is to know before it joins.
    void tell(Session& session, const frames::RoomInfo& frame) { sessions_->tell(session, frame); }
    /// The node is about to end: all clients are told, and those that come from now on.
    void say_goodbye();
    [[nodiscard]] bool ending() const { return ending_; }

private:
    const ChatConfig* config_;
    const CommitQueue* log_;
    const Store* store_;
    const Members* members_;
    Sessions* sessions_;
    bool ending_ = false;
};

}  // namespace davenport::node
