#pragma once

#include "couchmock/core/events.hpp"
#include "couchmock/faults/request_info.hpp"
#include "couchmock/faults/rule_request.hpp"
#include "couchmock/faults/stale_reads.hpp"
#include "node/base/random.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace davenport::couchmock {

/// One fault that was set: its parameters, its random draws and its hit count.
///
/// Its random draws are its own: the same name and seed and the same requests give the same hits, whatever
/// other rules draw.
class Rule {
public:
    /// A rule without a name is called by its fault and number.
    Rule(RuleRequest asked, std::uint64_t number, std::uint64_t seed);

    /// The request is one that this rule is about, and the rule is on.
    [[nodiscard]] bool concerns(const RequestInfo& request) const {
        return active && match().matches(request);
    }
    /// The random draws say that this occasion is hit; counts it, and ends the rule with its last hit.
    bool fires();
    /// Whether this document is rejected, which counts as a hit. It depends on the document's id, so repeated
    /// calls agree; design and `_local` documents are never rejected.
    bool rejects(std::string_view document);
    /// It has had its `count` of hits; what it does to those that it has hit goes on.
    [[nodiscard]] bool spent() const { return hits_max && hits >= *hits_max; }
    /// store.short_sessions: a session's cookie was used first so long ago that it is over; its first use is
    /// noted.
    bool is_too_old(std::string_view cookie, base::Time now);
    /// As fires(), but one feed at most once, unless probability, every or at were given.
    bool fires_for_feed(ExchangeId feed);
    /// One of `count`, from 1.
    std::int64_t draw_member(int count) {
        return 1 + static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(count)));
    }
    /// As long as it is on, the store takes no connection.
    [[nodiscard]] bool takes_store_away() const;

    /// Asked for with probability, every or at.
    [[nodiscard]] bool chooses() const { return chooses_; }

    [[nodiscard]] const std::string& name() const { return asked_.name; }
    [[nodiscard]] Fault fault() const { return asked_.fault; }
    [[nodiscard]] const Match& match() const { return asked_.match; }
    /// As the control API lists it: the fault and the parameters that were asked for.
    void append_json(std::string& out) const;

    const std::uint64_t id;
    const FaultParameters parameters;  ///< the table's defaults among them
    bool active = true;
    base::Time since{};       ///< when it began
    std::int64_t member = 0;  ///< of a cluster, that it is about
    WrittenAt written;        ///< store.stale: what it has seen
    std::uint64_t hits = 0;
    std::optional<std::uint64_t> hits_max;  ///< after which it is spent

private:
    RuleRequest asked_;
    bool chooses_;
    std::uint32_t per_million_;
    std::uint64_t occasions_ = 0;
    std::set<ExchangeId> fired_for_;
    std::map<std::string, base::Time, std::less<>> sessions_;
    std::uint64_t seed_;
    base::Random random_;
};

}  // namespace davenport::couchmock
