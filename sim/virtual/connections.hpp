#pragma once

#include "sim/virtual/path.hpp"

#include <string>
#include <unordered_map>
#include <vector>

namespace davenport::sim::virtual_world {

struct Parts;
class Node;

/// What is open between clients and nodes: WebSocket connections, and HTTP requests of clients without one.
class Connections {
public:
    explicit Connections(Parts& parts) : parts_{parts} {}

    /// A client's attempt to connect; the connection counts from now on.
    LinkId open(ClientIndex client, const std::string& node);
    void on(ConnectArrives& e);
    void send_up(LinkId id, std::string frame);
    void send_down(Node& from, node::Send send);
    /// Ends a connection: `by_client` without a word to the client, else without a word to the node.
    void drop(LinkId id, bool by_client, const std::string& reason);

    /// A client's HTTP request; it is answered, or times out.
    void ask(ClientIndex client, client::Ask request);
    void on(RequestArrives& e);
    void respond(LinkId id, base::HttpResponse response);

    /// Breaks all connections of a node that is gone, or (`alive`) of one that notices. Returns how many.
    std::int64_t reset(Node& of, bool alive);
    [[nodiscard]] std::int64_t count(const Node& of) const;

private:
    struct Connection {
        ClientIndex client;
        NodeIndex node;
        std::uint32_t life;
        std::uint64_t request = 0;  ///< 0: a WebSocket
        InOrder up{}, down{};
    };

    Parts& parts_;
    std::unordered_map<LinkId, Connection> open_;  // looked up; walked only in order of id
    LinkId next_ = 1;
};

}  // namespace davenport::sim::virtual_world
