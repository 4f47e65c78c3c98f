#pragma once

#include <string_view>
#include <vector>

namespace davenport::couchmock {

/// Cuts a piece of a feed into the chunks that CouchDB would send: the opening bracket, and each line or
/// event that only wakes the reader up or keeps it awake, is a chunk of its own; rows share one.
///
/// To HTTP a chunk means nothing, yet clients read by it: couchdb-python ends a chunk at its first empty line
/// and drops the row behind it. The views point into `bytes`; none is empty.
std::vector<std::string_view> feed_chunks(std::string_view bytes);

/// The target is a database's `_changes`.
bool is_feed(std::string_view target);

}  // namespace davenport::couchmock
