#pragma once

#include "node/base/http.hpp"
#include "sim/orchestrator/events.hpp"
#include "sim/orchestrator/stream_control.hpp"
#include "sim/process/program.hpp"
#include "sim/process/route_relays.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <future>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace davenport::sim::process {

/// nats-server is on this machine's PATH.
bool is_nats_server_here();

/// Real nats-servers with JetStream as the store of a run, one or a cluster: started, killed, stopped for a
/// while, and read.
///
/// What they hold is read by a client of its own, which shares no code with the node's, in another thread.
class StreamServers : private orchestrator::StreamFaults {
public:
    struct Ports {
        std::uint16_t clients = 0;
        std::uint16_t routes = 0;  ///< where the others of a cluster find it
    };
    /// What the servers of a cluster have of the world.
    struct Surroundings {
        std::filesystem::path folder;                     ///< where data and logs lie
        RouteRelays* relays = nullptr;                    ///< among the servers; nullptr: they need none
        std::function<void(base::Duration)> let_go_on{};  ///< called while it waits
    };
    /// Starts them on this machine and waits until all listen, and until a cluster has a leader; throws
    /// std::runtime_error when that does not come. What `in` points to outlives it.
    StreamServers(const Surroundings& in, const std::vector<Ports>& ports);

    /// What a node is given that finds them at these ports.
    [[nodiscard]] static std::string url(const std::vector<std::uint16_t>& ports);

    /// As couchmock's control API.
    base::HttpResponse control(const base::HttpRequest& request) { return control_.ask(request); }
    /// Begins to read all messages; told by poll() under this number.
    void read(orchestrator::RequestId request);

    struct Read {
        orchestrator::RequestId request;
        base::HttpResponse answer;  ///< as of CouchDB's `_all_docs` with documents; status 0: it failed
    };
    struct News {
        std::string ended;  ///< how one ended by itself; empty: none did
        std::vector<Read> reads;
    };
    News poll(base::Time now);

private:
    struct Server {
        std::string name;
        std::uint16_t port;
        std::filesystem::path data;
        Program program;
        int downs = 0, hangs = 0;               ///< faults that keep it so
        std::optional<base::Time> starts_at{};  ///< it was killed, and is back then
        bool wiped = false;                     ///< it starts without what it held

        [[nodiscard]] bool answers() const { return downs == 0 && hangs == 0 && !starts_at; }
    };

    std::int64_t begin_fault(const StreamFault& fault) override;
    void end_fault(const StreamFault& fault) override;
    /// Whom a fault hits.
    std::vector<std::size_t> victims_of(const StreamFault& fault) const;
    /// Returns whether it was there.
    static bool kill(Server& server, const StreamFault& fault);
    std::int64_t drop_consumers();
    [[nodiscard]] std::vector<std::uint16_t> answering_ports() const;
    void follow_leader(base::Time now);

    RouteRelays* relays_;
    std::deque<Server> servers_;
    orchestrator::StreamControl control_{*this};
    std::map<std::string, std::vector<std::size_t>> hit_;  ///< by the name of a fault that is on
    std::map<orchestrator::RequestId, std::future<base::HttpResponse>> reads_;
    std::string leader_;  ///< of the stream, as it was last told
    std::future<std::string> asked_leader_;
    base::Time ask_leader_at_{};
};

}  // namespace davenport::sim::process
