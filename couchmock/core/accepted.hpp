#pragma once

#include "node/base/http.hpp"

namespace davenport::couchmock {

/// Makes a 201 (or the 200 of a deletion) what a cluster answers that reached too few replicas: 202, and in
/// the answer to a _bulk_docs each row that was stored says so. Other answers stay as they are.
void make_accepted(base::HttpResponse& response);

}  // namespace davenport::couchmock
