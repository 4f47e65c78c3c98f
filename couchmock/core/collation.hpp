#pragma once

#include <string>
#include <string_view>

#include <boost/json/value.hpp>

namespace davenport::couchmock {

/// How the keys of a view are ordered.
enum class Collation {
    unicode,  ///< couch_ejson_compare: null, false, true, numbers, strings, arrays, objects; strings by ICU
    raw,      ///< a view with `"collation": "raw"`: as Erlang orders its terms; strings by their bytes
};

/// CouchDB's order of JSON values: null, false, true, numbers, strings, arrays, objects
/// (couch_ejson_compare). Strings as ICU's root collation has them. Negative, zero, positive. Numbers 1 and
/// 1.0 are equal.
int compare_json(const boost::json::value& a, const boost::json::value& b);

/// Appends bytes whose order, compared as bytes, is that of the values. They hold no end of their own but can
/// be walked by sort_key_end().
void append_sort_key(std::string& out, const boost::json::value& value, Collation collation);
/// Where the value ends that begins at `at` of a sort key.
std::size_t sort_key_end(std::string_view key, std::size_t at);
/// The sort key of a list's first `count` elements, as the list of them alone would have it but for its end;
/// of a shorter list, and of anything but a list, the whole key.
std::string_view sort_key_prefix(std::string_view key, std::size_t count);

/// Erlang's order of two JSON values: numbers, atoms, objects, lists, strings.
int compare_terms(const boost::json::value& a, const boost::json::value& b);

}  // namespace davenport::couchmock
