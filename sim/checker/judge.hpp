#pragma once

#include "sim/record/record.hpp"
#include "sim/scenario/plan.hpp"

#include <memory>
#include <string>
#include <vector>

namespace davenport::sim::checker {

enum class Outcome { pass, fail, unknown };

/// One expectation, judged.
struct Finding {
    std::string property;  ///< "no_loss", "p99(local_echo) during outage < 50ms"
    Outcome outcome = Outcome::unknown;
    std::string measured;               ///< "0 of 1500 lost", "p99 12.3 ms over 512 messages"
    std::vector<std::string> evidence;  ///< for people: the messages that are wrong, and how; bounded
    std::vector<std::string>
        context;        ///< what happened round the first of them: faults, nodes' lives, nodes' logs; bounded
    Location location;  ///< in the scenario file; line 0 for what is always checked
};

struct Verdict {
    Outcome outcome = Outcome::unknown;  ///< fail if any finding failed, else unknown if any is unknown
    std::vector<Finding>
        findings;  ///< first those that are always checked (`ran` is the first), then `expect` in its order
};

struct Summary;  // sim/checker/summary.hpp

/// Reads a history once, record by record, in order, and judges it. Shares no code with the node.
class Judge final : public HistorySink {
public:
    Judge(const Scenario& scenario, const Plan& plan);
    ~Judge() override;
    void add(const Record& record) override;
    /// Call once, after the last record.
    [[nodiscard]] Verdict finish();
    /// What a report shows beside the verdict; call after finish().
    [[nodiscard]] Summary summary() const;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace davenport::sim::checker
