#pragma once

#include "sim/checker/client_warnings.hpp"
#include "sim/checker/names.hpp"
#include "sim/checker/people.hpp"
#include "sim/record/record.hpp"
#include "sim/scenario/share.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What a history says, as plain tables: taken in by one pass, record by record, and then looked at by every
/// checker.
namespace davenport::sim::checker {

inline constexpr std::int64_t never = -1;

/// Index in Facts::messages is the number of its name in Facts::message_names.
struct Message {
    Index sender = nobody;
    Index room = nobody;
    Index node = nobody;         ///< of the sender's connection when it was first sent
    Index accepted_by = nobody;  ///< of the sender's connection when it was told
    Index stream = nobody;     ///< one number for its sender, the connection over which it was sent first, or
                               ///< again after a refusal, and its room
    std::uint32_t number = 0;  ///< 17 in "c3-17"
    std::uint32_t tries = 0;
    std::uint32_t documents = 0;     ///< how often the store holds it at the end
    std::uint32_t shown_before = 0;  ///< deliveries in the history before its first mention
    std::uint64_t journals =
        0;  ///< by node, a bit each: others that have shown it, and have it on their disks
    std::uint32_t answered_on = 0;  ///< the number of the sender's connection over which it was told
    std::uint32_t sent_seq = 0;     ///< the record with which it was first sent; 0 when it never was
    std::int64_t due_us = never;
    std::int64_t sent_us = never;
    std::int64_t resent_us = never;    ///< the last try before it was accepted
    std::int64_t accepted_us = never;  ///< told `accepted`, or `stored`, which implies it
    std::int64_t stored_us = never;
    bool unsent = false;  ///< could not be sent when it was due
    bool refused = false;
    bool failed = false;      ///< accepted, then given up
    bool excused = false;     ///< faults destroyed every copy: its node's disk, and what the store had of it
    bool rejected = false;    ///< given up, or never stored, while a fault had the store refuse some for good
    bool disk_lost = false;   ///< the disk of the node that accepted it was wiped
    bool store_lost = false;  ///< the store was wiped, or forgot its last writes, after it was accepted
    bool deleted_by_hand = false;  ///< in the store, or purged there: it need not be anywhere any more
    std::string id;                ///< the first that was told
};

/// One message shown to one client for the first time.
struct Delivery {
    Index message = nobody;
    Index client = nobody;
    Index node = nobody;
    std::uint32_t connection = 0;
    std::int64_t at_us = 0;
    DeliveryPath via = DeliveryPath::live;
    bool late = false;
};

/// An edit or a removal that a client sent, or that somebody made in the store by hand.
struct Change {
    Index message = nobody;
    std::string key;
    std::int64_t count = 0;  ///< the number of the edit, -1 for a removal
    Index accepted_by = nobody;
    std::int64_t sent_us = never;
    std::int64_t accepted_us = never;  ///< told `accepted`, or `stored`, which implies it
    std::int64_t stored_us = never;
    bool superseded = false;
    bool failed = false;
    bool disk_lost = false;   ///< the disk of the node that accepted it was wiped
    bool store_lost = false;  ///< the store was wiped, or forgot its last writes, after it was sent
    bool refused = false;     ///< for a policy's sake, when it was sent again: its sender gave it up
    bool by_hand = false;     ///< then it counts as accepted and stored when it was done
};

/// One state of a changed message, as one client was shown it.
struct Showing {
    Index message = nobody;  ///< nobody: of a message that nobody is known to have changed
    Index client = nobody;
    Index node = nobody;
    std::int64_t count = 0;
    std::int64_t at_us = 0;
    bool stale = false;  ///< over this very connection it was shown so, or newer, before
};

/// The state of a changed message at the end, as `node` holds it; nobody: as the store does.
struct FinalState {
    Index message = nobody;
    Index node = nobody;
    std::int64_t count = 0;
    bool in_conflict = false;  ///< the store has another leaf of it
};

struct Client {
    Index node = nobody;  ///< where it is, or was last
    std::uint32_t connection = 0;
    std::int64_t connected_us = never;
    bool connected = false;
    bool connected_at_end = false;                         ///< when the world began to look at the outcome
    bool polls = false;                                    ///< it has no WebSocket
    std::vector<std::pair<Index, Index>> streams;          ///< of this connection: (room, stream)
    std::string gone;                                      ///< why its last connection ended
    std::vector<std::pair<Index, std::uint32_t>> follows;  ///< (room, its place among the room's followers)
};

/// A client that follows a room, since the record `seq`.
struct Follower {
    Index client = nobody;
    std::uint32_t seq = 0;
    std::int64_t at_us = 0;
    bool gap = false;  ///< told of a gap that was not closed yet
};

struct Room {
    std::vector<Follower> followers;            ///< in order of joining
    std::vector<std::vector<Index>> histories;  ///< by node: the messages, oldest first
};

struct NodeChange {
    std::int64_t at_us;
    Index node;
    std::string state;
};

struct BacklogChange {
    std::int64_t at_us;
    Index node;
    std::int64_t count;
};

struct QueueSample {
    std::int64_t at_us;
    Index node;
    Index client;  ///< nobody: any one
    std::int64_t bytes;
};

struct MemorySample {
    std::int64_t at_us;
    Index node;
    std::int64_t bytes;
};

/// A node was asked for the words of a message.
struct Search {
    Index node, room, message;
    std::int64_t asked_us;
    std::int64_t answered_us;
    bool found;
    std::int64_t count;  ///< found with the text of this edit
    std::string silent;  ///< why the answer says nothing, else empty
};

struct LogLine {
    std::int64_t at_us;
    Index node;
    std::string text;
};

struct Requests {
    std::int64_t at_us;
    Index node;
    std::int64_t count;
    std::string status;
};

struct FaultSpan {
    std::string name;
    std::string kind;
    std::int64_t on_us = 0;
    std::int64_t off_us = never;
    std::int64_t touched = 0;
    std::string target{};   ///< "c3", "n1", or empty
    std::string absence{};  ///< why there was nothing to touch when it began: "c3 was away (vanish)"
    bool is_over = false;   ///< its end was told, and with it how much it touched
};

/// A document that says who may take part, for as long as it stood.
struct PolicySpan {
    std::string name;                 ///< of the fault
    std::string what;                 ///< ban, or what the room's settings allow: reading, nothing, patience
    Index client = nobody;            ///< of a ban
    Index room = nobody;              ///< nobody: all
    std::int64_t written_us = never;  ///< somebody began to write it
    std::int64_t set_us = never;      ///< it stood in the store; never: nobody knows
    std::int64_t lifting_us = never;  ///< somebody began to take it away
    std::int64_t lifted_us = never;   ///< it was gone
};

/// Whether a refusal with this code is for a policy's sake.
bool is_for_a_policy(std::string_view code);

/// Somebody was told that something is not for them: a post, or to be in a room.
struct Refusal {
    std::int64_t at_us;
    Index client, room, node;
    Index message = nobody;  ///< of a post
    std::string code;
};

struct Stall {
    std::int64_t at_us;
    std::int64_t late_us;
};

/// A record that is wrong in itself, whatever the checker; kept as it was told, up to a bound, and counted.
struct Anomaly {
    enum class Kind {
        repeated,          ///< shown again on the same connection
        second_id,         ///< the message goes under `id` too
        phantom,           ///< nobody sent it, or it was altered
        unknown_shown,     ///< shown though never sent
        unknown_document,  ///< in the store though never sent
        unknown_history,   ///< in a node's history though never sent
    };
    Kind kind{};
    std::int64_t at_us = 0;
    Index message = nobody;
    Index client = nobody;
    Index node = nobody;
    std::string id;
    std::string text;  ///< as shown, or the message's name
};

class Facts {
public:
    void add(const Record& record);
    /// Call once after the last record: closes what is open and sorts the deliveries.
    void close();

    Names message_names, clients_names, node_names, room_names;
    std::vector<Message> messages;
    std::vector<Delivery> deliveries;  ///< in the order of the history
    std::vector<Change> changes;       ///< in the order in which they were sent first
    std::vector<Showing> showings;     ///< of changed messages
    std::vector<FinalState> held;      ///< of messages that were changed
    std::vector<Client> clients;
    std::vector<Room> rooms;
    std::vector<NodeChange> lifelines;
    std::vector<BacklogChange> backlogs;
    std::vector<MemorySample> memory;
    std::vector<QueueSample> queues;
    std::vector<Search> searches;
    std::vector<Search> pages;  ///< messages looked for in histories that were read while the run was on
    std::vector<LogLine> logs;  ///< the first so many
    std::vector<Requests> requests;
    std::vector<FaultSpan> faults;
    std::vector<NodeChange> outages;  ///< "down" or "up": what nodes said of the store, each change of it
    std::vector<PolicySpan> policies;
    std::vector<Refusal> refusals;  ///< for a policy's sake
    std::vector<Stall> stalls;
    std::vector<Anomaly> anomalies;
    ClientWarnings warnings;
    People people;
    std::vector<std::int64_t> oddity_counts = std::vector<std::int64_t>(6, 0);  ///< by Anomaly::Kind
    std::int64_t repeated_elsewhere = 0;  ///< shown again on another connection, which a resume may do
    std::int64_t documents = 0;
    std::int64_t sends = 0;  ///< tries included
    std::int64_t healed_us = never;
    std::int64_t end_us = 0;  ///< the time of the last record
    std::uint32_t seq = 0;    ///< records taken
    std::uint32_t streams = 0;
    bool ended = false;
    std::int64_t polling_from = 0, polling_to = 0;  ///< clients that poll, by the numbers in their names
    Share share;              ///< whose clients' records these are; what others said is left out
    std::int64_t others = 0;  ///< showings, documents and items of histories that were left out so
    bool one_order =
        true;  ///< the store has one shard and one member, so its feed has the order of its writes
    bool histories_read = false;
    std::string broken;  ///< what the last record says was wrong with the run
    std::string run;     ///< the first record's text

    [[nodiscard]] std::int64_t count_of(Anomaly::Kind kind) const {
        return oddity_counts[static_cast<std::size_t>(kind)];
    }
    /// Of one of `messages`.
    [[nodiscard]] Index index_of(const Message& m) const { return static_cast<Index>(&m - messages.data()); }
    /// Indices into `deliveries`, in time order; valid after close().
    [[nodiscard]] std::span<const std::uint32_t> deliveries_of_message(Index message) const;
    [[nodiscard]] std::span<const std::uint32_t> deliveries_to_client(Index client) const;

private:
    Client& client(std::string_view name, Index& number);
    void forget_early_stalls();
    Index node(const Record& record, const Client* client);
    Room& room(std::string_view name, Index& number);
    Index message(std::string_view name);
    void learn_id(Index message, const Record& record, Index client, Index node);
    void odd(Anomaly::Kind kind, const Record& record, Index message, Index client, Index node);
    void mark_end();
    /// It is about what a client of another generator said.
    [[nodiscard]] bool is_of_others(const Record& record);

    void take_connection(const Record& record);
    void take_join(const Record& record);
    void take_send(const Record& record);
    void take_answer(const Record& record);
    void take_shown(const Record& record);
    [[nodiscard]] bool was_sent_before_a_wipe(const Record& shown, Index client, Index node) const;
    void take_change(const Record& record);
    void take_changed(const Record& record);
    void take_by_hand(const Record& record);
    void take_store(Index node, bool is_down, std::int64_t at_us);
    void take_policy(const Record& record);
    void take_put_out(const Record& record);
    void take_refusal(const Record& record, Index client, Index node, Index message);
    void take_held(const Record& record, Index message, Index node);
    /// The message that a record is about; of a removed one only the id is known.
    Index named(const Record& record);
    void take_document(const Record& record);
    void take_history(const Record& record);
    void take_node(const Record& record);
    void take_fault(const Record& record);
    [[nodiscard]] std::string absence_of(const Record& fault);
    static void excuse_if_destroyed(Message& message);
    void excuse_rejected(const FaultSpan& fault);

    std::map<std::string, Index> changed_ids_;  ///< of messages that somebody changes
    std::map<std::string, std::size_t> changes_by_key_;
    std::vector<std::int64_t> disk_wiped_us_;  ///< by node: the last time
    std::int64_t store_wiped_us_ = never;

    std::vector<std::uint32_t> by_message_, message_begin_;
    std::vector<std::uint32_t> by_client_, client_begin_;
    bool at_end_ = false;
};

}  // namespace davenport::sim::checker
