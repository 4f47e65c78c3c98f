#include "node/net/nats_servers.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace davenport::node {

std::string NatsServers::url() const {
    return fmt::format("{}://{}", tls ? "tls" : "nats", fmt::join(addresses, ","));
}

}  // namespace davenport::node
