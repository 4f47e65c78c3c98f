#pragma once

#include "sim/orchestrator/stream_control.hpp"
#include "sim/virtual/events.hpp"
#include "sim/virtual/model_cluster.hpp"
#include "sim/virtual/path.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace davenport::sim::virtual_world {

struct Parts;
class Node;

/// The NATS server of a run, or its cluster, in place of the mock, and the nodes' connections to it.
///
/// A node has one connection, to one server, made by whatever it asks first and ordered both ways. The
/// servers sync their disks as rarely as real ones do, so a power cut takes what came since.
class StreamStore : private orchestrator::StreamFaults {
public:
    explicit StreamStore(Parts& parts);

    // ---- the nodes
    void ask(Node& from, node::Ask request);
    void subscribe(Node& from, node::Subscribe request);
    void publish(Node& from, node::Publish request);
    void cancel(Node& from, node::FetchId id);
    void change_server(Node& from);
    void on(ToStream& e);
    void on(FromStream& e);
    void on(const StreamTimer& e);
    void on(const StreamSilent& e);

    // ---- the harness
    base::HttpResponse control(const base::HttpRequest& request) { return control_.ask(request); }
    /// All messages of the chat, as CouchDB's `_all_docs` with documents.
    [[nodiscard]] base::HttpResponse all_documents() const;

    // ---- what happens to a node's connection; each returns how many it met
    /// The node is gone.
    void abandon(Node& of);
    std::int64_t reset(Node& of);
    /// Nothing comes any more, and neither side is told; by its pings the node finds that out.
    std::int64_t silence(Node& of);
    std::int64_t cut_idle(Node& of, Duration idle, bool silently);
    [[nodiscard]] std::int64_t count(const Node& of) const;

private:
    using Number = ModelJetStream::ConnectionId;
    struct Connection {
        Number number = 0;
        std::uint32_t life = 0;
        ModelCluster::Server server = 0;
        bool silent = false;
        Time moved{};
        InOrder up{}, down{};
        std::set<node::FetchId> asks{};
        std::map<std::string, node::FetchId> subscriptions{};
    };

    /// Nullptr: the server does not listen, and the node is told so about `fetch`.
    Connection* connection_of(Node& from, node::FetchId fetch);
    [[nodiscard]] Connection* find(NodeIndex node, Number number);
    void send_up(Node& from, Connection& connection, StreamRequest request);
    void tell(ModelJetStream::Deliveries deliveries);
    void fail(Node& node, node::FetchId fetch, const char* reason);
    /// The node is told that all that was under way has failed.
    void cut(NodeIndex index, const char* reason);
    void cut_all(const char* reason);
    void watch_server();
    void take_held();
    /// A server that is cut off answers it by itself, or not now: it is held.
    bool answer_as_minority(ModelCluster::Server server, const ToStream& e);

    std::int64_t begin_fault(const StreamFault& fault) override;
    void end_fault(const StreamFault& fault) override;
    std::int64_t begin_at_one(const StreamFault& fault);
    void end_at_one(const StreamFault& fault);

    Parts& parts_;
    ModelCluster servers_;
    orchestrator::StreamControl control_{*this};
    std::map<NodeIndex, Connection> connections_;
    Number numbers_ = 0;
    int down_ = 0;                ///< faults that keep the server away
    int hangs_ = 0;               ///< faults that stop it for a while
    std::vector<ToStream> held_;  ///< what came meanwhile, there or at one server that hangs
    std::map<ModelCluster::Server, ModelJetStream::Deliveries> stuck_;  ///< in a server that hangs
    std::map<std::string, ModelCluster::Server> hit_;                   ///< by faults that are on
    /// What a server that was cut off still believes, if it led: it answers reads until it finds that it
    /// has lost the others.
    struct Minority {
        ModelJetStream stream;
        Time until;
    };
    std::map<ModelCluster::Server, Minority> minorities_;
    std::map<ModelCluster::Server, int> cuts_;
    std::optional<Time> alarm_;
    Time synced_at_{};
};

}  // namespace davenport::sim::virtual_world
