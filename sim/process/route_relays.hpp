#pragma once

#include "sim/process/relay.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

namespace davenport::sim::process {

class Transport;

/// The cables among the servers of a cluster: one from each to each other, so that one server can be cut off.
///
/// Which of two servers keeps the connection that it made, they settle between themselves; all of them go by
/// these cables as long as a server is told of the others by routes_of() alone.
class RouteRelays {
public:
    /// `ports`: of the servers' routes, in their order. The transport outlives it.
    RouteRelays(Transport& transport, const std::vector<std::uint16_t>& ports);

    /// The ports at which a server finds the others.
    [[nodiscard]] std::vector<std::uint16_t> routes_of(std::size_t server) const;
    /// Nothing gets through from or to this one, until it is mended as often; then all that was sent
    /// meanwhile arrives.
    void cut(std::size_t server);
    void mend(std::size_t server);

private:
    struct Way {
        std::size_t from, to;
        std::unique_ptr<Relay> relay;
    };
    void apply();

    std::vector<Way> ways_;
    std::map<std::size_t, int> cuts_;  ///< by server
};

}  // namespace davenport::sim::process
