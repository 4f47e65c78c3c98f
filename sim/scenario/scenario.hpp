#pragma once

#include "node/base/parameter.hpp"
#include "node/base/time.hpp"
#include "sim/scenario/value.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// A scenario file as it was read: what is asked for, before any seed has decided anything.
namespace davenport::sim {

using base::Duration;

/// A place in a file, counted from 1; 0 where there is none (a default).
struct Location {
    int line = 0;
    int column = 0;
};

struct Range {
    Duration low{};
    Duration high{};  ///< equal to low for a fixed value
};

struct Link {
    Range latency{std::chrono::microseconds{100}, std::chrono::microseconds{300}};  ///< one way
    std::uint64_t bytes_per_second = 0;                                             ///< 0: unlimited
};

struct Topology {
    int nodes = 2;
    int clients = 4;                             ///< spread over the nodes in turn: c1 on n1, c2 on n2, ...
    int polling = 0;                             ///< of them, the last: they poll
    int readers = 0;                             ///< of them, the last: they say nothing
    int rooms = 1;                               ///< every client follows room r(1 + number mod rooms)
    int rooms_each = 1;                          ///< and the next ones, so many in all
    std::map<std::string, std::string> homes{};  ///< the node of a client, where it is not the one in turn
    Duration arrive{};                           ///< over how long the clients come, one after the other
    std::string feed = "continuous";             ///< or longpoll, poll
    Duration poll_interval = std::chrono::seconds{1};
    std::string store = "couchdb";     ///< or nats: a NATS server
    int servers = 1;                   ///< of NATS: one, or a cluster of three
    int shards = 1;                    ///< q of the database
    int members = 1;                   ///< of the store, which is a cluster then
    std::string prefix;                ///< path under which a proxy has the nodes: "/chat"
    int stores = 1;                    ///< that replicate; a node uses the first that answers
    int batch = 400;                   ///< messages that a node sends to the store in one request, at most
    int page = 2000;                   ///< rows that a node reads at once, at most
    int send_queue_bytes = 1'000'000;  ///< what waits for one client, at most
};

/// A key of topology or load with a list: each seed draws one of it. See draw_choices().
struct Choice {
    std::string key;
    std::vector<Value> of;
};

enum class Arrivals { constant, poisson, ramp, burst };

/// What a client does: says something, or changes something that it said.
enum class Deed { post, edit, remove };

/// A message that the file names, rather than the seed.
struct Message {
    Duration at{};
    std::string client;  ///< "c1"
    std::string room;    ///< empty: the one that the client follows
    int size_bytes = 64;
    Deed what = Deed::post;
    Location location;
};

/// A stretch of a load whose rate is even, or grows or falls evenly. In messages in 1000 s.
struct Stage {
    std::uint64_t from = 0;
    std::uint64_t to = 0;
    Duration length{};
};

struct Load {
    std::uint64_t per_1000_seconds = 10'000;  ///< messages of all clients together in 1000 s: "10/s" is 10000
    Arrivals arrivals = Arrivals::constant;
    int size_bytes = 64;
    int size_bytes_max = 64;  ///< equal to size_bytes for a fixed size, else drawn between the two
    Duration length = std::chrono::seconds{10};
    Duration settle = std::chrono::seconds{1};  ///< quiet time after the start, before the first message
    std::vector<Stage> stages;      ///< if there are any, they say the rate, and `length` is theirs together
    std::vector<Message> messages;  ///< if there are any, these are said and nothing is drawn
    int edits_per_million = 0;      ///< so many messages are followed by an edit by their sender
    int removals_per_million = 0;

    /// Something is edited or removed.
    [[nodiscard]] bool has_changes() const {
        return edits_per_million > 0 || removals_per_million > 0 ||
               std::ranges::any_of(messages, [](const Message& m) { return m.what != Deed::post; });
    }
};

/// What is said of a fault beside its time and its victim, by the names of the language: {"delay", 20ms}.
using Parameters = std::map<std::string, base::Parameter, std::less<>>;

/// One line of the timeline.
struct Fault {
    std::string name;  ///< given, or made from kind and number; phases are named after it
    std::vector<std::string>
        kinds;  ///< one ("store.down"), or several of which each occurrence draws one (`any`)
    std::optional<Duration> at;   ///< once, at this time
    std::optional<Range> every;   ///< or again and again, after a drawn pause
    std::string when;             ///< or once a condition is met: "feed(n1).rows >= 100"
    std::optional<Range> length;  ///< `for`; nothing: it is a moment, or lasts to the end
    std::string node;             ///< whom it hits; empty: not a node's fault, or one drawn
    std::string client;
    std::string store;      ///< of several, the one that it is about
    Parameters parameters;  ///< the rest; defaults are not among them
    bool swarm = false;     ///< a seed decides whether it takes part at all
    bool may_miss = false;  ///< the run counts though it touches nothing
    Location location;
    std::map<std::string, Location> places;  ///< where each key's value stands in the file
};

/// One line of `expect`.
struct Expectation {
    std::string text;      ///< as written
    std::string property;  ///< "no_loss", or the metric of a threshold: "p99(shown, from n1, except c3)"
    std::string phase;     ///< "during outage", "before outage", "after outage", "" for the whole run
    std::string relation;  ///< "<", "<=", ">", ">=", "==" or "" for a property
    double value = 0;      ///< of a threshold, in microseconds where it is a time
    std::optional<Duration> within;  ///< "converged within 5s"
    std::optional<Duration> stable;  ///< "recovery of outage stable 3s < 5s"
    bool abort_on_fail = false;      ///< the run ends as soon as it is broken
    Location location;
    Location name_location;  ///< of the fault's name, where there is one
};

struct Scenario {
    std::string file;
    std::shared_ptr<const std::string> source;  ///< the file's text; nullptr where it was not read from one
    std::string name;
    std::string about;
    std::uint64_t seed = 1;
    Topology topology;  ///< of `choices` the first
    std::vector<Choice> choices;
    std::map<std::string, Link> links;  ///< "client-node", "node-store"
    Load load;
    std::vector<Fault> timeline;
    std::vector<Expectation> expect;
    /// Where the sections "topology" and "load" stand in the file, and their keys ("topology.stores"), those
    /// that do.
    std::map<std::string, Location, std::less<>> sections;
    Duration heal = std::chrono::seconds{
        10};  ///< how long everything may take to converge after the last fault and message

    /// Something is edited or removed, by clients or by hand.
    [[nodiscard]] bool has_changes() const {
        return load.has_changes() || std::ranges::any_of(timeline, [](const Fault& fault) {
                   return std::ranges::any_of(fault.kinds, [](const std::string& kind) {
                       return kind.starts_with("store.document_");
                   });
               });
    }
};

}  // namespace davenport::sim
