#pragma once

#include "node/base/nats.hpp"
#include "node/core/events.hpp"
#include "node/net/wire/loop.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace davenport::node {

/// Where a NATS server is, or the servers of a cluster, and how to get in.
struct NatsServers {
    bool tls = false;
    std::vector<std::string> addresses;  ///< "host:port", one at least; one is used while it answers
    std::string user{}, password{};      ///< empty: none
    std::string credentials_file{};      ///< of a JWT and its key, as `nsc` makes it; empty: none
    std::string ca_file{};  ///< of the authority of the servers' certificates; empty: the system's
    std::string name{};     ///< which the server shows for the connection

    /// Without user and password: what may be logged.
    [[nodiscard]] std::string url() const;
};

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

    /// Throws std::invalid_argument when the files that `servers` names cannot be used.
    static void check(const NatsServers& servers);

private:
    class Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace davenport::node
