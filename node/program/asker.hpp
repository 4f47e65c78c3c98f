#pragma once

#include "node/base/http.hpp"
#include "node/base/nats.hpp"
#include "node/net/nats_servers.hpp"
#include "node/net/wire/http_server.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace davenport::node::program {

/// Asks one server one thing after another, over a connection that is kept, and waits for each answer.
///
/// Threads: blocks the caller's, and uses no other.
class Asker {
public:
    /// `ca_file`: PEM of the authority that signed an https server's certificate; empty: the system's.
    Asker(const wire::HttpServer& server, const std::string& ca_file);
    ~Asker();

    struct Answer {
        std::optional<base::HttpResponse> response;
        std::string trouble{};  ///< why there is none, in one line
    };
    Answer ask(base::HttpRequest request, std::chrono::seconds within);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Asks a NATS server, over a connection that is kept, and waits for the answers.
///
/// Threads: blocks the caller's; see NatsClient for the others.
class StreamAsker {
public:
    /// Throws std::invalid_argument as NatsClient does.
    explicit StreamAsker(NatsServers servers);
    ~StreamAsker();

    struct Answers {
        /// In the order of what was asked; nothing where none came: done or not, nobody knows.
        std::vector<std::optional<base::NatsMessage>> messages;
        std::string trouble{};  ///< why one is missing, in one line
    };
    /// All at once.
    Answers ask(std::vector<base::NatsMessage> requests, std::chrono::seconds within);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace davenport::node::program
