#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <boost/json/value.hpp>

namespace davenport::couchmock {

/// CouchDB's own reduce functions (couch_query_servers:builtin_reduce), over JSON values.

/// `_sum`: numbers, lists of numbers, objects of them. Gives an object with `error` for anything else.
boost::json::value sum_values(const std::vector<boost::json::value>& values);
/// `_stats`: numbers, lists of numbers, objects with all five members. Throws javascript::Failure.
boost::json::value stats_of(const std::vector<boost::json::value>& values);
/// `_top_N` and `_bottom_N`: different values, the greatest (or the least) first.
boost::json::value ranked(std::vector<boost::json::value> values, bool greatest_first, std::size_t count);

/// `_approx_count_distinct`: a HyperLogLog of 2048 registers, one byte each.
class DistinctCounter {
public:
    DistinctCounter() : registers_(register_count, '\0') {}
    explicit DistinctCounter(std::string registers) : registers_(std::move(registers)) {}
    void insert(const boost::json::value& key);
    void merge(std::string_view registers);
    [[nodiscard]] const std::string& registers() const { return registers_; }
    [[nodiscard]] std::uint64_t count() const;

private:
    static constexpr std::size_t precision = 11;
    static constexpr std::size_t register_count = std::size_t{1} << precision;
    std::string registers_;
};

}  // namespace davenport::couchmock
