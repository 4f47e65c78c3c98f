#pragma once

#include "couchmock/faults/rule.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace davenport::couchmock {

/// One row of a feed, found in its bytes.
struct FeedRow {
    std::string_view seq, id, rev;  ///< as they stand in the JSON text; empty when a row has none
};

/// Transforms one feed: parses the store's bytes row by row and writes the client's, with the rules' faults
/// applied.
///
/// Rows that are held back keep the feed honest in one respect: what passes them carries the last seq before
/// them, so a client that goes on from any seq it was shown misses nothing.
class FeedMutator {
public:
    FeedMutator(RequestInfo::Feed kind, std::string since) : kind_(kind), since_(std::move(since)) {}

    enum class End {
        none,
        cut,    ///< `out` ends in the middle of a row: send it, then reset
        early,  ///< `out` ends with a last_seq: send it, then end the answer
    };
    using OnRow = std::function<void(const FeedRow&)>;
    /// Appends to `out` what the client is to get of `bytes`; tells `on_row`, if there is one, of each row in
    /// it.
    End take(std::string bytes, const std::vector<Rule*>& rules, ExchangeId feed, base::Time now,
             std::string& out, const OnRow& on_row);
    /// Appends rows that were held back and are due; all of them at the feed's end.
    void release(base::Time now, bool all, std::string& out);
    /// When release() is wanted.
    [[nodiscard]] std::optional<base::Time> deadline() const;

    /// The since with which the feed would go on `rows` rows further back; "0" for 0 rows or when that is too
    /// long ago.
    [[nodiscard]] std::string back(std::uint64_t rows) const;
    /// The feed goes on from elsewhere: what was not finished is forgotten.
    void restart(std::string since);

private:
    struct DelayedRow {
        std::string unit, seq;
        base::Time due;
        bool after_next;  ///< goes out behind the next row
    };
    void remember(std::string_view seq);
    bool passes_whole(std::string& bytes, std::string& out);
    void pass_row(std::string_view unit, std::string_view seq, std::string& out);
    void release_first(std::string& out);

    RequestInfo::Feed kind_;
    std::string since_;
    std::string tail_;                    ///< an unfinished line
    std::string seen_;                    ///< the last seqs, one after another
    std::vector<std::size_t> seen_ends_;  ///< where each ends
    std::deque<DelayedRow> held_;
    std::string safe_seq_;  ///< of the last row before the first that is held
};

}  // namespace davenport::couchmock
