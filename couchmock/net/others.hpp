#pragma once

#include "couchmock/core/events.hpp"
#include "node/net/wire/http_client.hpp"
#include "node/net/wire/loop.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace davenport::couchmock {

/// The other servers that the mock replicates with: performs its Fetch.
///
/// Answers of more than 64 MB are not read. Connections are kept open while a server is asked again and
/// again. Whole in its header, for the one unit that drives a mock.
///
/// Threads: the loop's.
class Others {
public:
    /// `on_event` is told of every fetch that is not cancelled, never from within perform().
    Others(wire::Loop& loop, std::function<void(Event)> on_event)
        : loop_{loop}, on_event_{std::move(on_event)} {}

    void perform(Fetch effect) {
        const Place place{effect.tls, effect.host, effect.port};
        auto& server = server_at(place);
        ++server.under_way;
        fetches_.emplace(effect.fetch, place);
        server.client->fetch(effect.fetch, std::move(effect.request), wire::HttpClient::Answer::whole);
    }

    void perform(CancelFetch effect) {
        const auto it = fetches_.find(effect.fetch);
        if (it == fetches_.end()) return;
        servers_.at(it->second).client->cancel(effect.fetch);
        over(effect.fetch);
    }

private:
    using Place = std::tuple<bool, std::string, std::uint16_t>;  ///< TLS or not, host, port
    struct Server {
        std::unique_ptr<wire::HttpClient> client;
        std::size_t under_way = 0;
    };
    static constexpr std::size_t answer_bytes_max = 64 * 1024 * 1024;
    static constexpr std::size_t servers_max = 32;  ///< with connections kept open
    static constexpr std::size_t connections_max = 256;

    Server& server_at(const Place& place) {
        if (const auto it = servers_.find(place); it != servers_.end()) return it->second;
        if (servers_.size() >= servers_max)
            std::erase_if(servers_, [](const auto& one) { return one.second.under_way == 0; });
        wire::HttpServer server;
        std::tie(server.tls, server.host, server.port) = place;
        wire::HttpClient::Events events;
        events.whole = [this](FetchId id, base::HttpResponse response) {
            over(id);
            on_event_(Fetched{id, std::move(response)});
        };
        events.failed_as = [this](FetchId, wire::HttpClient::Failure why) {
            failure_ = to_fetch_failure(why);
        };
        events.failed = [this](FetchId id, const std::string&) {
            over(id);
            on_event_(FetchFailed{id, failure_});
        };
        wire::HttpClient::Config config;
        config.connections = connections_max;
        config.whole_bytes_max = answer_bytes_max;
        auto client = std::make_unique<wire::HttpClient>(loop_, server, std::move(config), std::move(events));
        return servers_.emplace(place, Server{std::move(client), 0}).first->second;
    }

    void over(FetchId fetch) {
        const auto it = fetches_.find(fetch);
        if (it == fetches_.end()) return;
        --servers_.at(it->second).under_way;
        fetches_.erase(it);
    }

    static FetchFailure to_fetch_failure(wire::HttpClient::Failure failure) {
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

    wire::Loop& loop_;
    std::function<void(Event)> on_event_;
    std::map<Place, Server> servers_;
    std::unordered_map<FetchId, Place> fetches_;
    FetchFailure failure_ = FetchFailure::lost;  ///< of the fetch that is told of next
};

}  // namespace davenport::couchmock
