#pragma once

#include "sim/scenario/plan.hpp"

namespace davenport::sim::search {

/// `scenario` and what a seed made of it, as a scenario that leaves nothing to be drawn: each fault a line of
/// its own with its time, victim and parameters, each message named. make_plan() of it gives the plan again.
///
/// Occurrences get names of their own ("outage#2" is "outage-2"), so that each can be told from the others
/// and be taken out alone.
Scenario explicit_form(const Scenario& scenario, const Plan& plan);

}  // namespace davenport::sim::search
