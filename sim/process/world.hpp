#pragma once

#include "sim/orchestrator/orchestrator.hpp"
#include "sim/process/attached.hpp"
#include "sim/process/client_pool.hpp"
#include "sim/process/links.hpp"
#include "sim/process/log_tail.hpp"
#include "sim/process/program.hpp"
#include "sim/process/store_address.hpp"
#include "sim/process/store_restart.hpp"
#include "sim/process/stream_servers.hpp"
#include "sim/process/transport.hpp"
#include "sim/process/wrong_clocks.hpp"
#include "sim/world.hpp"

#include <deque>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace davenport::sim::process {

/// Real nodes, a real store behind couchmock (or a real NATS server), real sockets and disks; driven by the
/// same plan as the virtual world's cores.
///
/// One thread. Every process that it starts ends with it, whatever happens.
class World {
public:
    World(const Scenario& scenario, const Plan& plan, HistorySink& sink, const WorldOptions& options);
    ~World();
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    /// Throws std::exception when a process cannot be started or the store cannot be used.
    WorldResult run();

private:
    // environment.cpp: the processes and the store's database
    void set_up();
    /// Those of `topology.stores`, or the one before what --store names.
    void start_stores();
    void start_mock(std::size_t index);
    void make_database(std::size_t index);
    void start_stream();
    std::string lay_stream(const std::string& node);
    std::vector<std::string> lay_stores(const std::string& node);
    void find_store();
    void add_node(const std::string& name);
    void attach_node(const std::string& name, const std::string& url);
    void await(Program& program);
    void teardown();
    /// With the files that belong to it; in place of what is there.
    void copy_journal(const std::string& from, const std::string& to);
    /// Half a frame more in the journal's log, as of a write that was under way when the machine died.
    void tear_journal(const std::string& node);
    base::HttpResponse ask_and_wait(const StoreAddress& store, base::HttpRequest request);
    [[nodiscard]] base::HttpRequest to_database(base::HttpRequest request) const;
    void throw_if_interrupted() const;

    // world.cpp: the loop
    /// Sets the moment from which the times of the run count.
    void await_start();
    void loop();
    void note_requests(base::Time now);
    void note_memory(base::Time now);
    /// Asks each of our nodes for its metrics, where what waits for clients is judged.
    void ask_queues();
    void note_logs(base::Now now);
    void break_off(std::string why);
    void watch_programs(base::Time now);
    void tell(const orchestrator::Event& event) { perform(orchestrator_->handle(event, steady_now())); }
    void perform(orchestrator::Effects effects);
    void on(const orchestrator::SetTimer& e);
    void on(const orchestrator::Act& e);
    void on(const orchestrator::Tell& e);
    void on(const orchestrator::HoldReading& e);
    void on(const orchestrator::AddClient& e);
    void on(const orchestrator::AskControl& e);
    void on(const orchestrator::AskStore& e);
    void on(const orchestrator::AskNode& e);
    void on(const orchestrator::AskBacklog& e);
    void on(const orchestrator::AskHistory& e);
    void on(const orchestrator::SetLink& e);
    void on(const orchestrator::RestartStore& e);
    void on(const orchestrator::SetHost& e);
    void on(const orchestrator::Note& e);
    void on(const orchestrator::Finished& e);
    void fetch(orchestrator::RequestId request, const StoreAddress& from, base::HttpRequest http);
    void fetch(orchestrator::RequestId request, const std::string& host, std::uint16_t port,
               base::HttpRequest http);
    void record(const Record& record);

    const Scenario& scenario_;
    const Plan& plan_;
    HistorySink& sink_;
    const WorldOptions& options_;
    base::Random random_;  ///< of ports and names; not the plan's business
    std::filesystem::path folder_;
    std::string database_;
    /// A store: couchmock, or a CouchDB behind it.
    struct StoreSite {
        StoreAddress real;   ///< the store itself
        StoreAddress store;  ///< where nodes go: couchmock
        StoreAddress control;
        std::optional<Program> mock{};
    };
    std::deque<StoreSite> stores_;  ///< one, or several that replicate

    Transport transport_;
    Links links_;
    std::optional<RouteRelays> route_relays_;
    std::optional<StreamServers> stream_;  ///< in place of couchmock and what is behind it
    std::vector<StreamServers::Ports> stream_ports_;
    WrongClocks wrong_clocks_;
    std::map<std::string, int> full_disks_;  ///< how many faults fill the disk of a node
    StoreRestart store_restart_;
    std::map<std::string, Program> nodes_;  ///< those that we started
    std::map<std::string, AttachedNode> attached_;
    std::map<std::string, LogTail> logs_;
    std::map<std::string, std::uint16_t> ports_;          ///< of the nodes themselves
    std::map<std::string, std::uint16_t> client_ports_;   ///< where clients find them
    std::map<std::string, std::uint16_t> metrics_ports_;  ///< of our nodes, where they are asked for queues
    std::set<std::string> asking_queues_;
    std::map<std::string, std::int64_t> queued_;  ///< as noted last; nothing yet: not asked
    std::set<std::string> asking_backlog_;        ///< nodes that have not answered yet
    std::optional<ClientPool> clients_;
    std::optional<orchestrator::Orchestrator> orchestrator_;
    std::deque<orchestrator::Effect> to_do_;
    bool performing_ = false;
    base::Time start_{};
    std::optional<base::Time> timer_;
    bool database_made_ = false;
    bool finished_ = false;
    WorldResult result_;
};

}  // namespace davenport::sim::process
