#pragma once

#include "sim/record/record.hpp"
#include "sim/scenario/plan.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace davenport::sim::orchestrator {

/// Counts what the clients of other generators are about to say in our clients' rooms, by the plan that all
/// generators share: so that none goes home while another's messages are on their way to its clients.
///
/// No judge: what another generator's client could not say makes the run wait to its end.
class OthersMessages {
public:
    explicit OthersMessages(const Plan& plan);

    void add(const Record& record);
    /// Nothing that was due to be said after our clients had joined is still to be shown to any of them.
    [[nodiscard]] bool all_shown() const { return owed_ <= 0; }

private:
    Share share_;
    std::map<std::string, std::vector<std::int64_t>> due_us_;              ///< by room, in order
    std::map<std::pair<std::string, std::string>, std::int64_t> waiting_;  ///< by client and room
    std::int64_t owed_ = 0;
};

}  // namespace davenport::sim::orchestrator
