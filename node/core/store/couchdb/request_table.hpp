#pragma once

#include "node/base/http.hpp"
#include "node/core/turn.hpp"

#include <functional>
#include <map>
#include <string>
#include <utility>

namespace davenport::node {

class RequestTable;
class StoreHealth;

/// Which machine sent a request. It stands in the low bits of the FetchId.
enum class RequestOwner : FetchId {
    health,
    writer,
    feed,
    backfill,
    lookup,
    resume,
    anti_entropy,
    sign_in,
    presence,
    placer,
    feed_watch,
    room_reads,
    changes,
    policies,
    conflicts,
    purges
};

/// How a request ended.
struct Reply {
    const base::HttpResponse* response = nullptr;  ///< nullptr: none came; done or not, nobody knows
    std::string reason{};                          ///< why none came
    bool late = false;                             ///< none came in time
};

/// A stream's conversation. After on_ended() or on_broken() nothing more comes.
class StreamHandler {
public:
    virtual void on_head(Turn& turn, int status) = 0;
    virtual void on_data(Turn& turn, std::string_view bytes) = 0;
    virtual void on_ended(Turn& turn) = 0;
    virtual void on_broken(Turn& turn) = 0;  ///< refused, reset, or silent for too long

protected:
    ~StreamHandler() = default;
};

/// The request that a machine has under way: a place in the RequestTable. Withdrawn when it is destroyed.
class Request {
public:
    Request() = default;
    ~Request() { forget(); }
    Request(const Request&) = delete;
    Request& operator=(const Request&) = delete;

    [[nodiscard]] bool open() const { return id_ != 0; }
    /// No answer is wanted. The store is not told.
    void forget();
    /// No answer is wanted, and the connection may be closed.
    void cancel(Turn& turn);

private:
    friend class RequestTable;
    RequestTable* table_ = nullptr;
    FetchId id_ = 0;
};

/// All requests to the store that are under way: their ids, their owners, their deadlines, and what a failure
/// means for the store's health.
///
/// A request ends once: with an answer, with a failure, or at its deadline, which cancels it. The table
/// forgets it first, calls its handler, and then reports a failure to StoreHealth.
class RequestTable {
public:
    /// False when the answer is not one that a store in good health gives.
    using OnReply = std::function<bool(Turn&, const Reply&)>;

    struct Options {
        base::Duration timeout;
        bool sets_alarm = true;    ///< else the owner sees to it that a turn comes at the deadline
        bool tells_health = true;  ///< else the owner does, or a failure means nothing
    };

    explicit RequestTable(StoreHealth& health) : health_{&health} {}

    FetchId send(Turn& turn, RequestOwner owner, base::HttpRequest request, Options options,
                 OnReply on_reply);
    void send(Turn& turn, RequestOwner owner, Request& place, base::HttpRequest request, Options options,
              OnReply on_reply);
    /// `silence`: a stream that says nothing for so long is broken. The handler tells the health itself.
    void open(Turn& turn, RequestOwner owner, Request& place, base::HttpRequest request,
              base::Duration silence, StreamHandler& handler);
    void forget(FetchId id);
    void cancel(Turn& turn, FetchId id);
    /// Cancels what this owner has under way and is past its deadline.
    void expire(Turn& turn, RequestOwner owner);

    void on(Turn& turn, const Fetched& e);
    void on(Turn& turn, const FetchFailed& e);
    void on(Turn& turn, const FetchHead& e);
    void on(Turn& turn, const FetchData& e);
    void on(Turn& turn, const FetchEnded& e);
    void on_timer(Turn& turn, TimerId timer);

private:
    struct Entry {
        RequestOwner owner;
        base::Time deadline;
        bool tells_health = true;
        OnReply on_reply{};
        StreamHandler* stream = nullptr;
        base::Duration silence{};
        Request* place = nullptr;
    };

    FetchId add(Turn& turn, base::HttpRequest request, bool streams, bool sets_alarm, Entry entry);
    void end(Turn& turn, FetchId id, const Reply& reply);
    Entry take(std::map<FetchId, Entry>::iterator entry);

    StoreHealth* health_;
    FetchId count_ = 0;
    std::map<FetchId, Entry> entries_;
};

}  // namespace davenport::node
