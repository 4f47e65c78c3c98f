#pragma once

#include "couchmock/mock/mock.hpp"
#include "node/base/json.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace davenport::couchmock::embed {

/// What a client saw of one exchange so far.
struct Seen {
    int status = 0;  ///< 0: nothing yet
    base::Headers headers;
    std::string body;
    bool ended = false;
    bool reset = false;   ///< the connection was cut
    std::string partial;  ///< the raw bytes that went out before that

    /// The body as JSON; null when it is not JSON.
    [[nodiscard]] boost::json::value value() const { return base::parse_json(body).value_or(nullptr); }
    /// A member of the body that is a string; empty when there is none.
    [[nodiscard]] std::string text(std::string_view key) const;
    /// The rows of a continuous feed that came so far, and their ids.
    [[nodiscard]] std::vector<boost::json::value> rows() const;
    [[nodiscard]] std::vector<std::string> ids() const;
};

/// A couchmock without a socket, in a time of its own: what is asked is answered at once, and nothing happens
/// by itself until pass() lets time go by.
///
///     couchmock::embed::MockStore store;
///     store.put("/chat", "");
///     const auto feed = store.send("GET", "/chat/_changes?feed=continuous");
///     store.put("/chat/a", R"({"msg": "hello"})");
///     store.seen(feed).ids();                                          // {"a"}
///     store.fault(R"({"fault": "store.down", "for_ms": 2000})");
///     store.pass(std::chrono::seconds{2});                             // and it is back
///
/// Threads: not thread-safe. Errors: none; complaint() tells when the mock broke its own protocol, which is a
/// bug of couchmock.
class MockStore {
public:
    explicit MockStore(MockConfig config = {.default_shards = 1}) : mock_(std::move(config)) {}
    virtual ~MockStore() = default;
    MockStore(const MockStore&) = delete;
    MockStore& operator=(const MockStore&) = delete;

    /// Takes up what a store before it kept.
    void restore(const std::vector<Record>& kept, RecordKeeper& keeper) { mock_.restore(kept, keeper); }

    /// Begins a request; gives the number of its exchange. A body without a Content-Type is JSON.
    ExchangeId send(std::string method, std::string target, std::string body = {},
                    base::Headers headers = {});
    /// A request, and what came back at once.
    Seen ask(std::string method, std::string target, std::string body = {}, base::Headers headers = {}) {
        return seen(send(std::move(method), std::move(target), std::move(body), std::move(headers)));
    }
    Seen put(std::string target, std::string body) { return ask("PUT", std::move(target), std::move(body)); }
    Seen get(std::string target) { return ask("GET", std::move(target)); }
    /// Sets a fault by its rule in JSON, as POST /_mock/faults takes it (CONTROL.md); the answer.
    Seen set_fault(std::string rule) { return ask("POST", "/_mock/faults", std::move(rule)); }
    /// How often a named fault has hit; -1 when there is none of that name.
    [[nodiscard]] std::int64_t hits(std::string_view fault);
    /// The client of that exchange goes away.
    void abandon(ExchangeId exchange);

    [[nodiscard]] const Seen& seen(ExchangeId exchange) { return seen_[exchange]; }
    /// Forgets what was read of an answer so far.
    void forget_body(ExchangeId exchange) { seen_[exchange].body.clear(); }

    // ---- other servers, where the config says that it reaches them
    /// What the mock asks of others and has no answer yet, the oldest first.
    [[nodiscard]] const std::vector<Fetch>& fetches() const { return fetches_; }
    /// Answers the oldest.
    void answer_fetch(base::HttpResponse response);
    /// The oldest has no answer.
    void fail_fetch(FetchFailure why);

    /// Lets time pass; what is due in it happens when it is due.
    void pass(base::Duration duration);
    [[nodiscard]] base::Now now() const { return now_; }

    /// True: each request comes on a connection of its own; else all on one that is open already.
    bool connects_anew = false;
    /// While false, clients read nothing of what is streamed to them.
    bool reads = true;
    void read_again();

    /// Would a connection be accepted? Not while the store is down.
    bool listening = true;
    std::string client = "10.0.0.1:4711";  ///< the address that the next requests come from
    std::size_t data_effects = 0;          ///< pieces of streamed answers so far
    [[nodiscard]] const std::string& complaint() const { return complaint_; }

private:
    void move_to(base::Time time);
    void perform(Effects effects);
    void perform_one(Respond& effect);
    void perform_one(RespondHead& effect);
    void perform_one(RespondData& effect);
    void perform_one(RespondEnd& effect) { open(effect.exchange).ended = true; }
    void perform_one(Reset& effect);
    void perform_one(SetTimer& effect) { timers_[effect.timer] = effect.at; }
    void perform_one(Listen& effect) { listening = effect.accepting; }
    void perform_one(Log&) {}
    void perform_one(Fetch& effect) { fetches_.push_back(std::move(effect)); }
    void perform_one(CancelFetch& effect) {
        std::erase_if(fetches_, [&](const Fetch& one) { return one.fetch == effect.fetch; });
    }
    Seen& open(ExchangeId exchange);
    void complain(std::string what) { complaint_ = complaint_.empty() ? std::move(what) : complaint_; }

    Mock mock_;
    base::Now now_{base::Time{std::chrono::seconds{1}}, base::wall_from_unix_ms(1'795'460'362'000)};
    ExchangeId last_ = 0;
    std::map<ExchangeId, Seen> seen_;
    std::map<TimerId, base::Time> timers_;
    std::vector<ExchangeId> unread_;
    std::string complaint_;
    std::vector<Fetch> fetches_;
};

}  // namespace davenport::couchmock::embed
