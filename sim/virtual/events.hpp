#pragma once

#include "couchmock/core/events.hpp"
#include "node/core/events.hpp"
#include "sim/client/client_core.hpp"
#include "sim/orchestrator/events.hpp"

#include <cstdint>
#include <variant>
#include <vector>

/// Everything that can happen in the virtual world. What is addressed to a process of an earlier life, or to
/// a connection that is gone, is dropped when its time comes.
namespace davenport::sim::virtual_world {

using NodeIndex = std::uint32_t;
using ClientIndex = std::uint32_t;
using LinkId = std::uint64_t;  ///< one WebSocket connection, or one HTTP request; also its session or
                               ///< exchange at the node

struct WrittenArrives {
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
struct StoreHears {
    couchmock::Event event;
};
struct StoreTimer {
    couchmock::TimerId timer;
    std::uint64_t setting;
};
struct ClientHears {
    ClientIndex client;
    LinkId link;
    client::Event event;
};
struct FramesArrive {
    ClientIndex client;
    LinkId link;
    base::FrameList frames;
};
struct ClientTimer {
    ClientIndex client;
    std::uint32_t timer;
    std::uint64_t setting;
};
struct ConnectArrives {
    ClientIndex client;
    LinkId link;
    NodeIndex node;
};  ///< a client's connection attempt arrives
struct RequestArrives {
    ClientIndex client;
    std::uint64_t request;
    NodeIndex node;
    base::HttpRequest http;
};  ///< a client's HTTP request arrives
struct Told {
    orchestrator::Event event;
};  ///< to the orchestrator
struct ConductTimer {
    std::uint64_t setting;
};

using Event =
    std::variant<WrittenArrives, NodeTimer, DiskSynced, NodeStarts, StoreHears, StoreTimer, ClientHears,
                 FramesArrive, ClientTimer, ConnectArrives, Told, ConductTimer, RequestArrives>;

/// A hash over all that tells this event from another one.
std::uint64_t hash_of(const Event& event);
/// "to node", "timer of node", ...
std::string_view kind_of(const Event& event);

}  // namespace davenport::sim::virtual_world
