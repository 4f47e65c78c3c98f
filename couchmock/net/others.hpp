#pragma once

#include "couchmock/core/events.hpp"
#include "node/net/wire/http_client.hpp"
#include "node/net/wire/loop.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <unordered_map>

namespace davenport::couchmock {

/// The other servers that the mock replicates with: performs its Fetch.
///
/// Answers of more than 64 MB are not read. Connections are kept open while a server is asked again and
/// again.
///
/// Threads: the loop's.
class Others {
public:
    /// `on_event` is told of every fetch that is not cancelled, never from within perform().
    Others(wire::Loop& loop, std::function<void(Event)> on_event);

    void perform(Fetch effect);
    void perform(CancelFetch effect);

private:
    using Place = std::tuple<bool, std::string, std::uint16_t>;  ///< TLS or not, host, port
    struct Server {
        std::unique_ptr<wire::HttpClient> client;
        std::size_t under_way = 0;
    };

    Server& server_at(const Place& place);
    void over(FetchId fetch);

    wire::Loop& loop_;
    std::function<void(Event)> on_event_;
    std::map<Place, Server> servers_;
    std::unordered_map<FetchId, Place> fetches_;
    FetchFailure failure_ = FetchFailure::lost;  ///< of the fetch that is told of next
};

}  // namespace davenport::couchmock
