#pragma once

#include "node/base/json.hpp"
#include "sim/record/record.hpp"
#include "sim/scenario/scenario.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

/// Coverage marks: which situations a search has been in, seen from outside of the nodes.
///
/// A mark is a thing that happens (a fault begins, a node comes back, a client resumes) in a state (messages
/// wait for the store, a node is gone, a client has a gap): "feed.rewind, with messages that wait for the
/// store". A bug that needs a situation which no run was in cannot have been found, so what was never reached
/// is as good to know as what failed.
namespace davenport::sim::search {

/// How often each mark was met. Adding up is commutative: results of any number of threads or machines can be
/// merged.
class SituationCoverage {
public:
    SituationCoverage();

    void hit(std::size_t moment, std::size_t state) { ++counts_[moment * states() + state]; }
    void hit_alone(std::size_t mark) { ++alone_[mark]; }
    void merge(const SituationCoverage& other);

    [[nodiscard]] std::uint64_t count(std::size_t moment, std::size_t state) const {
        return counts_[moment * states() + state];
    }
    [[nodiscard]] std::uint64_t count_alone(std::size_t mark) const { return alone_[mark]; }

    /// What `scenario` could reach, and how much of it was.
    struct Summary {
        std::size_t reached = 0;
        std::size_t possible = 0;
        std::vector<std::string> never;  ///< for people: "feed.rewind never met: a paused node, a gap"
        std::vector<std::string> rare;   ///< met once or twice
    };
    [[nodiscard]] Summary summary(const Scenario& scenario) const;

    [[nodiscard]] base::json::object to_json() const;
    void add_json(const base::json::value& value);

    /// The tables: moments are the fault kinds and a few more; states what can be the case at that time.
    static const std::vector<std::string>& moment_names();
    static const std::vector<std::string>& state_names();
    static const std::vector<std::string>& alone_names();

private:
    static std::size_t states();

    std::vector<std::uint64_t> counts_;
    std::vector<std::uint64_t> alone_;
};

/// Watches one run's records and marks what it sees.
class SituationWatcher final : public HistorySink {
public:
    explicit SituationWatcher(SituationCoverage& marks);
    ~SituationWatcher() override;
    void add(const Record& record) override;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace davenport::sim::search
