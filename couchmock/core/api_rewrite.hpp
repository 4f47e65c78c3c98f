#pragma once

#include "couchmock/core/api_design.hpp"

#include <string>

namespace davenport::couchmock::api {

/// `_rewrite/...`: answers another request, which the design document's `rewrites` make of this one.
void rewrite(Server& server, Call& call, Database& database, const std::string& design_id);

}  // namespace davenport::couchmock::api
