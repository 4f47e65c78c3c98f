#pragma once

#include <boost/json/value.hpp>

namespace davenport::couchmock {

/// CouchDB's order of JSON values: null, false, true, numbers, strings, arrays, objects
/// (couch_ejson_compare). Strings in an order close to its ICU's: punctuation, digits, letters without regard
/// to case, then lower before upper. Negative, zero, positive. Numbers 1 and 1.0 are equal.
int compare_json(const boost::json::value& a, const boost::json::value& b);

}  // namespace davenport::couchmock
