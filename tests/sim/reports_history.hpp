#pragma once

#include "sim/record/record.hpp"
#include "sim/scenario/plan.hpp"

#include <string>
#include <vector>

namespace davenport::reports::test {

/// A made-up run that looks like a real one: three nodes and twelve clients for 30 s, the store gone from 10
/// s to 15 s, n2 killed from 20 s to 22 s, everything delivered in the end. The same for the same seed.
struct MadeUpRun {
    std::vector<sim::Record> records;
    sim::Scenario scenario;
    sim::Plan plan;
};

struct MakeUp {
    std::uint64_t seed = 1;
    bool lose = false;           ///< one accepted message never comes to one client
    int extra_requests = 0;      ///< to the store, for each message: a regression for `compare` to see
    std::int64_t slower_us = 0;  ///< each delivery
};
MadeUpRun make_up(const MakeUp& how);

}  // namespace davenport::reports::test
