#include "sim/search/explore.hpp"

#include "sim/scenario/draw_choices.hpp"
#include "sim/search/explicit_form.hpp"
#include "sim/search/mutation.hpp"
#include "sim/search/parallel.hpp"
#include "sim/search/trail.hpp"
#include "sim/search/trial.hpp"

#include <algorithm>
#include <limits>
#include <mutex>
#include <unordered_map>

namespace davenport::sim::search {

namespace {

constexpr std::size_t corpus_max = 3'000;
constexpr std::uint64_t fresh_of_4 = 1;    // a quarter of the runs are seeds that nobody tried
constexpr std::size_t contenders = 8;      // of which the one with the rarest feature is chosen
constexpr std::uint64_t fresh_first = 40;  // runs before there is anything to learn from
constexpr std::uint64_t seeds = 1'000'000'000;

struct Kept {
    Scenario run;  ///< explicit
    std::vector<Feature> features;
    std::vector<std::int64_t> turning_points_us;
    std::uint64_t chosen = 0;
};

class Explorer {
public:
    Explorer(const Scenario& scenario, const ExploreOptions& options)
        : scenario_{scenario}, options_{options}, random_{options.seed}, begin_{options.corpus} {}

    ExploreResult run() {
        parallel_for(threads_or_all(options_.threads), [&](unsigned) {
            while (auto candidate = next()) {
                const auto plan = make_plan(*candidate, candidate->seed);
                Trail trail;
                const auto trial =
                    try_plan(*candidate, plan, &trail.situations(), &trail, options_.interrupted);
                if (is_set(options_.interrupted)) return;  // broken off, so no trial
                bring(std::move(*candidate), plan, trial, trail);
            }
        });
        result_.features = runs_with_.size();
        for (const auto& kept : corpus_)
            result_.corpus.push_back({kept.run, make_plan(kept.run, kept.run.seed), 0, DAVENPORT_VERSION});
        const auto& names = base::Mark::names();
        for (std::size_t mark = 0; mark < names.size(); ++mark) {
            const auto met = marks_.find(mark);
            result_.marks[names[mark]] = met == marks_.end() ? 0 : met->second;
        }
        return std::move(result_);
    }

private:
    static bool is_set(const std::atomic<bool>* flag) { return flag && *flag; }

    /// What is to be run next; nothing when the search is over.
    std::optional<Scenario> next() {
        const std::lock_guard lock{mutex_};
        if (is_set(options_.interrupted) || (options_.out_of_time && options_.out_of_time())) return {};
        if (options_.runs_max > 0 && begun_ >= options_.runs_max) return {};
        if (options_.stop_at_first && !result_.found.empty()) return {};
        ++begun_;
        if (begin_next_ < begin_.size()) {
            const auto& replay = begin_[begin_next_++];
            return explicit_form(replay.scenario, replay.plan);
        }
        if (corpus_.empty() || begun_ <= fresh_first || random_.below(4) < fresh_of_4) return fresh();
        auto& parent = choose();
        ++parent.chosen;
        return mutate(parent.run, fresh(), parent.turning_points_us, random_);
    }

    Scenario fresh() {
        const auto seed = random_.below(seeds);
        const auto decided = draw_choices(scenario_, seed);
        return explicit_form(decided, make_plan(decided, seed));
    }

    /// The one of a few with the rarest feature, for how often it was chosen already.
    Kept& choose() {
        Kept* best = nullptr;
        auto least = std::numeric_limits<std::uint64_t>::max();
        for (std::size_t i = 0; i < contenders; ++i) {
            auto& one = corpus_[random_.below(corpus_.size())];
            auto rarest = std::numeric_limits<std::uint64_t>::max();
            for (const auto feature : one.features) rarest = std::min(rarest, runs_with_[feature]);
            const auto weight = rarest * (one.chosen + 1);
            if (weight >= least && best) continue;
            least = weight;
            best = &one;
        }
        return *best;
    }

    void bring(Scenario run, const Plan& plan, const Trial& trial, Trail& trail) {
        auto features = trail.features();
        const std::lock_guard lock{mutex_};
        ++result_.runs;
        result_.failed += trial.verdict.outcome == checker::Outcome::fail;
        result_.unknown += trial.verdict.outcome == checker::Outcome::unknown;
        result_.situations.merge(trail.situations());
        for (const auto& [mark, count] : trail.marks()) ++marks_[mark];
        if (!trial.failures.empty()) keep_failure(run, plan, trial);
        bool fresh = false;
        for (const auto feature : features) fresh |= ++runs_with_[feature] == 1;
        // A run that fails is found already; its neighbours would fail the same way again and again.
        if (fresh && trial.failures.empty()) keep(std::move(run), std::move(features), trail);
        if (options_.progress) options_.progress(result_, corpus_.size());
    }

    void keep(Scenario run, std::vector<Feature> features, const Trail& trail) {
        Kept kept{std::move(run), std::move(features), trail.turning_points_us(), 0};
        if (corpus_.size() < corpus_max) {
            corpus_.push_back(std::move(kept));
            return;
        }
        *std::ranges::max_element(corpus_, {}, &Kept::chosen) = std::move(kept);
    }

    void keep_failure(const Scenario& run, const Plan& plan, const Trial& trial) {
        auto& found = result_.found[trial.failures.front()];
        const auto size = [](const Plan& p) { return p.faults.size() + p.sends.size(); };
        if (++found.times == 1) found.runs_before = result_.runs;
        if (found.times > 1 && size(plan) >= size(found.run.plan)) return;
        found.run = {run, plan, trial.event_hash, DAVENPORT_VERSION};
        found.failures = trial.failures;
    }

    const Scenario& scenario_;
    const ExploreOptions& options_;
    std::mutex mutex_;
    // All of what follows belongs to who holds the mutex.
    base::Random random_;
    const std::vector<Replay>& begin_;
    std::size_t begin_next_ = 0;
    std::uint64_t begun_ = 0;
    std::vector<Kept> corpus_;
    std::unordered_map<Feature, std::uint64_t> runs_with_;
    std::map<std::size_t, std::uint64_t> marks_;
    ExploreResult result_;
};

}  // namespace

ExploreResult explore(const Scenario& scenario, const ExploreOptions& options) {
    return Explorer{scenario, options}.run();
}

}  // namespace davenport::sim::search
