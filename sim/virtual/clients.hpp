#pragma once

#include "node/base/json_view.hpp"
#include "sim/client/client_core.hpp"
#include "sim/orchestrator/wrong_clock.hpp"
#include "sim/virtual/path.hpp"
#include "sim/virtual/timers.hpp"

#include <deque>
#include <functional>
#include <string>
#include <vector>

namespace davenport::sim::virtual_world {

struct Parts;
class Node;

/// The simulated clients, and readers that ask a node for its history at the end of a run and are no part of
/// it: they follow no room, and nothing that they see is noted.
class Clients {
public:
    /// `on_record` is given every record of a client.
    Clients(Parts& parts, std::function<void(const Record&)> on_record)
        : parts_{parts}, on_record_{std::move(on_record)} {}

    void add(std::string name, const Node& home, std::vector<std::string> rooms, bool polling);
    void add_reader(const Node& of, std::vector<std::string> rooms);

    /// Nothing happens when there is no such client.
    void handle(const std::string& client, const client::Event& event);
    /// A client that does not read: what comes stays in the socket.
    void hold_reading(const std::string& client, bool held);
    /// A fault of a client's clock begins or ends.
    void set_clock(std::size_t fault, bool on);
    /// Whether ClientCore::settled() is true of all clients.
    [[nodiscard]] bool settled() const { return unsettled_ == 0; }

    /// As many as there are when there is none of that name.
    [[nodiscard]] ClientIndex find(const std::string& name) const;
    [[nodiscard]] const std::string& name(ClientIndex client) const { return clients_[client].name; }
    /// The connection that counts; 0: none.
    [[nodiscard]] LinkId link(ClientIndex client) const { return clients_[client].link; }
    /// A node writes `bytes` to the client's socket; `written` follows when the socket has room for them.
    void write_to_socket(ClientIndex client, std::size_t bytes, ToNode written);

    void on(ToClient& e);
    void on(FramesArrive& e);
    void on(ClientTimer& e);

private:
    struct Client {
        explicit Client(client::Config config) : name{config.name}, core{std::move(config)} {}
        std::string name;
        client::ClientCore core;
        LinkId link = 0;
        orchestrator::WrongClock clock;
        Timers<std::uint32_t> timers;
        bool reading = true;
        std::size_t unread_bytes = 0;
        std::vector<FramesArrive> unread;
        std::vector<client::Answered> unread_answers;
        std::vector<ToNode> unwritten;  ///< Written that waits for room in the socket
        std::string reads_node;         ///< of a reader; empty for the run's own clients
        std::vector<std::string> rooms_to_read;
        bool asking = false;  ///< a reader that has its welcome and asks
        bool settled = false;
    };

    void start(client::Config config, std::string reads_node, std::vector<std::string> rooms_to_read);
    void handle(ClientIndex client, const client::Event& event);
    void perform(ClientIndex client, client::Effects effects);
    void read(const FramesArrive& e);
    void read_next_room(ClientIndex client);
    [[nodiscard]] base::Now clocks(const Client& client) const;

    Parts& parts_;
    std::function<void(const Record&)> on_record_;
    std::deque<Client> clients_;
    std::size_t unsettled_ = 0;  ///< clients; readers are left out
    base::JsonReader json_;      ///< what it read lives until it reads again
};

}  // namespace davenport::sim::virtual_world
