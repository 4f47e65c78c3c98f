#pragma once

#include "couchmock/core/mango_plan.hpp"

#include <string>

namespace davenport::couchmock {

/// The answer of `_explain`.
std::string explain_json(const Database& database, const MangoPlan& plan, const MangoQuery& query);

}  // namespace davenport::couchmock
