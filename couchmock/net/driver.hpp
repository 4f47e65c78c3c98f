#pragma once

#include "couchmock/mock/mock.hpp"
#include "couchmock/net/server.hpp"
#include "node/net/wire/http_client.hpp"
#include "node/net/wire/loop.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace davenport::couchmock {

/// A running mock store: its machine, its sockets and its timers.
///
/// Threads: the loop's.
class Driver {
public:
    virtual ~Driver() = default;
    [[nodiscard]] virtual const StoreServer& server() const = 0;
};

using LogLine = std::function<void(const std::string&)>;

/// The mock with a store of its own, kept in `data_file` unless that is empty. Throws as StoreServer and
/// DataFile do.
std::unique_ptr<Driver> serve_mock(wire::Loop& loop, MockConfig config, const StoreServer::Config& server,
                                   LogLine log, const std::string& data_file = {});

/// The fault injector before somebody else's CouchDB: streams pass through as they come, held back as far as
/// the client is slow.
std::unique_ptr<Driver> serve_fault_injector(wire::Loop& loop, std::uint64_t seed,
                                             const wire::HttpServer& upstream, const std::string& ca_file,
                                             const StoreServer::Config& server, LogLine log);

}  // namespace davenport::couchmock
