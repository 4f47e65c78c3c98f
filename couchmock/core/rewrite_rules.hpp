#pragma once

#include "couchmock/core/call.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/value.hpp>

namespace davenport::couchmock {

/// Where the `rewrites` of a design document send a request (chttpd_rewrite): the first rule whose method and
/// path fit. `path`: what stands behind `_rewrite`. The answer is relative to the design document, with its
/// query; nothing when no rule fits. Throws 400 for a key in the query that is no JSON.
std::optional<std::string> rewritten_target(const boost::json::array& rules, std::string_view method,
                                            const std::vector<std::string>& path, const Call::Query& query);

/// Whether a rule climbs more than two steps, out of its database: then CouchDB lets none of them be used.
bool leaves_database(const boost::json::array& rules);

/// `/a/./b/../c` without its dots.
std::string without_dots(std::string_view path);

}  // namespace davenport::couchmock
