#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "node/base/http.hpp"
#include "sim/scenario/plan.hpp"

/// The store's faults, as requests to couchmock's control API.
namespace sim::conduct {

/// True for faults that the store performs: store.* and feed.*.
bool is_store_fault(std::string_view kind);

/// Sets the fault: POST /_mock/faults with {"name":..., "fault":"store.slow", "delay_ms":20, ...}.
base::HttpRequest set_fault(const PlannedFault& fault);
/// Lists all faults, with what they have hit.
base::HttpRequest list_faults();
/// Ends the fault.
base::HttpRequest clear_fault(std::string_view name);
/// Counts what every client asked, by its status.
base::HttpRequest summarize_requests();

/// How often the fault `name` has touched something, from the answer to list_faults(); nothing when it is not there.
std::optional<std::int64_t> hits_of(std::string_view name, std::string_view answer);

}  // namespace sim::conduct
