#pragma once

#include "couchmock/core/selector.hpp"

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/value.hpp>
#include <boost/regex.hpp>

/// A selector's inside: selector_reader.cpp makes the tree, selector.cpp asks it.
namespace davenport::couchmock {

enum class Op {
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

inline constexpr std::array<std::pair<std::string_view, Op>, 20> comparisons{{{"$eq", Op::eq},
                                                                              {"$ne", Op::ne},
                                                                              {"$lt", Op::lt},
                                                                              {"$lte", Op::lte},
                                                                              {"$gt", Op::gt},
                                                                              {"$gte", Op::gte},
                                                                              {"$in", Op::in},
                                                                              {"$nin", Op::nin},
                                                                              {"$exists", Op::exists},
                                                                              {"$type", Op::type},
                                                                              {"$mod", Op::mod},
                                                                              {"$regex", Op::regex},
                                                                              {"$size", Op::size},
                                                                              {"$all", Op::all},
                                                                              {"$elemMatch", Op::elem},
                                                                              {"$allMatch", Op::all_match},
                                                                              {"$keyMapMatch", Op::key_map},
                                                                              {"$beginsWith", Op::begins},
                                                                              {"$and", Op::and_},
                                                                              {"$or", Op::or_}}};

[[nodiscard]] std::string_view name_of(Op op);

/// One condition: on the parts in `children`, or on the field at `path` (the value itself when it is empty).
struct Selector::Node {
    Op op = Op::and_;
    std::string field;
    std::vector<std::string> path;
    boost::json::value argument;
    std::vector<Node> children;
    std::shared_ptr<const boost::regex> regex;

    [[nodiscard]] bool is_boolean() const { return op == Op::and_ || op == Op::or_; }
    [[nodiscard]] bool matches(const boost::json::value& value) const;
    [[nodiscard]] bool compares(const boost::json::value& value) const;
    [[nodiscard]] boost::json::value show() const;
};

/// Whatever a nested selector costs, its depth is bounded by the JSON reader's. Throws as Selector's
/// constructor does.
[[nodiscard]] Selector::Node read_selector(const boost::json::value& selector);

}  // namespace davenport::couchmock
