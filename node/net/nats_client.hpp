#pragma once

#include "node/base/nats.hpp"
#include "node/core/events.hpp"
#include "node/net/nats_servers.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace davenport::wire {
class Loop;
}

namespace davenport::node {

/// One connection to a NATS server, made again whenever it is lost, by cnats (Debian's libnats).
///
/// What cnats does that may take time is done in a thread of this class, and what cnats tells in threads of
/// its own is handed to the loop: all functions here return at once, and all events come in the loop's
/// thread, none of them during a call. What is asked goes out in the order of the calls. A program that is
/// built without libnats has no such client: see available().
///
/// Errors: while there is no connection every request fails at once; when it is lost, all that are under way
/// and all subscriptions do.
class NatsClient {
public:
    struct Events {
        std::function<void(FetchId, base::NatsMessage)> answered;
        std::function<void(FetchId, std::vector<base::NatsMessage>)> delivered;
        std::function<void(FetchId, std::string reason)> failed;
    };

    /// This program can speak to NATS servers.
    [[nodiscard]] static bool available();
    /// Throws std::invalid_argument with one line, also when it is not available. Does not connect.
    NatsClient(wire::Loop& loop, NatsServers servers, Events events);
    ~NatsClient();

    /// `message.reply` is chosen here.
    void ask(FetchId id, base::NatsMessage message);
    void subscribe(FetchId id, std::string subject);
    void publish(base::NatsMessage message);
    /// Nothing is told of `id` any more.
    void cancel(FetchId id);
    /// Goes on at another server, where one is known: the connection is lost.
    void change_server();
    /// Sends what was asked, subscribed and published since the last call: one write for all of it.
    void flush();

    /// Throws std::invalid_argument when the files that `servers` names cannot be used.
    static void check(const NatsServers& servers);

private:
    class Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace davenport::node
