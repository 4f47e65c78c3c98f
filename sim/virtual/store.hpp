#pragma once

#include "couchmock/mock/mock.hpp"
#include "sim/virtual/path.hpp"
#include "sim/virtual/timers.hpp"

#include <map>
#include <string>
#include <vector>

namespace davenport::sim::virtual_world {

struct Parts;
class Node;

/// The mock store, and the requests of the nodes that are on their way to it or back.
class Store {
public:
    /// `index`: of several, in the order in which the nodes know them.
    Store(Parts& parts, std::uint32_t index);

    [[nodiscard]] std::uint32_t index() const { return index_; }

    void fetch(Node& from, node::Fetch request);
    void cancel(Node& from, node::FetchId id);
    void on(ToStore& e);
    void on(StoreTimer& e);

    /// A request of the harness, which no link delays and no fault touches; the answer is there at once.
    base::HttpResponse ask(base::HttpRequest request);
    /// The same by another store; its status is 0 while this one is down.
    base::HttpResponse ask_as_peer(base::HttpRequest request);

    /// The node is gone: the store notices that its requests are abandoned.
    void abandon_requests(Node& of);
    /// The node turns to another store: its requests fail at once.
    void leave(Node& from);
    /// Breaks the node's connections; returns how many requests that met.
    std::int64_t reset(Node& of);
    /// The node waits for answers, and the store writes to nobody.
    std::int64_t forget_requests(const Node& of);
    [[nodiscard]] std::int64_t count_requests(const Node& of) const;
    /// Breaks the node's requests on which nothing has moved for `idle`, or (`silently`) forgets them;
    /// returns how many.
    std::int64_t cut_idle(Node& of, Duration idle, bool silently);
    /// A proxy gathers what is streamed to the node and passes it on in blocks of `bytes`; 0: there is none.
    /// Returns how many pieces of streams it has had so far, or, when it begins, the negative of it.
    std::int64_t buffer(const Node& of, std::size_t bytes);

private:
    struct Exchange {
        NodeIndex node;
        std::uint32_t life;
        node::FetchId fetch;
        bool stream;
        bool chunked = false;
        base::HttpResponse answer{};  ///< gathered, when the node wants it whole
        InOrder down{};
        Time moved{};            ///< when anything last came on its connection
        std::string gathered{};  ///< by a proxy that buffers
    };
    /// A proxy before the store, by node.
    struct Proxy {
        std::size_t block = 0;
        std::int64_t pieces = 0;
    };
    std::int64_t break_requests(Node& of, const std::vector<couchmock::ExchangeId>& ids);
    void flush(Exchange& exchange);

    void handle(couchmock::Event&& event);
    void perform(couchmock::Effect& effect);
    [[nodiscard]] Node& node_of(const Exchange& exchange);
    Exchange* find(couchmock::ExchangeId id);
    void send_up(Node& from, couchmock::Event event, std::size_t bytes);
    /// `event`: one of those with a `fetch`, which is filled in; it takes as long as `bytes` take.
    template <class E>
    void answer(Exchange& exchange, E&& event, std::size_t bytes);
    void stream(Exchange& exchange, std::string bytes);
    void finish(couchmock::ExchangeId id, bool connection_lives);
    /// True when the effect answers the harness's own request.
    bool keep_asked(couchmock::Effect& effect);

    Parts& parts_;
    std::uint32_t index_;
    couchmock::Mock mock_;
    bool listens_ = true;
    std::map<couchmock::ExchangeId, Exchange> exchanges_;
    std::map<NodeIndex, Proxy> proxies_;
    couchmock::ExchangeId next_exchange_ = 1;
    Timers<couchmock::TimerId> timers_;
    couchmock::ExchangeId asked_ = 0;  ///< the harness's own request that is being answered
    base::HttpResponse asked_answer_;
    bool asked_more_ = false;  ///< its answer comes in pieces, and the next one is due
};

}  // namespace davenport::sim::virtual_world
