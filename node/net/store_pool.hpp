#pragma once

#include "node/net/wire/http_client.hpp"

#include <cstddef>
#include <memory>
#include <set>
#include <vector>

namespace davenport::node {

/// The stores that a node may use, one at a time: requests go to the one in use.
///
/// Threads: the loop's. Errors: as HttpClient's; what is under way when another one is taken into use fails.
class StorePool {
public:
    StorePool(wire::Loop& loop, std::vector<wire::HttpServer> servers, const wire::HttpClient::Config& config,
              wire::HttpClient::Events events);

    void fetch(wire::RequestId id, base::HttpRequest request, wire::HttpClient::Answer answer);
    void cancel(wire::RequestId id);
    void use(std::size_t index);

    /// Without name and password.
    [[nodiscard]] std::string url() const { return servers_[current_].url(); }

private:
    wire::HttpClient::Events events_;
    std::vector<wire::HttpServer> servers_;
    std::vector<std::unique_ptr<wire::HttpClient>> clients_;
    std::set<wire::RequestId> under_way_;  ///< at the one in use
    std::size_t current_ = 0;
};

}  // namespace davenport::node
