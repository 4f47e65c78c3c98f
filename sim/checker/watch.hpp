#pragma once

#include "sim/checker/facts.hpp"
#include "sim/checker/judge.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace davenport::sim::checker {

/// Looks at the expectations with `abort_on_fail` while the run goes on, as the same check that judges them
/// in the end would: so that a run that has failed already need not go on.
///
/// What is still on its way counts with the time that it has waited so far, which only grows. A figure of
/// fewer than `samples_min` samples says nothing yet.
class Watch final : public HistorySink {
public:
    static constexpr std::int64_t samples_min = 20;

    explicit Watch(const Scenario& scenario);

    /// There is nothing to watch for.
    [[nodiscard]] bool idle() const { return expectations_.empty(); }
    void add(const Record& record) override;
    /// The text of an expectation that the run so far already violates; nullopt while there is none.
    /// Looked at once in a second of the run.
    [[nodiscard]] std::optional<std::string> broken();

private:
    std::vector<Expectation> expectations_;
    Facts facts_;
    std::int64_t looked_us_ = 0;
};

}  // namespace davenport::sim::checker
