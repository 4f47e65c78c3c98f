#pragma once

#include "couchmock/core/mock.hpp"
#include "node/base/json_view.hpp"
#include "node/core/chat_core.hpp"
#include "sim/orchestrator/orchestrator.hpp"
#include "sim/virtual/events.hpp"
#include "sim/virtual/model_journal.hpp"
#include "sim/virtual/timeline.hpp"
#include "sim/world.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace davenport::sim::virtual_world {

/// The link between one node and its clients, or one node and the store, as faults have it at the moment.
/// What is sent while a direction is held waits, in order, and goes on its way when it is let go: bytes of a
/// connection are late or lost with it, never lost alone.
struct Path {
    Link link;
    Duration extra{};      ///< added to every latency
    bool up_held = false;  ///< towards the node, or towards the store
    bool down_held = false;
    std::vector<std::pair<Duration, Event>> up_waiting;  ///< with the time it would have taken
    std::vector<std::pair<Duration, Event>> down_waiting;
    Time up_not_before{};  ///< what was let go arrives until then: nothing that is sent later may overtake it
    Time down_not_before{};
};

/// A node's process: alive, paused, or gone, with the disk that outlives it.
struct VirtualNode {
    std::string name;
    std::optional<node::ChatCore> core;  ///< empty: not running
    std::unique_ptr<ModelJournal> journal;
    std::uint32_t life = 0;  ///< counts starts; what was meant for an earlier one is dropped
    bool paused = false;
    bool stopping = false;
    bool disk_full = false;
    std::int64_t commits_until_failure = 0;        ///< the one that makes it 0 fails; -1: it has failed
    std::map<std::string, std::int64_t> requests;  ///< to the store, by status, since they were last noted
    std::vector<Event> held;                       ///< what came while it was paused
    std::size_t kept_connections = 0;  ///< to the store, idle: a request takes one, or opens another
    Duration clock_offset{};
    std::map<node::TimerId, std::uint64_t> timers;  ///< the setting that counts
    Path to_clients;
    Path to_store;
};

struct VirtualClient {
    std::string name;
    std::unique_ptr<client::ClientCore> core;
    LinkId link = 0;  ///< the connection that counts; 0: none
    std::map<std::uint32_t, std::uint64_t> timers;
    bool reading = true;  ///< false: what comes stays in the socket
    std::size_t unread_bytes = 0;
    std::vector<FramesArrive> unread;
    std::vector<client::Answered> unheard;  ///< likewise, to requests
    std::vector<WrittenArrives> unwritten;  ///< Written that waits for room in the socket
    std::string probes;  ///< the node whose history it reads at the end; empty for the run's own clients
    std::vector<std::string> rooms_to_read;
    bool probing = false;  ///< it has its welcome and asks
    bool settled = false;
};

/// One WebSocket connection, or one HTTP request.
struct Connection {
    ClientIndex client;
    NodeIndex node;
    std::uint32_t life;
    InOrder up, down;
    std::uint64_t request = 0;  ///< 0: a WebSocket
};

/// One request of a node to the store.
struct Exchange {
    NodeIndex node;
    std::uint32_t life;
    node::FetchId fetch;
    bool stream;
    bool chunked = false;
    base::HttpResponse answer{};  ///< gathered, when the node wants it whole
    InOrder down{};
};

/// All cores of a run in one process and one thread, in virtual time.
///
/// Everything that happens is an event on one timeline; nothing else moves. Latencies and disk times are
/// drawn from generators of their own, so the same plan gives the same events, bit for bit, on every machine.
class World {
public:
    World(const Scenario& scenario, const Plan& plan, HistorySink& sink, const WorldOptions& options);
    WorldResult run();

private:
    // world.cpp: the loop
    void handle(Event& event);
    void trace(const Event& event);
    [[nodiscard]] std::string target_of(const Event& event) const;
    [[nodiscard]] base::Now now_for(const VirtualNode& node) const {
        return {now_, wall() + node.clock_offset};
    }
    [[nodiscard]] base::WallTime wall() const;
    template <class E>
    void at(Time time, E&& event) {
        timeline_.add(time, std::forward<E>(event));
    }
    template <class E>
    void soon(Duration after, E&& event) {
        timeline_.add(now_ + after, std::forward<E>(event));
    }
    void note(const Record& record);  ///< what a client saw

    // nodes.cpp: processes and disks
    NodeIndex add_node(std::string name);
    void start_node(NodeIndex index);
    void end_node(NodeIndex index);  ///< it is gone, now: connections break, unsynced writes are lost
    void pause_node(NodeIndex index, bool paused);
    void wipe_node(NodeIndex index);
    void tell_node(NodeIndex index, node::Event&& event);
    void perform(NodeIndex index, node::Effects effects);
    void on(WrittenArrives& e);
    void on(NodeTimer& e);
    void on(DiskSynced& e);
    void on(NodeStarts& e);
    [[nodiscard]] VirtualNode* living(NodeIndex index, std::uint32_t life);
    template <class E>
    bool hold_if_paused(NodeIndex index, E&& event) {
        if (!nodes_[index].paused) return false;
        nodes_[index].held.emplace_back(std::forward<E>(event));
        return true;
    }

    // store.cpp: the mock and the requests to it
    void fetch(NodeIndex index, node::Fetch request);
    void cancel_fetch(NodeIndex index, node::FetchId id);
    void tell_store(couchmock::Event&& event);
    void perform(couchmock::Effects effects);
    /// `event`: one of those with a `fetch`, which is filled in; it takes as long as `bytes` take.
    template <class E>
    void answer(couchmock::ExchangeId id, E&& event, std::size_t bytes) {
        const auto found = exchanges_.find(id);
        if (found == exchanges_.end()) return;
        auto& exchange = found->second;
        event.fetch = exchange.fetch;
        travel(nodes_[exchange.node].to_store, false, exchange.down, bytes,
               WrittenArrives{exchange.node, exchange.life, std::forward<E>(event)});
    }
    void finish(couchmock::ExchangeId id, bool connection_lives);
    void stream(couchmock::ExchangeId id, std::string bytes);
    template <class E>
    void to_store(NodeIndex index, E&& event, std::size_t bytes) {
        InOrder alone;  // requests come on connections of their own: only an answer's pieces have an order
        travel(nodes_[index].to_store, true, alone, bytes, StoreHears{std::forward<E>(event)});
    }
    /// A request that no link delays and no fault touches; the answer is there at once.
    base::HttpResponse ask_store(base::HttpRequest request);
    bool take_asked(couchmock::Effect& effect);
    void count_request(NodeIndex index, std::string_view status) {
        ++nodes_[index].requests[std::string{status}];
    }
    void note_requests();
    void on(StoreHears& e);
    void on(StoreTimer& e);

    // clients.cpp: clients and their connections
    ClientIndex add_client(std::string name, NodeIndex home, std::vector<std::string> rooms,
                           bool polling = false);
    void tell_client(ClientIndex index, const client::Event& event);
    void perform(ClientIndex index, client::Effects effects);
    void connect(ClientIndex index, const std::string& node);
    void drop_link(LinkId id, bool tell_node, const std::string& reason);
    void on(ClientHears& e);
    void on(FramesArrive& e);
    void read(const FramesArrive& e);
    void on(ClientTimer& e);
    void on(ConnectArrives& e);

    // requests.cpp: what clients without a WebSocket ask
    void ask(ClientIndex index, client::Ask request);
    void respond(LinkId id, base::HttpResponse response);
    void on(RequestArrives& e);

    /// Sends an event along one direction of a path, or holds it there.
    template <class E>
    void travel(Path& path, bool up, InOrder& order, std::size_t bytes, E&& event) {
        const auto arrives = std::max(order.arrival(now_, path.link, path.extra, bytes, links_),
                                      up ? path.up_not_before : path.down_not_before);
        if (up ? path.up_held : path.down_held) {
            (up ? path.up_waiting : path.down_waiting).emplace_back(arrives - now_, std::forward<E>(event));
        } else {
            at(arrives, std::forward<E>(event));
        }
    }

    // stage.cpp: what the orchestrator asks for
    void conduct(orchestrator::Effects effects);
    void on(const orchestrator::SetTimer& e);
    void on(const orchestrator::Act& e);
    void on(const orchestrator::Tell& e);
    void on(const orchestrator::HoldReading& e);
    void on(const orchestrator::AddClient& e);
    void on(const orchestrator::AskControl& e) { soon(Duration{0}, answered(e.request, ask_store(e.http))); }
    void on(const orchestrator::AskStore& e);
    void on(const orchestrator::AskBacklog& e);
    void on(const orchestrator::AskHistory& e);
    void on(const orchestrator::SetHost& e);
    void on(const orchestrator::RestartStore&) {}  // the mock does it here
    void on(const orchestrator::Note& e) { sink_.add(e.record); }
    void on(const orchestrator::Finished& e);
    void on(Told& e);
    void on(ConductTimer& e);
    static Event answered(orchestrator::RequestId request, base::HttpResponse response);
    void read_next_room(ClientIndex index);
    [[nodiscard]] NodeIndex node_named(std::string_view name) const;

    // links.cpp: bad links
    void on(const orchestrator::SetLink& e);
    std::int64_t set_path(NodeIndex index, const PlannedFault& fault, bool on);
    std::int64_t reset_links(NodeIndex index, bool to_clients);
    void set_held(Path& path, bool up, bool down);
    [[nodiscard]] Link link_between(const std::string& ends) const;

    const Scenario& scenario_;
    const Plan& plan_;
    HistorySink& sink_;
    const WorldOptions& options_;
    Time start_{std::chrono::hours{1}};  ///< not zero, so that nobody takes a time for a duration
    Time now_ = start_;
    base::Random links_, disks_, slices_;
    Timeline<Event> timeline_;
    couchmock::Mock store_;
    bool store_listens_ = true;
    std::vector<VirtualNode> nodes_;
    std::vector<VirtualClient> clients_;
    std::unordered_map<LinkId, Connection> connections_;  // looked up; walked only in order of id
    std::map<couchmock::ExchangeId, Exchange> exchanges_;
    std::map<couchmock::TimerId, std::uint64_t> store_timers_;
    couchmock::ExchangeId asked_ = 0;  ///< the harness's own request that is being answered
    base::HttpResponse asked_answer_;
    bool asked_more_ = false;  ///< its answer comes in pieces, and the next one is due
    std::uint64_t settings_ = 0;
    base::JsonReader json_;  ///< what it read lives until it reads again
    std::uint64_t next_link_ = 1;
    std::uint64_t next_exchange_ = 1;
    std::map<std::size_t, std::int64_t> link_touched_;  ///< by fault
    orchestrator::Orchestrator orchestrator_;
    std::uint64_t conduct_setting_ = 0;
    std::size_t unsettled_ = 0;  ///< clients, probes left out
    bool done_ = false;
    WorldResult result_;
};

}  // namespace davenport::sim::virtual_world
