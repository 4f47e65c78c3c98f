#pragma once

// node/net, the node's shell: performs the core's effects on real sockets, a real disk and a real clock, and
// decides nothing that the core could decide. What knows neither chat nor store lives in node/net/wire.

#include "node/core/chat_core.hpp"
#include "node/net/chat_server.hpp"
#include "node/net/nats_client.hpp"
#include "node/net/wire/http_client.hpp"
#include "node/net/wire/loop.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace davenport::node {

/// A running node: its core with a disk, a store, clients and a clock.
///
/// Threads: the loop's, but for the journal's writer, which posts to the loop.
class ChatDriver {
public:
    struct Config {
        ChatConfig core;
        ChatServer::Config server;
        std::vector<wire::HttpServer> stores;  ///< as many as ChatConfig has
        std::string store_ca_file;
        std::optional<NatsServers> nats;  ///< in place of `stores`, where ChatConfig has a stream
        std::string journal_path;
        std::optional<wire::asio::ip::tcp::endpoint> metrics;  ///< where Prometheus finds them
        std::string version;                                   ///< which they tell
    };
    using LogLine = std::function<void(Log::Level, const std::string&)>;

    /// Opens the journal, listens, and starts the core. Throws base::JournalError, std::runtime_error or
    /// std::invalid_argument with one line that names the remedy. A store that can't be reached is no error.
    ChatDriver(wire::Loop& loop, Config config, LogLine log);
    ~ChatDriver();

    [[nodiscard]] std::uint16_t port() const;
    /// 0: there is none.
    [[nodiscard]] std::uint16_t metrics_port() const;

    [[nodiscard]] NodeCounts counts() const;

    /// As ChatServer's.
    void reload_certificate();

    /// Clients are told to go on elsewhere, what was accepted is written, and then the loop is stopped.
    void drain();

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace davenport::node
