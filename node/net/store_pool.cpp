#include "node/net/store_pool.hpp"

#include <utility>

namespace davenport::node {

StorePool::StorePool(wire::Loop& loop, std::vector<wire::HttpServer> servers,
                     const wire::HttpClient::Config& config, wire::HttpClient::Events events)
    : events_(std::move(events)), servers_(std::move(servers)) {
    wire::HttpClient::Events ours{
        .whole =
            [this](wire::RequestId id, base::HttpResponse response) {
                under_way_.erase(id);
                events_.whole(id, std::move(response));
            },
        .head = [this](wire::RequestId id, int status,
                       base::Headers headers) { events_.head(id, status, std::move(headers)); },
        .data = [this](wire::RequestId id, std::string bytes) { events_.data(id, std::move(bytes)); },
        .ended =
            [this](wire::RequestId id) {
                under_way_.erase(id);
                events_.ended(id);
            },
        .failed =
            [this](wire::RequestId id, std::string reason) {
                under_way_.erase(id);
                events_.failed(id, std::move(reason));
            },
    };
    for (const auto& server : servers_)
        clients_.push_back(std::make_unique<wire::HttpClient>(loop, server, config, ours));
}

void StorePool::fetch(wire::RequestId id, base::HttpRequest request, wire::HttpClient::Answer answer) {
    under_way_.insert(id);
    clients_[current_]->fetch(id, std::move(request), answer);
}

void StorePool::cancel(wire::RequestId id) {
    if (under_way_.erase(id) > 0) clients_[current_]->cancel(id);
}

void StorePool::use(std::size_t index) {
    const auto before = std::exchange(current_, index);
    for (const auto id : std::exchange(under_way_, {})) {
        clients_[before]->cancel(id);
        events_.failed(id, "another store is used from now on");
    }
}

}  // namespace davenport::node
