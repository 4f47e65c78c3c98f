#pragma once

#include "sim/search/shrink.hpp"

#include <atomic>
#include <optional>
#include <vector>

namespace davenport::sim::search {

/// A run that is getting smaller: what is left, and how to ask whether still less would do.
class Shrinker {
public:
    Shrinker(Scenario start, Failure failure, const ShrinkOptions& options);

    [[nodiscard]] const Scenario& now() const { return now_; }
    [[nodiscard]] bool out_of_time() const { return options_.out_of_time && options_.out_of_time(); }
    [[nodiscard]] std::uint64_t trials() const { return trials_; }

    /// Goes on with the first candidate, in their order, that fails as it must, and says which; nothing when
    /// none does.
    std::optional<std::size_t> accept_first(std::vector<Scenario> candidates);
    bool accept(Scenario candidate) { return accept_first({std::move(candidate)}).has_value(); }
    void report(std::string_view step);

    /// From now on each candidate is tried with so many other seeds as well: what a smaller run draws is not
    /// what the larger one drew.
    void try_seeds(unsigned count) { seeds_ = count; }

private:
    bool fails(const Scenario& candidate);

    Scenario now_;
    Failure failure_;
    const ShrinkOptions& options_;
    unsigned seeds_ = 0;
    std::atomic<std::uint64_t> trials_{0};
};

// The steps; each leaves a run that fails, and no larger than before.
void resolve_conditions(
    Shrinker& shrinker);  ///< a fault that waits for something begins at the time at which it came
void drop_families(Shrinker& shrinker);
void drop_faults(Shrinker& shrinker);
/// What a fault takes away is one row, where that is enough: fewer messages are then needed for it to matter.
void fewer_rows(Shrinker& shrinker);
void drop_messages(Shrinker& shrinker);
void drop_pairs(Shrinker& shrinker);  ///< two or three at once, faults and messages alike, where few are left
void plainer_faults(
    Shrinker& shrinker);  ///< store.down instead of what is more intricate, node.kill likewise
void shrink_topology(Shrinker& shrinker);
void simplify_settings(Shrinker& shrinker);  ///< links, sizes, parameters, the seed
void simplify_times(Shrinker& shrinker);

}  // namespace davenport::sim::search
