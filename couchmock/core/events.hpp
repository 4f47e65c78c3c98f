#pragma once

#include "node/base/http.hpp"
#include "node/base/time.hpp"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

/// What a mock store and the world around it tell each other.
namespace davenport::couchmock {

/// One request and its answer; never used again after its end.
using ExchangeId = std::uint64_t;
using TimerId = std::uint64_t;

// ---- what the world tells the mock

/// `client` is the peer's address; `first`: nothing was asked before on this connection.
struct Requested {
    ExchangeId exchange;
    base::HttpRequest request;
    std::string client;
    bool first = false;
};
struct Abandoned {
    ExchangeId exchange;
};  ///< the client went away before the end of the answer
struct Written {
    ExchangeId exchange;
};  ///< the send buffer took the last RespondData
struct TimerFired {
    TimerId timer;
};

using Event = std::variant<Requested, Abandoned, Written, TimerFired>;

// ---- what the mock asks of the world

struct Respond {
    ExchangeId exchange;
    base::HttpResponse response;
};  ///< whole, with Content-Length; the end of the exchange
struct RespondHead {
    ExchangeId exchange;
    int status;
    base::Headers headers;
};  ///< a chunked answer begins, at once on the wire
struct RespondData {
    ExchangeId exchange;
    std::string bytes;
};  ///< one chunk; answer with Written; one in flight
struct RespondEnd {
    ExchangeId exchange;
};  ///< the last chunk; the end of the exchange
/// The connection is cut. Before that, `partial` goes out as it is: raw bytes, the head too if none went out
/// yet. The end of the exchange, without an Abandoned.
struct Reset {
    ExchangeId exchange;
    std::string partial;
};
struct SetTimer {
    TimerId timer;
    base::Time at;
};  ///< setting again moves it
struct Listen {
    bool accepting;
};  ///< false: connections are refused until true; open exchanges are Reset one by one
struct Log {
    std::string line;
};

using Effect = std::variant<Respond, RespondHead, RespondData, RespondEnd, Reset, SetTimer, Listen, Log>;
using Effects = std::vector<Effect>;

}  // namespace davenport::couchmock
