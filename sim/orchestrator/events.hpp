#pragma once

#include "node/base/http.hpp"
#include "node/base/time.hpp"
#include "sim/client/client_core.hpp"
#include "sim/record/record.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

/// The messages between the orchestrator of a run and the world that performs it: events to it, effects from
/// it.
namespace davenport::sim::orchestrator {

using RequestId = std::uint32_t;

// ---- events, from the world
struct TimerFired {
    bool clients_settled;
};  ///< whether ClientCore::settled() is true of all clients
struct NodeIsUp {
    std::string node;
};  ///< it listens
struct NodeIsGone {
    std::string node;
    std::string how;
    bool clean;
};  ///< it ended, asked or not; `clean`: by itself, saying that all is well
struct Answered {
    RequestId request;
    int status;
    std::string body;
};  ///< status 0: no answer, `body` says why
struct BacklogTold {
    std::string node;
    std::int64_t count;
    bool store_up = true;
};  ///< only when the node said it
struct HistoryTold {
    std::string node;
    std::string room;
    std::vector<client::HistoryItem> messages;
};
struct LinkTold {
    std::size_t fault;
    std::int64_t touched;
};  ///< how many connections a fault of the links has met so far, or how many commits one of the disk
struct StoreRestarted {
    std::size_t fault;
    bool done;
};  ///< the answer to RestartStore
using Event = std::variant<TimerFired, NodeIsUp, NodeIsGone, Answered, BacklogTold, HistoryTold, LinkTold,
                           StoreRestarted>;

// ---- effects, for the world to perform
enum class NodeAct {
    start,      ///< answer with NodeIsUp, or NodeIsGone
    kill,       ///< at once, without a warning; answer with NodeIsGone
    terminate,  ///< ask it to end; answer with NodeIsGone
    wipe,       ///< its journal is lost; only while it is gone
    copy,       ///< keep a copy of its journal, as Act::copy
    restore,    ///< its journal is that copy again; only while it is gone
    pause,
    resume,
};

/// What of the commit under way is on the disk when a node is killed. A torn commit counts as lost: a
/// journal's commit is there whole or not at all.
enum class Tail { lost, kept, torn };

struct SetTimer {
    base::Time at;
};  ///< there is one; setting again moves it
struct Act {
    std::string node;
    NodeAct act;
    std::size_t copy = 0;
    Tail tail = Tail::lost;
};
struct Tell {
    std::string client;
    client::Event event;
};
struct HoldReading {
    std::string client;
    bool held;
};  ///< a client that does not read, and reads again
struct AddClient {
    std::string client;
    std::string node;
    std::vector<std::string> rooms;
    bool polling = false;
};
struct AskControl {
    RequestId request;
    base::HttpRequest http;
    std::size_t store = 0;
};  ///< to the mock's control API; answer with Answered
struct AskStore {
    RequestId request;
    base::HttpRequest http;
    std::size_t store = 0;
    bool as_peer = false;  ///< by what replicates: nobody answers it while the store is down
};  ///< to the store, as a node would; target "/<db>/..." without the database: "/_all_docs"
struct AskNode {
    RequestId request;
    std::string node;
    base::HttpRequest http;
};  ///< over HTTP, as anybody would (process world); answer with Answered
struct AskBacklog {
    std::string node;
};  ///< answer with BacklogTold, or not at all
struct AskHistory {
    std::string node;
    std::vector<std::string> rooms;
};  ///< answer with a HistoryTold for each room
struct RestartStore {
    std::size_t fault;
};  ///< kill the store behind the mock and start it again; answer with StoreRestarted
struct SetLink {
    std::size_t fault;
    bool on;
};  ///< a link.* fault of the plan; answer its end with LinkTold
struct SetHost {
    std::size_t fault;
    bool on;
};  ///< a fault of a node's disk or clock, or of a client's clock; answer the end of disk_fail, disk_slow and
    ///< disk_stall with LinkTold
struct Note {
    Record record;
};  ///< for the history, with `at_us` filled in
struct Finished {
    std::string broken;
};  ///< all is done; `broken` says why the plan could not be performed
using Effect = std::variant<SetTimer, Act, Tell, HoldReading, AddClient, AskControl, AskStore, AskNode,
                            AskBacklog, AskHistory, SetLink, SetHost, RestartStore, Note, Finished>;
using Effects = std::vector<Effect>;

}  // namespace davenport::sim::orchestrator
