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
/// One request of the mock's own to another server; never used again after its end.
using FetchId = std::uint64_t;

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

/// Why a request of the mock's own has no answer.
enum class FetchFailure {
    refused,     ///< nobody listens there
    unresolved,  ///< the name has no address
    lost,        ///< the connection broke, or the answer makes no sense: done or not, nobody knows
    timed_out,
    too_large,  ///< the answer is more than is read
};
struct Fetched {
    FetchId fetch;
    base::HttpResponse response;
};
struct FetchFailed {
    FetchId fetch;
    FetchFailure why;
};

using Event = std::variant<Requested, Abandoned, Written, TimerFired, Fetched, FetchFailed>;

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

/// Asks another server. Answer with Fetched or FetchFailed. Only where MockConfig::reaches_others says so.
struct Fetch {
    FetchId fetch;
    bool tls;
    std::string host;  ///< a name or an address, without brackets
    std::uint16_t port;
    base::HttpRequest request;
};
struct CancelFetch {
    FetchId fetch;
};  ///< its answer is not wanted any more, and does not come

using Effect = std::variant<Respond, RespondHead, RespondData, RespondEnd, Reset, SetTimer, Listen, Log,
                            Fetch, CancelFetch>;
using Effects = std::vector<Effect>;

}  // namespace davenport::couchmock
