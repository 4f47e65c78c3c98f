#pragma once

#include "couchmock/core/events.hpp"
#include "node/base/nats.hpp"
#include "node/core/events.hpp"
#include "sim/client/client_core.hpp"
#include "sim/orchestrator/events.hpp"

#include <cstdint>
#include <variant>
#include <vector>

/// Everything that can happen in the virtual world. An event for a process of an earlier life, or for a
/// connection that is gone, is dropped when its time comes.
namespace davenport::sim::virtual_world {

using NodeIndex = std::uint32_t;
using ClientIndex = std::uint32_t;
/// One WebSocket connection, or one HTTP request; also its session or exchange at the node.
using LinkId = std::uint64_t;

struct ToNode {
    NodeIndex node;
    std::uint32_t life;
    node::Event event;
};
struct NodeTimer {
    NodeIndex node;
    std::uint32_t life;
    node::TimerId timer;
    std::uint64_t setting;
};
struct DiskSynced {
    NodeIndex node;
    std::uint32_t life;
    std::uint64_t batch;
};
struct NodeStarts {
    NodeIndex node;
};
struct ToStore {
    couchmock::Event event;
    std::uint32_t store = 0;  ///< of several
};
struct StoreTimer {
    couchmock::TimerId timer;
    std::uint64_t setting;
    std::uint32_t store = 0;
};
/// What a node says on its connection to a NATS server.
struct StreamRequest {
    enum class Kind { message, subscribe, unsubscribe } kind = Kind::message;
    base::NatsMessage message{};  ///< of a subscription its subject
};
struct ToStream {
    NodeIndex node;
    std::uint64_t connection;
    StreamRequest request;
};
struct FromStream {  ///< at a node
    NodeIndex node;
    std::uint64_t connection;
    std::string inbox;
    base::NatsMessage message;
};
struct StreamTimer {
    std::uint64_t at;
};
struct StreamSilent {  ///< a node's pings have found that its connection is dead
    NodeIndex node;
    std::uint64_t connection;
};
struct ToClient {
    ClientIndex client;
    LinkId link;
    client::Event event;
};
struct FramesArrive {  ///< at a client
    ClientIndex client;
    LinkId link;
    base::FrameList frames;
};
struct ClientTimer {
    ClientIndex client;
    std::uint32_t timer;
    std::uint64_t setting;
};
struct ConnectArrives {  ///< a client's connection attempt, at a node
    ClientIndex client;
    LinkId link;
    NodeIndex node;
};
struct RequestArrives {  ///< a client's HTTP request, at a node
    ClientIndex client;
    std::uint64_t request;
    NodeIndex node;
    base::HttpRequest http;
};
struct ToOrchestrator {
    orchestrator::Event event;
};
struct OrchestratorTimer {
    std::uint64_t setting;
};
struct LinkLook {
    std::size_t fault;
};  ///< a fault that looks at connections again and again

/// The order is part of every event's hash: append only.
using Event = std::variant<ToNode, NodeTimer, DiskSynced, NodeStarts, ToStore, StoreTimer, ToClient,
                           FramesArrive, ClientTimer, ConnectArrives, ToOrchestrator, OrchestratorTimer,
                           RequestArrives, LinkLook, ToStream, FromStream, StreamTimer, StreamSilent>;

/// A hash over all that tells this event from another one.
std::uint64_t hash_of(const Event& event);
/// "to node", "timer of node", ...
std::string_view kind_of(const Event& event);

}  // namespace davenport::sim::virtual_world
