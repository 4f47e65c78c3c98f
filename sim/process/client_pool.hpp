#pragma once

#include "sim/client/client_core.hpp"
#include "sim/orchestrator/wrong_clock.hpp"
#include "sim/process/alarms.hpp"
#include "sim/process/transport.hpp"

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace davenport::sim::process {

/// All simulated clients of a run: each a ClientCore behind a real WebSocket, or behind real HTTP requests.
class ClientPool {
public:
    /// Where clients find a node.
    struct Endpoint {
        std::uint16_t port = 0;   ///< of this machine; 0: no such node
        std::string authority{};  ///< the node's name and port, when that is not where the port is
        std::string prefix{};     ///< path under which a proxy has it
    };
    using EndpointOf = std::function<Endpoint(const std::string& client, const std::string& node)>;
    using OnRecord = std::function<void(const Record&)>;
    using OnHistory = std::function<void(const std::string& node, client::HistoryRead)>;

    ClientPool(Transport& transport, EndpointOf endpoint_of, OnRecord on_record, OnHistory on_history)
        : transport_{transport},
          endpoint_of_{std::move(endpoint_of)},
          on_record_{std::move(on_record)},
          on_history_{std::move(on_history)} {}

    /// Adds a client and lets it connect.
    void add(client::Config config);
    /// Adds one that reads the history of its rooms at its node, again after a lost connection, and is no
    /// part of the run: nothing that it sees is recorded. One of that name reads these rooms, too.
    void add_reader(client::Config config);

    void tell(const std::string& client, const client::Event& event);
    void hold_reading(const std::string& client, bool held);
    /// A fault of a client's clock begins or ends.
    void set_clock(std::size_t fault, const PlannedFault& planned, bool on);

    [[nodiscard]] bool settled() const;
    [[nodiscard]] std::optional<base::Time> next_alarm() const { return alarms_.next(); }
    void ring(base::Time now);
    /// Cuts all connections; nothing is told or recorded any more.
    void close();

private:
    struct Member {
        explicit Member(client::Config config) : node{config.node}, core{std::move(config)} {}
        std::string node;
        client::ClientCore core;
        std::shared_ptr<WebSocket> socket;
        orchestrator::WrongClock clock;
        bool held = false;
        std::vector<client::Answered> unheard;  ///< while it is held
        bool reader = false;
        bool welcome = false;  ///< a reader: its node has let it in
        std::set<std::string> to_read;
    };
    void perform(const std::string& name, Member& member, client::Effects effects);
    void connect(const std::string& name, Member& member, const std::string& node);
    void ask(const std::string& name, client::Ask request);
    void answer(const std::string& name, client::Answered answer);

    Transport& transport_;
    EndpointOf endpoint_of_;
    OnRecord on_record_;
    OnHistory on_history_;
    std::map<std::string, Member> members_;
    Alarms<std::pair<std::string, std::uint32_t>> alarms_;
};

}  // namespace davenport::sim::process
