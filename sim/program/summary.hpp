#pragma once

#include "sim/checker/judge.hpp"
#include "sim/record/record.hpp"

#include <memory>
#include <string>

namespace davenport::sim::program {

/// What the terminal says of a run's latencies.
class LatencyTable final : public HistorySink {
public:
    LatencyTable();
    ~LatencyTable() override;
    void add(const Record& record) override;
    /// Call once, after the last record: a line for each metric and phase.
    [[nodiscard]] std::string render();

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

/// "pass", "FAIL", "unknown": in colour where `colour` is set.
std::string show(checker::Outcome outcome, bool colour);

/// The findings, one a line with what was measured; the evidence below those that did not pass.
std::string show(const checker::Verdict& verdict, const std::string& file, bool colour);

}  // namespace davenport::sim::program
