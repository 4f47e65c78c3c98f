#pragma once

#include "node/base/http.hpp"
#include "node/base/time.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace boost::asio {
class io_context;
}

namespace davenport::sim::process {

/// The kernel's monotonic clock on the time line of the cores.
base::Time steady_now();
/// Both clocks.
base::Now both_now();

/// A WebSocket to a node, as a client has one.
class WebSocket {
public:
    /// Called from Transport::run_until() only. After on_closed, and after close(), none of them is called
    /// again.
    struct Handlers {
        std::function<void()> on_open;
        std::function<void(std::string frame)> on_frame;
        std::function<void(std::string reason)> on_closed;  ///< also when the connection never came to be
    };
    virtual ~WebSocket() = default;
    /// One text frame; sent in order. Nothing when it is closed.
    virtual void send(std::string frame) = 0;
    /// Cuts the connection, without a closing handshake: as when a client's network is gone.
    virtual void close() = 0;
    /// A client that does not read: the kernel's buffers fill, then the node's.
    virtual void pause_reading(bool paused) = 0;
};

/// All sockets of the harness. Single-threaded: everything happens in run_until().
class Transport {
public:
    Transport();
    ~Transport();
    Transport(const Transport&) = delete;
    Transport& operator=(const Transport&) = delete;

    /// Handles what the sockets bring, until `until` at the latest or, with something handled, until now.
    void run_until(base::Time until);

    /// Connects to ws://127.0.0.1:`port`/ws, which is `authority` by name when that is given, and under the
    /// path `prefix`. An attempt that takes longer than 5 s fails.
    std::shared_ptr<WebSocket> connect(std::uint16_t port, WebSocket::Handlers handlers,
                                       std::string authority = {}, const std::string& prefix = {});

    /// What became of a request: `response` is valid when `error` is empty.
    struct Answer {
        std::string error;
        base::HttpResponse response;
    };
    /// One request on a connection of its own to `host`:`port`, its Host too unless the request has one;
    /// `done` is called once, from run_until().
    void fetch(const std::string& host, std::uint16_t port, base::HttpRequest request, base::Duration timeout,
               std::function<void(Answer)> done);

private:
    friend boost::asio::io_context& loop_of(Transport& transport);
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace davenport::sim::process
