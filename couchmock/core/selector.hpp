#pragma once

#include "couchmock/core/call.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/value.hpp>

namespace davenport::couchmock {

/// A Mango selector: which documents somebody is looking for.
///
/// Negations are moved down to the comparisons as CouchDB moves them (mango_selector.erl), which matters: a
/// field that a document lacks matches nothing but `$exists: false`, not even `$ne`.
class Selector {
public:
    /// Throws 400 with CouchDB's words for an operator that is none or has a wrong argument.
    explicit Selector(const boost::json::value& selector);
    ~Selector();
    Selector(Selector&&) noexcept;
    Selector& operator=(Selector&&) noexcept;

    [[nodiscard]] bool matches(const boost::json::value& document) const;
    /// As it is normalized, for `_explain`.
    [[nodiscard]] boost::json::value normalized() const;
    /// The fields that a document must have to match, for the choice of an index.
    [[nodiscard]] std::vector<std::string> required_fields() const;

    struct Node;

private:
    std::unique_ptr<Node> root_;
};

/// "a.b\.c" -> {"a", "b.c"}
std::vector<std::string> split_field(std::string_view field);
/// The value at a path of keys and array places, or nullptr.
const boost::json::value* find_field(const boost::json::value& document,
                                     const std::vector<std::string>& path);

}  // namespace davenport::couchmock
