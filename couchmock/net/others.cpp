#include "couchmock/net/others.hpp"

#include <utility>

namespace davenport::couchmock {
namespace {

constexpr std::size_t answer_bytes_max = 64 * 1024 * 1024;
constexpr std::size_t servers_max = 32;  // with connections kept open
constexpr std::size_t connections_max = 256;

FetchFailure to_fetch_failure(wire::HttpClient::Failure failure) {
    using Failure = wire::HttpClient::Failure;
    switch (failure) {
        case Failure::unresolved:
            return FetchFailure::unresolved;
        case Failure::refused:
            return FetchFailure::refused;
        case Failure::too_late:
            return FetchFailure::timed_out;
        case Failure::too_large:
            return FetchFailure::too_large;
        case Failure::lost:
            break;
    }
    return FetchFailure::lost;
}

}  // namespace

Others::Others(wire::Loop& loop, std::function<void(Event)> on_event)
    : loop_{loop}, on_event_{std::move(on_event)} {}

void Others::perform(Fetch effect) {
    const Place place{effect.tls, effect.host, effect.port};
    auto& server = server_at(place);
    ++server.under_way;
    fetches_.emplace(effect.fetch, place);
    server.client->fetch(effect.fetch, std::move(effect.request), wire::HttpClient::Answer::whole);
}

void Others::perform(CancelFetch effect) {
    const auto it = fetches_.find(effect.fetch);
    if (it == fetches_.end()) return;
    servers_.at(it->second).client->cancel(effect.fetch);
    over(effect.fetch);
}

Others::Server& Others::server_at(const Place& place) {
    if (const auto it = servers_.find(place); it != servers_.end()) return it->second;
    if (servers_.size() >= servers_max)
        std::erase_if(servers_, [](const auto& one) { return one.second.under_way == 0; });
    wire::HttpServer server;
    std::tie(server.tls, server.host, server.port) = place;
    auto client = std::make_unique<wire::HttpClient>(
        loop_, server,
        wire::HttpClient::Config{.connections = connections_max, .whole_bytes_max = answer_bytes_max},
        wire::HttpClient::Events{
            .whole =
                [this](FetchId id, base::HttpResponse response) {
                    over(id);
                    on_event_(Fetched{id, std::move(response)});
                },
            .head = {},
            .data = {},
            .ended = {},
            .failed =
                [this](FetchId id, const std::string&) {
                    over(id);
                    on_event_(FetchFailed{id, failure_});
                },
            .failed_as = [this](FetchId, wire::HttpClient::Failure why) { failure_ = to_fetch_failure(why); },
        });
    return servers_.emplace(place, Server{std::move(client), 0}).first->second;
}

void Others::over(FetchId fetch) {
    const auto it = fetches_.find(fetch);
    if (it == fetches_.end()) return;
    --servers_.at(it->second).under_way;
    fetches_.erase(it);
}

}  // namespace davenport::couchmock
