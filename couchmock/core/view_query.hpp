#pragma once

#include "couchmock/core/all_docs_query.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/value.hpp>

namespace davenport::couchmock {

/// What a reader of a view asked for: what every list takes, and what only views do.
struct ViewQuery {
    ListQuery list;
    std::optional<bool> reduce, group;
    std::optional<std::uint64_t> group_level;
    std::optional<std::string> start_id, end_id;
    bool updates = true;         ///< before the answer; else it shows what the index has
    bool updates_after = false;  ///< `update=lazy`, `stale=update_after`

    /// Keys are grouped whole.
    [[nodiscard]] bool groups_whole() const { return group == true && !group_level; }
    /// How many elements of a key make a group; 0: all rows are one.
    [[nodiscard]] std::uint64_t level() const { return group_level.value_or(0); }
};

/// The parameters of a request for a view, of its body and its query. Throws 400.
ViewQuery read_view_query(Call& call, const boost::json::value* body);
/// `{"queries":[...]}`. Throws 400.
std::vector<ViewQuery> read_view_queries(Call& call, const boost::json::value& body);

/// As couch_mrview_util:validate_args has it. `reduces`: the answer is of reductions. Throws 400.
void check_view_query(const ViewQuery& query, bool has_reduce);
/// Whether the answer is of reductions.
[[nodiscard]] inline bool reduces(const ViewQuery& query, bool has_reduce) {
    return has_reduce && query.reduce != false;
}

}  // namespace davenport::couchmock
