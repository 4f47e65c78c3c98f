#pragma once

#include "couchmock/core/events.hpp"
#include "couchmock/faults/request_info.hpp"
#include "node/base/random.hpp"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>

#include <boost/json/object.hpp>

namespace davenport::couchmock {

/// What goes wrong. The names are those of the control API: "store.down", "feed.cut"...
enum class Fault {
    // the store as a whole
    store_down,  ///< connections are refused, open ones reset
    store_hang,  ///< nothing is answered until the rule ends, open feeds included
    // instead of an answer
    store_refuse,        ///< the connection is reset before the request is read
    store_error,         ///< a status of choice with CouchDB's words
    store_full,          ///< writes: 507
    store_unauthorized,  ///< 401
    store_forgotten,     ///< 404 of the database
    store_read_only,     ///< writes: 403
    // done, but
    store_slow_accept,   ///< a new connection is not served for a while
    store_slow,          ///< the answer is late
    store_clock_skew,    ///< the store's wall clock is wrong
    store_lose_reply,    ///< writes: the connection is reset instead of the answer
    store_partial_bulk,  ///< _bulk_docs: the first rows are stored, then the connection is reset
    store_bulk_errors,   ///< _bulk_docs: some documents are not stored, as their rows say
    store_reject,        ///< some documents are refused for good, as by a validate_doc_update
    store_accepted,      ///< writes: 202, as with too few replicas
    store_cut_reply,     ///< reset in the middle of the answer
    store_drip,          ///< the answer comes in small pieces
    // at once, and over
    store_wipe,      ///< all databases are gone
    store_crash,     ///< what was not acknowledged is gone; every connection is reset
    store_amnesia,   ///< the newest writes are gone, acknowledged or not
    store_failover,  ///< a copy takes over that lacks the newest writes; every connection is reset
    store_restart,   ///< every connection is reset
    feed_rewind,     ///< open feeds, or the next that opens, go on further back
    // in the feed
    feed_cut,             ///< reset in the middle of a row
    feed_stall,           ///< no rows and no heartbeats
    feed_repeat,          ///< a row twice
    feed_reorder,         ///< a row after its successor
    feed_late,            ///< a row after later ones
    feed_garbage,         ///< a line that is none
    feed_early_last_seq,  ///< the feed ends in good order, before its time
    feed_foreign_since,   ///< the since is refused
};

std::string_view name_of(Fault fault);
std::optional<Fault> fault_named(std::string_view name);
/// Only where the store is the mock's own: another's documents are not ours to take away.
bool loses_documents(Fault fault);

/// Which requests a rule is about; empty members match all.
struct Match {
    std::string method, path, database, document, client;  ///< `path` is a glob
    bool not_feed = false;
    [[nodiscard]] bool matches(const RequestInfo& request) const;
};

/// One fault as somebody asked for it, and what came of it.
///
/// Its random draws are its own: the same name and seed and the same requests give the same hits, whatever
/// other rules draw.
class Rule {
public:
    /// The rule that `wanted` describes, or what is wrong with it.
    static std::variant<Rule, std::string> read(const boost::json::object& wanted, std::uint64_t id,
                                                std::uint64_t seed);

    /// The request is one that this rule is about, and the rule is on.
    [[nodiscard]] bool concerns(const RequestInfo& request) const { return active && match.matches(request); }
    /// The random draws say that this occasion is hit; counts it, and ends the rule with its last hit.
    bool fires();
    /// Of one document it says the same whenever it is asked; never of a design document or a local one.
    bool rejects(std::string_view document);
    /// It has had its `count` of hits; what it does to those that it has hit goes on.
    [[nodiscard]] bool spent() const { return count && hits >= *count; }
    /// As fires(), but one feed at most once, unless probability, every or at were given.
    bool strikes_feed(ExchangeId feed);

    /// Asked for with probability, every or at.
    [[nodiscard]] bool has_probability() const { return has_probability_; }

    void append_json(std::string& out) const;

    std::uint64_t id = 0;
    std::string name;
    Fault fault = Fault::store_error;
    Match match;
    std::optional<std::uint64_t> count;   ///< hits after which it is spent
    std::optional<base::Duration> lasts;  ///< after which it ends
    bool active = true;
    std::uint64_t hits = 0;

    int status = 503;
    std::optional<std::int64_t> retry_after_s;
    base::Duration delay = std::chrono::milliseconds{200};
    base::Duration clock_offset{};  ///< negative: slow
    std::uint64_t rows = 0;
    std::string error = "internal_server_error";  ///< of a row
    std::string uuid;
    boost::json::object wanted;  ///< as it was asked for; shown, and handed to the store for its acts

private:
    std::uint32_t per_million_ = 1'000'000;
    bool has_probability_ = false;
    std::uint64_t every_ = 0;
    std::uint64_t at_ = 0;
    std::uint64_t occasions_ = 0;
    std::set<ExchangeId> struck_;
    base::Random random_{0};
    std::uint64_t seed_ = 0;
};

}  // namespace davenport::couchmock
