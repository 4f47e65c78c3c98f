#pragma once

#include "node/base/frame.hpp"
#include "node/base/http.hpp"
#include "node/base/journal.hpp"
#include "node/base/nats.hpp"
#include "node/base/search.hpp"
#include "node/base/time.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

/// What a node's core and the world around it tell each other. The world is a shell with sockets and a disk,
/// or the virtual world; the core cannot tell which.
namespace davenport::node {

/// One client's connection; never used again after Closed.
using SessionId = std::uint64_t;
/// One request of the node to its store.
using FetchId = std::uint64_t;
/// One request of an HTTP client to the node.
using ExchangeId = std::uint64_t;
/// One question to the journal's full-text index.
using SearchId = std::uint64_t;
/// Whatever the core wants to be woken for; setting a timer again moves it.
using TimerId = std::uint32_t;

// ---- what the world tells the core

struct Opened {
    SessionId session;
    std::string address;
    std::string cookies{};
};  ///< a client finished its handshake; its Cookie header
struct Received {
    SessionId session;
    std::string frame;
};  ///< one whole text frame, not yet checked
struct Written {
    SessionId session;
};  ///< the kernel's send buffer took the last Send
struct Closed {
    SessionId session;
};  ///< no further events for this session
struct Requested {
    ExchangeId exchange;
    base::HttpRequest request;
    std::string address;
    bool secure = false;  ///< it came by https, to here or to a trusted proxy
};                        ///< answer with one Respond or Stream

struct Persisted {
    std::uint64_t batch;
};  ///< the commit is on disk
struct PersistFailed {
    std::uint64_t batch;
    std::string reason;
};  ///< nothing of it is; the core sends it again

struct JournalWatched {
    std::string trouble;
};  ///< the journal's file is no more the one that was opened, or (empty) it is again

struct Found {
    SearchId search;
    base::SearchAnswer answer;
};

struct Fetched {
    FetchId fetch;
    base::HttpResponse response;
};  ///< the whole answer of a Fetch without `stream`
struct FetchHead {
    FetchId fetch;
    int status;
};  ///< a stream's status line came
struct FetchData {
    FetchId fetch;
    std::string bytes;
};  ///< any piece of a stream's body, cut anywhere
struct FetchEnded {
    FetchId fetch;
};  ///< a stream's proper end
struct FetchFailed {
    FetchId fetch;
    std::string reason;
};  ///< refused, reset, cut off: done or not, nobody knows

// The same of a store that is a NATS server; FetchFailed is told of an Ask and of a Subscribe as well.
struct Answered {
    FetchId fetch;
    base::NatsMessage answer;
};  ///< the answer to an Ask
struct Delivered {
    FetchId fetch;
    std::vector<base::NatsMessage> messages;
};  ///< what came for a Subscribe, in order, one at least

struct TimerFired {
    TimerId timer;
};
struct Drain {};  ///< stop accepting; clients are told to go on elsewhere, what waits is written

using Event = std::variant<Opened, Received, Written, Closed, Requested, Persisted, PersistFailed, Fetched,
                           FetchHead, FetchData, FetchEnded, FetchFailed, TimerFired, Drain, Found,
                           JournalWatched, Answered, Delivered>;

// ---- what the core asks of the world

struct Send {
    SessionId session;
    base::FrameList frames;
};  ///< in one write; answer with Written; one in flight per session
struct Close {
    SessionId session;
    std::string reason;
};  ///< answer with Closed, at once, whatever is in flight
struct Respond {
    ExchangeId exchange;
    base::HttpResponse response;
};
struct Stream {
    ExchangeId exchange;
};  ///< answer with an event stream: from now on a session of the same number, which is told of as if it were
    ///< Opened

struct Persist {
    base::JournalBatch batch;
};  ///< answer with Persisted or PersistFailed, in order; one in flight

struct Keep {
    std::string text;
};  ///< ChatConfig::kept of the next start, in place of what was kept before; secret

struct Search {
    SearchId search;
    base::SearchQuery query;
};  ///< answer with Found, whenever; off the way of everything else

struct Fetch {
    FetchId fetch;
    base::HttpRequest request;
    bool stream = false;
};  ///< to the store; target is relative to the server: "/db/..."
struct CancelFetch {
    FetchId fetch;
};  ///< no answer is wanted any more; a Subscribe ends

// To a store that is a NATS server. What is asked goes out in this order.
struct Ask {
    FetchId fetch;
    base::NatsMessage message;
};  ///< `reply` is the world's to choose; answer with one Answered, or FetchFailed at once without a
    ///< connection
struct Subscribe {
    FetchId fetch;
    std::string subject;
};  ///< answer with Delivered again and again, until CancelFetch, or FetchFailed when the connection is lost
struct Publish {
    base::NatsMessage message;
};  ///< nobody answers
struct ChangeServer {
};  ///< go on at another NATS server of the list, if there is one: what is under way at this one fails

struct UseStore {
    std::size_t store;
};  ///< an index into ChatConfig::stores: fetches go there from now on, and those under way fail

struct SetTimer {
    TimerId timer;
    base::Time at;
};
struct Log {
    enum class Level { info, warning, error } level;
    std::string line;
};
struct Drained {};  ///< answer to Drain: all is written and on disk, the process may end

using Effect = std::variant<Send, Close, Respond, Stream, Persist, Search, Fetch, CancelFetch, UseStore,
                            SetTimer, Log, Drained, Keep, Ask, Subscribe, Publish, ChangeServer>;
using Effects = std::vector<Effect>;

}  // namespace davenport::node
