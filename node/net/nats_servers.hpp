#pragma once

#include <string>
#include <vector>

namespace davenport::node {

/// Where a NATS server is, or the servers of a cluster, and how to get in.
struct NatsServers {
    bool tls = false;
    std::vector<std::string> addresses;  ///< "host:port", one at least; one is used while it answers
    std::string user{}, password{};      ///< empty: none
    std::string credentials_file{};      ///< of a JWT and its key, as `nsc` makes it; empty: none
    std::string ca_file{};  ///< of the authority of the servers' certificates; empty: the system's
    std::string name{};     ///< which the server shows for the connection

    /// Without user and password: what may be logged.
    [[nodiscard]] std::string url() const;
};

}  // namespace davenport::node
