#pragma once

#include "couchmock/core/mango_query.hpp"
#include "couchmock/core/mango_range.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace davenport::couchmock {

/// What CouchDB thinks of one index for one query.
struct MangoCandidate {
    const MangoIndex* index = nullptr;
    bool usable = false;
    std::string_view reason;  ///< why it was not taken; empty for the one that was
    std::size_t ranking = 0;
};

/// Which index answers a query, and what the others lacked (mango_idx, mango_cursor).
struct MangoPlan {
    const MangoIndex* index = nullptr;       ///< null: none, which only `_explain` bears
    std::vector<FieldRange> ranges;          ///< of the index's first columns
    bool nothing = false;                    ///< the ranges let nothing through
    std::vector<MangoCandidate> candidates;  ///< all but `index`, in the order in which CouchDB lists them
    /// Nothing that is asked for is outside of the index.
    [[nodiscard]] bool covers(const MangoQuery& query) const;
};

/// Throws 400 when no index serves the sort (`_explain` bears that), or the one that is named does not serve.
/// `indexes` has to outlive the plan.
MangoPlan plan_query(const std::vector<MangoIndex>& indexes, const MangoQuery& query,
                     bool database_partitioned, bool explains);

/// "_design/x was not used because..." or nothing.
std::string unused_index_warning(const MangoPlan& plan, const MangoQuery& query);

}  // namespace davenport::couchmock
