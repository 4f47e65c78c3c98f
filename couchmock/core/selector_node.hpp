#pragma once

#include "couchmock/core/selector.hpp"

#include <memory>
#include <string>
#include <vector>

#include <boost/json/value.hpp>
#include <boost/regex.hpp>

/// A selector's inside: selector_reader.cpp makes the tree, selector.cpp asks it.
namespace davenport::couchmock {

enum class Op {
    anything,
    field,
    and_,
    or_,
    not_,
    eq,
    ne,
    lt,
    lte,
    gt,
    gte,
    in,
    nin,
    exists,
    type,
    mod,
    regex,
    size,
    all,
    elem,
    all_match,
    key_map,
    begins
};

/// One condition on a value: on its parts in `children`, on the field at `path`, or by comparison.
struct Selector::Node {
    Op op = Op::anything;
    std::vector<std::string> path;
    boost::json::value argument;
    std::vector<Node> children;
    std::shared_ptr<const boost::regex> regex;
    bool raw = false;  ///< of a field: its text is compared by bytes, as `_id` is

    /// `by_bytes`: text is compared so, not by collation.
    [[nodiscard]] bool matches(const boost::json::value& value, bool by_bytes = false) const;

private:
    [[nodiscard]] bool field_matches(const boost::json::value& value, bool by_bytes) const;
    [[nodiscard]] bool compares(const boost::json::value& value, bool by_bytes) const;
    [[nodiscard]] bool is_in(const boost::json::value& value, bool by_bytes) const;
};

/// Of a selector in normal form. Whatever a nested one costs, its depth is bounded by the JSON reader's.
[[nodiscard]] Selector::Node read_selector(const boost::json::value& normal);

}  // namespace davenport::couchmock
