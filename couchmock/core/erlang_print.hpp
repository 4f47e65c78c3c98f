#pragma once

#include <string>

#include <boost/json/value.hpp>

namespace davenport::couchmock {

/// A JSON value as Erlang's `~w` prints what CouchDB reads it as: {[{<<97>>,1}]}. Stands in many a reason.
std::string print_term(const boost::json::value& value);

/// The same as `~p` prints it, without line breaks: text is shown as text, {[{<<"a">>,1}]}.
std::string print_term_pretty(const boost::json::value& value);

}  // namespace davenport::couchmock
