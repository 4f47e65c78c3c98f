#pragma once

#include "node/core/clients/sessions.hpp"
#include "node/core/clients/sign_in.hpp"
#include "node/core/config.hpp"
#include "node/core/log/commit_queue.hpp"
#include "node/core/store/store.hpp"

#include <string>

namespace davenport::node {

/// Makes a session of a connection and welcomes it: what this node is, how the store is, and as whom it is
/// signed in.
class Greeter {
public:
    Greeter(const ChatConfig& config, const CommitQueue& log, const Store& store, const SignIn& sign_in,
            Sessions& sessions)
        : config_{&config}, log_{&log}, store_{&store}, sign_in_{&sign_in}, sessions_{&sessions} {}

    Session& open(const Turn& turn, SessionId id, std::string address, std::string user);
    /// The node is about to end: all clients are told, and those that come from now on.
    void say_goodbye();
    [[nodiscard]] bool ending() const { return ending_; }

private:
    const ChatConfig* config_;
    const CommitQueue* log_;
    const Store* store_;
    const SignIn* sign_in_;
    Sessions* sessions_;
    bool ending_ = false;
};

}  // namespace davenport::node
