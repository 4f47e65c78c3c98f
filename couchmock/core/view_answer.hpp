#pragma once

#include "couchmock/core/view_group.hpp"
#include "couchmock/core/view_query.hpp"

#include <functional>
#include <optional>
#include <string>

namespace davenport::couchmock {

/// What stands before the rows of an answer.
struct ViewHead {
    std::optional<std::size_t> total, offset;  ///< of rows; none in front of reductions
};

/// Finds the rows that a query asks for, in CouchDB's order, and hands them over one by one as JSON objects.
///
/// Errors: throws 400 for an invalid range, and javascript::Failure out of reduce functions.
class ViewReader {
public:
    /// `partition`: only rows of this partition's documents; empty: all.
    ViewReader(const Database& database, View& view, const ViewQuery& query, std::string partition);

    [[nodiscard]] ViewHead head() const;
    void read(const std::function<void(std::string row)>& show) const;

private:
    struct Range {
        std::size_t first = 0, last = 0;
    };
    [[nodiscard]] Range range_of(const boost::json::value* start, const boost::json::value* end) const;
    [[nodiscard]] std::vector<Range> ranges() const;
    [[nodiscard]] std::size_t offset_of_keys(const std::vector<Range>& ranges) const;
    [[nodiscard]] std::size_t rows_before(std::size_t place, std::size_t shard) const;
    void check_range() const;
    void read_rows(const Range& range, std::uint64_t& skip, std::uint64_t& limit,
                   const std::function<void(std::string)>& show) const;
    void read_groups(const Range& range, std::uint64_t& skip, std::uint64_t& limit,
                     const std::function<void(std::string)>& show) const;
    /// What the sort keys of one group begin with.
    [[nodiscard]] std::string_view group_prefix(std::size_t place) const;
    [[nodiscard]] std::size_t group_end(std::size_t place, const Range& range) const;
    [[nodiscard]] std::size_t group_begin(std::size_t place, const Range& range) const;
    [[nodiscard]] std::string group_key(std::size_t place) const;
    void append_row(std::string& out, const ViewRow& row) const;

    const Database& database_;
    View& view_;
    const ViewQuery& query_;
    std::string partition_;
    bool reduces_;
};

}  // namespace davenport::couchmock
