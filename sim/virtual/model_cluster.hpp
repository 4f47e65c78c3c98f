#pragma once

#include "node/base/random.hpp"
#include "sim/virtual/model_jetstream.hpp"

#include <cstddef>
#include <deque>
#include <optional>
#include <string_view>
#include <vector>

namespace davenport::sim::virtual_world {

/// One NATS server, or several that have one stream among them as Raft keeps it: as much of a cluster of
/// nats-server 2.9 as a chat's store notices.
///
/// One server leads. What it is sent it proposes, and acknowledges once a majority has it: that stays,
/// whoever dies. When the leader dies or hangs, the others elect another after a while. Meanwhile nobody is
/// there for what is published; what was proposed and not acknowledged is then stored without an
/// acknowledgement, or lost. Without a majority nothing is acknowledged. A consumer lives at one server, and
/// falls silent with it.
///
/// The copy of a server that was away may lack some messages that the others have, and nobody notices; the
/// leader's is taken to be whole.
///
/// As in nats-server 2.9 a change over a sequence is compared when it is proposed and not again when it is
/// stored, so two at once may both be stored; that a subject is new is looked at when it is stored.
class ModelCluster {
public:
    using Server = std::size_t;
    using ConnectionId = ModelJetStream::ConnectionId;
    using Deliveries = ModelJetStream::Deliveries;

    ModelCluster(std::size_t servers, base::Random random)
        : states_(servers), random_{random}, leader_{Server{0}} {
        stream_.set_replicas(servers);
    }

    /// What is in it; and for what happens to all servers alike.
    [[nodiscard]] ModelJetStream& stream() { return stream_; }
    [[nodiscard]] const ModelJetStream& stream() const { return stream_; }

    [[nodiscard]] std::size_t size() const { return states_.size(); }

    // ---- connections
    /// Where a new connection goes; nothing: no server takes one.
    std::optional<Server> place();
    [[nodiscard]] bool is_hung(Server server) const { return states_[server].hangs > 0; }
    Deliveries publish(ConnectionId from, const base::NatsMessage& message, base::Now now);

    /// When on_time() has something to do; nothing: never.
    [[nodiscard]] std::optional<base::Time> next_time() const;
    Deliveries on_time(base::Now now);

    // ---- what may happen to it; connections are the caller's
    /// All processes end, and are back with what they had acknowledged.
    void restart(base::Now now);
    /// The power fails everywhere; as ModelJetStream::lose_unsynced().
    std::size_t lose_unsynced(base::Now now);
    bool delete_stream();
    /// "leader", "follower" or a number from 1 on. While nobody leads, or where the only other one is away,
    /// another that is there; nothing: none is.
    [[nodiscard]] std::optional<Server> find(std::string_view which) const;
    [[nodiscard]] std::optional<Server> leader() const { return leader_; }
    void kill(Server server, base::Now now);
    void start(Server server, base::Now now);
    void hang(Server server, base::Now now);
    Deliveries resume(Server server, base::Now now);

private:
    struct State {
        int downs = 0, hangs = 0;
        std::uint64_t misses = 0;  ///< so many of the next messages its copy does not get
        [[nodiscard]] bool is_there() const { return downs == 0 && hangs == 0; }
    };
    struct Proposal {
        ConnectionId from;
        base::NatsMessage message;
        base::Time agreed_at;
    };

    [[nodiscard]] std::vector<Server> there() const;
    [[nodiscard]] bool has_majority() const { return there().size() > states_.size() / 2; }
    Deliveries ask_api(ConnectionId from, const base::NatsMessage& message, base::Now now);
    Deliveries propose(ConnectionId from, const base::NatsMessage& message, base::Now now);
    void lose_leader(base::Now now);
    void lose_chief(base::Now now);
    void call_election(base::Now now);
    void come_back(Server server, base::Now now);
    Deliveries store(const Proposal& proposal, base::Now now);
    void elect(base::Now now, Deliveries& out);

    std::vector<State> states_;
    ModelJetStream stream_;
    base::Random random_;
    std::optional<Server> leader_;
    std::optional<base::Time> election_at_;
    base::Time api_back_at_{};        ///< until then the API knows little more than the stream's leader
    std::deque<Proposal> proposals_;  ///< in their order
    std::size_t placed_ = 0;
};

}  // namespace davenport::sim::virtual_world
