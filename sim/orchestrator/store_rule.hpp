#pragma once

#include "node/base/http.hpp"
#include "sim/scenario/plan.hpp"

#include <cstdint>
#include <string>
#include <string_view>

/// How a planned fault of the store or of its feed is said to couchmock's control API, and to what stands in
/// its place when the store is NATS; the same requests in both worlds.
namespace davenport::sim::orchestrator {

/// True for kinds that the store performs: those of couchmock's own table, and those of a NATS cluster.
bool is_store_fault(std::string_view kind);

/// POST /_mock/faults; `fault` is a store's.
base::HttpRequest set_rule(const PlannedFault& fault);
/// DELETE /_mock/faults/NAME
base::HttpRequest clear_rule(std::string_view name);
/// GET /_mock/faults
base::HttpRequest list_rules();

/// How often the rule `name` has hit, from the answer to list_rules() (or to set_rule(), for faults of a
/// moment); 0 when it is not there.
std::int64_t hits_of(std::string_view answer, std::string_view name);

}  // namespace davenport::sim::orchestrator
