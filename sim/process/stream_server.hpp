#pragma once

#include "node/base/http.hpp"
#include "sim/orchestrator/events.hpp"
#include "sim/orchestrator/stream_control.hpp"
#include "sim/process/program.hpp"

#include <cstdint>
#include <filesystem>
#include <future>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace davenport::sim::process {

/// nats-server is on this machine's PATH.
bool is_nats_server_here();

/// A real nats-server with JetStream as the store of a run: started, killed, stopped for a while, and read.
///
/// What it holds is read by a client of its own, which shares no code with the node's, in another thread.
class StreamServer : private orchestrator::StreamFaults {
public:
    /// Starts it at that port of this machine and waits until it listens; throws std::runtime_error when it
    /// does not. Data and log lie in `folder`.
    StreamServer(const std::filesystem::path& folder, std::uint16_t port);

    [[nodiscard]] std::uint16_t port() const { return port_; }
    /// What its nodes are given, at the port at which they find it.
    [[nodiscard]] static std::string url(std::uint16_t port);

    /// As couchmock's control API.
    base::HttpResponse control(const base::HttpRequest& request) { return control_.ask(request); }
    /// Begins to read all messages; told by poll() under this number.
    void read(orchestrator::RequestId request);

    struct Read {
        orchestrator::RequestId request;
        base::HttpResponse answer;  ///< as of CouchDB's `_all_docs` with documents; status 0: it failed
    };
    struct News {
        std::string ended;  ///< how it ended by itself; empty: it did not
        std::vector<Read> reads;
    };
    News poll(base::Time now);

private:
    std::int64_t begin_fault(std::string_view kind, base::Duration lasts, std::int64_t rows) override;
    void end_fault(std::string_view kind) override;

    std::uint16_t port_;
    std::filesystem::path data_;
    Program program_;
    orchestrator::StreamControl control_{*this};
    std::optional<base::Time> starts_at_;  ///< it was killed, and is back then
    bool down_ = false;                    ///< until a fault ends
    bool wiped_ = false;                   ///< it starts without what it held
    std::map<orchestrator::RequestId, std::future<base::HttpResponse>> reads_;
};

}  // namespace davenport::sim::process
