#pragma once

#include "couchmock/core/mango_plan.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/value.hpp>

namespace davenport::couchmock {

/// A place in an index: a row's key, and the document that it is of.
struct MangoPlace {
    boost::json::value key;
    std::string id;
};
/// Opaque, as clients hand it back: "g1AAAA...".
std::string write_bookmark(const MangoPlace& place);
/// Nothing for what write_bookmark() did not write.
std::optional<MangoPlace> read_bookmark(std::string_view text);

struct MangoResult {
    std::vector<boost::json::value> documents;  ///< with the fields that were asked for
    std::optional<MangoPlace> last;             ///< the row of the last one that was found
    std::uint64_t keys_examined = 0, documents_examined = 0;
};

/// Walks the planned index over what the ranges let through, from behind `from` on: a row at that place or,
/// if its document is gone, the next one that matches is passed over, as CouchDB does.
MangoResult run_query(const Database& database, const MangoPlan& plan, const MangoQuery& query,
                      const std::optional<MangoPlace>& from);

}  // namespace davenport::couchmock
