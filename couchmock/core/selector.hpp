#pragma once

#include "couchmock/core/call.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/value.hpp>

namespace davenport::couchmock {

/// The selector in CouchDB's normal form: objects of one member each, an operator or a whole field's path.
/// Throws 400 with CouchDB's words for an unknown operator or a wrong argument.
boost::json::value normalize_selector(const boost::json::value& selector);

/// A Mango selector: which documents somebody is looking for.
///
/// A field that a document lacks matches nothing but `$exists: false`, not even `$ne`.
class Selector {
public:
    /// Throws as normalize_selector() does.
    explicit Selector(const boost::json::value& selector);
    ~Selector();
    Selector(Selector&&) noexcept;
    Selector& operator=(Selector&&) noexcept;

    [[nodiscard]] bool matches(const boost::json::value& document) const;
    [[nodiscard]] const boost::json::value& normalized() const { return normal_; }

    struct Node;

private:
    boost::json::value normal_;
    std::unique_ptr<Node> root_;
};

/// "a.b\.c" -> {"a", "b.c"}. Throws 400 for a name with an empty part.
std::vector<std::string> split_field(std::string_view field);
/// The value at a path of keys and array places, or nullptr. `bad_path`: there is something on the way that
/// has no fields.
const boost::json::value* find_field(const boost::json::value& document, const std::vector<std::string>& path,
                                     bool* bad_path = nullptr);
/// The document with only these fields, in their order; all of it when there are none.
boost::json::value project(const boost::json::value& document, const std::vector<std::string>& fields);

}  // namespace davenport::couchmock
