#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/value.hpp>

/// What an index can do for a selector in normal form: which fields it restricts, and to which values
/// (mango_idx_view, mango_selector).
namespace davenport::couchmock {

/// The values that a selector lets a field have. No bound: from the lowest, to the highest there is.
struct FieldRange {
    std::optional<boost::json::value> low, high;
    bool low_open = true;  ///< `low` itself is not let through
    bool high_open = true;
    bool empty = false;  ///< no value at all
};
using FieldRanges = std::vector<std::pair<std::string, FieldRange>>;

/// Fields with a condition that an index's order answers; sorted, each once.
std::vector<std::string> indexable_fields(const boost::json::value& selector);
/// The ranges of those; where one is empty, that one alone.
FieldRanges field_ranges(const boost::json::value& selector);
/// Every field that the selector names at its top; some more than once.
std::vector<std::string> fields_of(const boost::json::value& selector);
/// A document that matches has all of `fields`.
bool has_required_fields(const boost::json::value& selector, std::vector<std::string> fields);
/// The selector lets `field` have one value only.
bool is_constant_field(const boost::json::value& selector, std::string_view field);
/// The selector asks for text, which no index here can find.
bool is_text_search(const boost::json::value& selector);
/// `{"$or":[]}` and the like, alone: they match all or nothing, and CouchDB does not look.
bool is_no_operation(const boost::json::value& selector);

}  // namespace davenport::couchmock
