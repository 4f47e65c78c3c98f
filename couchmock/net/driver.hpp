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

/// Of the operating system's random bytes: what cookies are signed with when no seed was given on purpose.
std::string random_secret();

using LogLine = std::function<void(const std::string&)>;

/// The mock with a store of its own, kept in `data_file` unless that is empty. Cookies are signed with
/// `cookie_secret`; an empty one follows from the seed. Throws as StoreServer and DataFile do.
std::unique_ptr<Driver> serve_mock(wire::Loop& loop, MockConfig config, const StoreServer::Config& server,
                                   LogLine log, const std::string& data_file = {},
                                   std::string cookie_secret = {});

/// The fault injector before somebody else's CouchDB: streams pass through as they come, held back as far as
/// the client is slow.
std::unique_ptr<Driver> serve_fault_injector(wire::Loop& loop, std::uint64_t seed,
                                             const wire::HttpServer& upstream, const std::string& ca_file,
                                             const StoreServer::Config& server, LogLine log);

}  // namespace davenport::couchmock
