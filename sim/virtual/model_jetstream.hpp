#pragma once

#include "node/base/nats.hpp"
#include "node/base/time.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace davenport::sim::virtual_world {

/// A NATS server with JetStream as a machine: as much of nats-server 2.9 as a chat's store is asked for, and
/// what may happen to one. It shares no code with the node's room for NATS.
///
/// It answers STREAM.CREATE, INFO (with subjects) and DELETE, STREAM.MSG.GET by last subject and of the next
/// from a sequence, that by DIRECT.GET too, STREAM.MSG.DELETE, publications
/// with Nats-Expected-Last-Subject-Sequence, CONSUMER.CREATE of ephemeral push consumers (all, by sequence,
/// by time, new) with heartbeats and flow control, and of pull consumers with CONSUMER.MSG.NEXT.
///
/// Connections are numbers; one that asks is answered at the subject that it gave, without a subscription.
class ModelJetStream {
public:
    using ConnectionId = std::uint64_t;
    using Sequence = std::uint64_t;

    /// To a connection: what `message` brings for its subscription to `inbox`, or its answer there.
    struct Delivery {
        ConnectionId to;
        std::string inbox;
        base::NatsMessage message;
    };
    using Deliveries = std::vector<Delivery>;

    void subscribe(ConnectionId connection, const std::string& inbox) { listeners_[inbox] = connection; }
    void unsubscribe(const std::string& inbox) { listeners_.erase(inbox); }
    void disconnected(ConnectionId connection);
    Deliveries publish(ConnectionId from, const base::NatsMessage& message, base::Now now);

    /// When on_time() has something to do; nothing: never.
    [[nodiscard]] std::optional<base::Time> next_time() const;
    Deliveries on_time(base::Time now);

    // ---- for a cluster, which looks at a publication twice
    /// A publication would be stored now.
    [[nodiscard]] bool would_take(const base::NatsMessage& message) const;
    /// Stores what would be taken when it was proposed; refuses it only when it was to be its subject's
    /// first, and is not any more.
    Deliveries store(ConnectionId from, const base::NatsMessage& message, base::Now now);
    /// So many servers have a copy.
    void set_replicas(std::size_t replicas) { replicas_ = replicas; }
    /// Nobody leads the servers, though somebody leads the stream: its API answers to STREAM.INFO alone.
    void set_unavailable(bool unavailable) { unavailable_ = unavailable; }
    /// Consumers made from now on live at this server.
    void set_home(std::size_t server) { home_ = server; }
    /// The consumers of a server are gone, without a word.
    void lose_home(std::size_t server);
    /// The consumers of a server say nothing, or may speak again: see push_all().
    void set_silent(std::size_t server, bool silent);
    Deliveries push_all(base::Time now);
    /// The copy of a server lacks this message, and nobody notices: its consumers do not tell of it.
    void lose_in_copy(std::size_t server, Sequence sequence) { lacks_[server].insert(sequence); }

    // ---- what may happen to it; connections are the caller's
    /// All that was taken so far is on the disk.
    void sync() { unsynced_.clear(); }
    /// The process ends: consumers are gone.
    void restart();
    /// The power fails: what was not synced is gone as well, and what it had replaced is back.
    /// Returns how many messages were lost.
    std::size_t lose_unsynced();
    /// A copy that missed a part leads from now on: `count` messages before the last `after` are gone, and
    /// those have lower numbers. Returns how many were lost.
    std::size_t lose_part(std::size_t count, std::size_t after);
    /// The next `count` publications are acknowledged, told to the consumers of the connection that they come
    /// from, and dropped: others get their numbers, of which those consumers do not tell. As nodes at a
    /// server of a cluster see it that was cut off while it led, and resets its copy when it is back.
    void give_up_next(std::size_t count) { gives_up_ = count; }
    /// Somebody deletes the stream; returns whether there was one.
    bool delete_stream();
    /// Its consumers are dropped, as when their leader is another server now; returns how many.
    Deliveries drop_consumers();

    // ---- what is in it
    struct Stored {
        std::string subject, payload;
        std::int64_t taken_ns = 0;
    };
    [[nodiscard]] const std::map<Sequence, Stored>& messages() const { return messages_; }
    /// By hand; the stream is there.
    void write(const std::string& subject, const std::string& payload, base::Now now, Deliveries& out) {
        append(subject, payload, now, out);
    }
    [[nodiscard]] const Stored* last(std::string_view subject) const;
    [[nodiscard]] Sequence last_sequence() const { return last_sequence_; }

private:
    struct Consumer {
        std::string inbox;  ///< empty: it is pulled
        Sequence next = 1;
        std::uint64_t number = 0;   ///< of the last one told
        std::uint64_t pending = 0;  ///< that are there and were not told
        base::Duration heartbeat{};
        base::Time next_heartbeat{};
        std::uint64_t untold_flow = 0;  ///< told since the last answer to its flow control
        std::string stalled{};          ///< the subject that is waited for
        std::size_t home = 0;           ///< the server that it lives at
    };
    struct Undo {
        Sequence sequence;
        std::optional<std::pair<Sequence, Stored>> replaced;
    };

    void give_up(ConnectionId from, const base::NatsMessage& message, base::Now now, Deliveries& out);
    [[nodiscard]] Sequence last_sequence(std::string_view subject) const;
    static void answer(ConnectionId to, const base::NatsMessage& request, std::string payload,
                       Deliveries& out);
    void on_api(ConnectionId from, const base::NatsMessage& message, base::Now now, Deliveries& out);
    void make_consumer(ConnectionId from, const base::NatsMessage& message, base::Now now, Deliveries& out);
    Sequence append(const std::string& subject, const std::string& payload, base::Now now, Deliveries& out);
    void push(const std::string& name, Consumer& consumer, base::Time now, Deliveries& out);
    base::NatsMessage row(const std::string& name, Consumer& consumer,
                          std::map<Sequence, Stored>::const_iterator at) const;
    [[nodiscard]] bool lacks(std::size_t server, Sequence sequence) const;
    [[nodiscard]] bool has_row(const Consumer& consumer, Sequence sequence) const {
        return sequence >= consumer.next && !lacks(consumer.home, sequence);
    }
    void read_message(ConnectionId from, const base::NatsMessage& message, Deliveries& out) const;
    void read_directly(ConnectionId from, const base::NatsMessage& message, Deliveries& out) const;
    void delete_message(ConnectionId from, const base::NatsMessage& message, Deliveries& out);
    [[nodiscard]] std::map<Sequence, Stored>::const_iterator find(const base::NatsMessage& message,
                                                                  bool of_leader) const;
    [[nodiscard]] std::string info(const base::NatsMessage& request) const;

    std::string stream_, created_;  ///< empty: there is none
    std::map<Sequence, Stored> messages_;
    std::map<std::string, Sequence, std::less<>> last_;
    Sequence last_sequence_ = 0;
    std::vector<Undo> unsynced_;
    std::map<std::string, Consumer> consumers_;
    std::map<std::string, ConnectionId> listeners_;
    std::uint64_t consumers_made_ = 0;
    std::size_t home_ = 0;
    bool unavailable_ = false;
    std::set<std::size_t> silent_;                     ///< servers
    std::map<std::size_t, std::set<Sequence>> lacks_;  ///< what the copies of servers do not have
    std::size_t replicas_ = 1;
    std::size_t gives_up_ = 0;  ///< so many of the next publications
};

}  // namespace davenport::sim::virtual_world
