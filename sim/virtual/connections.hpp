#pragma once

#include "sim/virtual/own_link.hpp"
#include "sim/virtual/path.hpp"

#include <functional>
#include <map>
#include <optional>
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
    /// Has each node note what waits for its clients.
    void note_queues();
    /// Ends a connection: `by_client` without a word to the client, else without a word to the node.
    void drop(LinkId id, bool by_client, const std::string& reason);

    /// A client's HTTP request; it is answered, or times out.
    void ask(ClientIndex client, client::Ask request);
    void on(RequestArrives& e);
    void respond(LinkId id, base::HttpResponse response);

    /// Breaks all connections of a node that is gone, or (`alive`) of one that notices. Returns how many.
    std::int64_t reset(Node& of, bool alive);
    [[nodiscard]] std::int64_t count(const Node& of) const;

    /// Which connections a fault is about: those of a node, or those of a client.
    struct Which {
        const Node* node = nullptr;
        std::optional<ClientIndex> client{};
    };
    [[nodiscard]] std::int64_t count(const Which& which) const;
    std::int64_t reset(const Which& which);
    /// They fall silent: nothing gets through any more, and nobody is told. Returns how many.
    std::int64_t silence(const Which& which);
    /// The same, or a reset, for those on which nothing has moved for `idle`.
    std::int64_t cut_idle(const Which& which, Duration idle, bool silently);

    /// The client's own stretch; made when there is none yet.
    OwnLink& own_link(ClientIndex client) { return own_links_[client]; }
    /// Holds back what goes this way on it, or lets it go.
    void hold(ClientIndex client, Way way, bool held);

private:
    struct Connection {
        ClientIndex client;
        NodeIndex node;
        std::uint32_t life;
        std::uint64_t request = 0;  ///< 0: a WebSocket
        InOrder up{}, down{};
        Time moved{};            ///< when anything was last sent over it
        bool is_silent = false;  ///< half open
        std::size_t unsent = 0;  ///< bytes that its buffers hold for ever
    };

    /// By way of the client's own stretch, if it has one. `id`: of the connection, whose `order` it keeps.
    template <class E>
    void send(Way way, Node& node, ClientIndex client, LinkId id, InOrder& order, std::size_t bytes,
              E&& event);
    [[nodiscard]] std::vector<LinkId> find(const Which& which,
                                           const std::function<bool(const Connection&)>& also) const;
    void reset(LinkId id, bool alive);
    void silence(LinkId id);

    Parts& parts_;
    std::unordered_map<LinkId, Connection> open_;  // looked up; walked only in order of id
    std::map<ClientIndex, OwnLink> own_links_;
    LinkId next_ = 1;
};

}  // namespace davenport::sim::virtual_world
