#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "couchmock/core/mock.hpp"
#include "node/core/chat_core.hpp"
#include "node/core/model_journal.hpp"
#include "sim/virtual/events.hpp"
#include "sim/virtual/timeline.hpp"
#include "sim/world.hpp"

namespace sim::virtual_world {

/// The link between one node and its clients, or one node and the store, as faults have it at the moment.
/// What is sent while a direction is held waits, in order, and goes on its way when it is let go: bytes of a
/// connection are late or lost with it, never lost alone.
struct Path {
    Link link;
    Duration extra{};       ///< added to every latency
    bool up_held = false;   ///< towards the node, or towards the store
    bool down_held = false;
    std::vector<std::pair<Duration, Event>> up_waiting;  ///< with the time it would have taken
    std::vector<std::pair<Duration, Event>> down_waiting;
};

/// A node's process: alive, paused, or gone, with the disk that outlives it.
struct VirtualNode {
    std::string name;
    std::optional<node::ChatCore> core;  ///< empty: not running
    std::unique_ptr<node::ModelJournal> journal;
    std::uint32_t life = 0;              ///< counts starts; what was meant for an earlier one is dropped
    bool paused = false;
    bool stopping = false;
    bool disk_full = false;
    std::vector<Event> held;             ///< what came while it was paused
    Duration clock_offset{};
    std::map<node::TimerId, std::uint64_t> timers;  ///< the setting that counts
    std::map<std::uint64_t, base::JournalBatch> failed;
    Path to_clients;
    Path to_store;
    std::string store_state;             ///< as last told to clients, for the history
    std::size_t backlog_noted = 0;
};

struct VirtualClient {
    std::string name;
    std::unique_ptr<client::ClientCore> core;
    LinkId link = 0;                     ///< the connection that counts; 0: none
    std::map<std::uint32_t, std::uint64_t> timers;
    Duration slow{};                     ///< how long it takes to read each write
    bool probe = false;                  ///< reads histories at the end; not a part of the run
};

/// One WebSocket connection.
struct Connection {
    ClientIndex client;
    NodeIndex node;
    std::uint32_t life;
    InOrder up, down;
};

/// One request of a node to the store.
struct Exchange {
    NodeIndex node;
    std::uint32_t life;
    node::FetchId fetch;
    bool stream;
    bool chunked = false;
    base::HttpResponse answer;  ///< gathered, when the node wants it whole
    InOrder down;
};

/// All cores of a run in one process and one thread, in virtual time.
///
/// Everything that happens is an event on one timeline; nothing else moves. Latencies and disk times are drawn from generators of
/// their own, so the same plan gives the same events, bit for bit, on every machine.
class World {
public:
    World(const Scenario& scenario, const Plan& plan, HistorySink& sink, const WorldOptions& options);
    WorldResult run();

private:
    // world.cpp: the loop
    void handle(Event event);
    void trace(const Event& event);
    [[nodiscard]] std::string target_of(const Event& event) const;
    [[nodiscard]] base::Now now_for(const VirtualNode& node) const { return {now_, wall() + node.clock_offset}; }
    [[nodiscard]] base::WallTime wall() const;
    void at(Time time, Event event) { timeline_.add(time, std::move(event)); }
    void soon(Duration after, Event event) { timeline_.add(now_ + after, std::move(event)); }
    void note(Record record);

    // nodes.cpp: processes and disks
    void add_node(std::string name);
    void start_node(NodeIndex index);
    void end_node(NodeIndex index, std::string_view state);  ///< it is gone, now: connections break, unsynced writes are lost
    void pause_node(NodeIndex index, bool paused);
    void wipe_node(NodeIndex index);
    void tell_node(NodeIndex index, node::Event event);
    void perform(NodeIndex index, node::Effects effects);
    void on(NodeHears& e);
    void on(NodeTimer& e);
    void on(DiskSynced& e);
    void on(NodeStarts& e);
    [[nodiscard]] VirtualNode* living(NodeIndex index, std::uint32_t life);
    bool hold_if_paused(NodeIndex index, Event event);

    // store.cpp: the mock and the requests to it
    void fetch(NodeIndex index, node::Fetch request);
    void cancel_fetch(NodeIndex index, node::FetchId id);
    void tell_store(couchmock::Event event);
    void perform(couchmock::Effects effects);
    void answer(couchmock::ExchangeId id, node::Event event, std::size_t bytes);
    void finish(couchmock::ExchangeId id);
    void to_store(NodeIndex index, couchmock::Event event, std::size_t bytes);
    /// A request that no link delays and no fault touches; the answer is there at once.
    base::HttpResponse ask_store(base::HttpRequest request);
    void on(StoreHears& e);
    void on(StoreTimer& e);

    // clients.cpp: clients and their connections
    ClientIndex add_client(std::string name, NodeIndex home, std::vector<std::string> rooms);
    void tell_client(ClientIndex index, const client::Event& event);
    void perform(ClientIndex index, client::Effects effects);
    void connect(ClientIndex index, const std::string& node);
    void drop_link(LinkId id, bool tell_node, const std::string& reason);
    void on(ClientHears& e);
    void on(ClientGets& e);
    void on(ClientTimer& e);
    void on(Knock& e);
    void on(SendDue& e);
    /// Sends an event along one direction of a path, or holds it there.
    void travel(Path& path, bool up, InOrder& order, std::size_t bytes, Event event);

    // faults.cpp: the plan's actions
    void on(ActionDue& e);
    void begin(const PlannedFault& fault);
    void end(const PlannedFault& fault);
    void begin_node_fault(const PlannedFault& fault);
    void begin_client_fault(const PlannedFault& fault);
    void set_link_fault(const PlannedFault& fault, bool on);
    void set_held(Path& path, bool up, bool down);
    void note_fault(What what, const PlannedFault& fault, std::int64_t touched);
    [[nodiscard]] NodeIndex node_of(const PlannedFault& fault) const;

    // finale.cpp: samples, healing, and what is left behind
    void on(Look& e);
    void heal();
    [[nodiscard]] bool converged();
    void start_probes();
    void read_store();

    const Scenario& scenario_;
    const Plan& plan_;
    HistorySink& sink_;
    const WorldOptions& options_;
    Time start_{std::chrono::hours{1}};  ///< not zero, so that nobody takes a time for a duration
    Time now_ = start_;
    base::Random links_, disks_, faults_;
    Timeline<Event> timeline_;
    couchmock::Mock store_;
    bool store_listens_ = true;
    std::vector<VirtualNode> nodes_;
    std::vector<VirtualClient> clients_;
    std::unordered_map<LinkId, Connection> connections_;                      // looked up; walked only in order of id
    std::map<couchmock::ExchangeId, Exchange> exchanges_;
    std::map<couchmock::TimerId, std::uint64_t> store_timers_;
    std::map<couchmock::ExchangeId, base::HttpResponse> control_answers_;
    std::uint64_t settings_ = 0;
    std::uint64_t next_link_ = 1;
    std::uint64_t next_exchange_ = 1;
    std::map<std::string, std::int64_t> touched_;  ///< by fault name, for those that the store does not count
    std::vector<std::size_t> open_faults_;  ///< in Plan::faults, in the order in which they began
    Time last_shown_{};
    bool healing_ = false;
    bool finishing_ = false;
    int probes_reading_ = 0;
    bool done_ = false;
    WorldResult result_;
};

}  // namespace sim::virtual_world
