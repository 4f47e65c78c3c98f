#pragma once

#include "node/base/journal.hpp"
#include "node/base/time.hpp"
#include "node/core/node_counts.hpp"
#include "node/net/wire/acceptor.hpp"

#include <functional>
#include <memory>
#include <string>

namespace davenport::node {

/// What Prometheus is told of a node (https://prometheus.io/docs/instrumenting/exposition_formats/).
///
/// Threads: one.
class Metrics {
public:
    /// Tells `version` with the rest, and the size of the journal in file `journal`.
    Metrics(const std::string& version, std::string journal);
    ~Metrics();

    void committed(base::Duration took);
    /// What the node now knows of what was said elsewhere, `now`. What is old (a node catches up, a store was
    /// restored) is no lag and not counted; neither is what was accepted here.
    void learnt(const base::JournalBatch& batch, base::WallTime now);
    /// `status` 0: there was no answer.
    void store_answered(int status, base::Duration took);

    /// All of it, in the text format, with `counts` as they are now; reads a few small files of /proc.
    [[nodiscard]] std::string text(const NodeCounts& counts);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// A door for whoever watches the node, apart from that of its clients: GET /metrics.
///
/// Threads: the loop's. Errors: std::runtime_error with one line when the address cannot be had.
class MetricsServer {
public:
    MetricsServer(wire::Loop& loop, const wire::asio::ip::tcp::endpoint& listen,
                  std::function<std::string()> text);
    ~MetricsServer();

    [[nodiscard]] std::uint16_t port() const { return acceptor_.port(); }

private:
    std::shared_ptr<std::function<std::string()>> text_;
    wire::Acceptor acceptor_;
};

}  // namespace davenport::node
