#pragma once

#include <optional>
#include <string>

#include <boost/json/value.hpp>

namespace davenport::couchmock {

/// What is wrong with the shape of a design document, in CouchDB's words (couch_mrview:validate); nothing
/// when it may be written. Functions are not compiled here.
std::optional<std::string> refuse_design_document(const boost::json::value& body, bool database_partitioned);

}  // namespace davenport::couchmock
