#pragma once

#include "node/base/mark.hpp"
#include "sim/search/situation_coverage.hpp"

#include <cstdint>
#include <map>
#include <vector>

namespace davenport::sim::search {

/// Something that a run did, as a number: it passed a mark so often (once, twice, 4 times, 8 times ...), met
/// a situation so often, or passed one mark right after another. Two runs with the same features are alike to
/// a search. The numbers hold within one program only.
using Feature = std::uint64_t;

/// What one run passed: marks of the code (node/base/mark.hpp), and situations seen from outside.
///
/// Threads: it listens in the thread that made it, until it ends or is destroyed there.
class Trail final : public HistorySink, public base::MarkListener {
public:
    Trail();
    ~Trail() override;
    Trail(const Trail&) = delete;
    Trail& operator=(const Trail&) = delete;

    /// The run is over: it listens to nothing that comes after it.
    void end();
    void add(const Record& record) override;
    void met(std::size_t mark) override;

    [[nodiscard]] SituationCoverage& situations() { return situations_; }
    /// Each mark under each of these circumstances (numbers of any kind): a setting of the run, say.
    [[nodiscard]] std::vector<Feature> features_under(const std::vector<std::uint64_t>& circumstances) const;
    /// How often each mark was passed; those that were not are missing.
    [[nodiscard]] const std::map<std::size_t, std::uint64_t>& marks() const { return marks_; }
    /// In ascending order.
    [[nodiscard]] std::vector<Feature> features() const;
    /// When each mark was passed for the first few times, at different times, from the run's start on.
    using Moments = std::map<std::size_t, std::vector<std::int64_t>>;
    [[nodiscard]] const Moments& moments_us() const { return moments_us_; }
    /// When something was met for the first time in this run, or one thing after another: good times for a
    /// fault. Ascending, from the run's start.
    [[nodiscard]] const std::vector<std::int64_t>& turning_points_us() const { return turning_points_us_; }

private:
    void step(std::uint64_t what);

    base::MarkListener* before_;
    bool ended_ = false;
    SituationCoverage situations_;
    std::map<std::size_t, std::uint64_t> marks_;
    Moments moments_us_;
    std::map<std::uint64_t, std::uint64_t> pairs_;
    std::uint64_t last_step_ = 0;
    std::int64_t now_us_ = 0;
    std::vector<std::int64_t> turning_points_us_;
};

}  // namespace davenport::sim::search
