#include "sim/search/explore.hpp"

#include "sim/scenario/draw_choices.hpp"
#include "sim/search/explicit_form.hpp"
#include "sim/search/mutation.hpp"
#include "sim/search/parallel.hpp"
#include "sim/search/trail.hpp"
#include "sim/search/trial.hpp"

#include <algorithm>
#include <deque>
#include <limits>
#include <mutex>
#include <unordered_map>

namespace davenport::sim::search {

namespace {

constexpr std::size_t corpus_max = 3'000;
constexpr std::uint64_t fresh_of_4 = 1;  // a quarter of the runs are seeds that nobody tried
constexpr std::size_t contenders = 8;    // of which the one with the rarest feature is chosen
constexpr std::uint64_t aimed_of_4 = 3;  // of the mutations, at a mark; the others start from any run
constexpr std::size_t marks_drawn = 6;   // of which the one that is rarest for its tries is aimed at
constexpr std::size_t runs_of_a_mark = 24;
constexpr std::uint64_t fresh_first = 40;  // runs before there is anything to learn from
constexpr std::uint64_t seeds = 1'000'000'000;

struct Kept {
    Scenario run;  ///< explicit
    std::vector<Feature> features;
    std::vector<std::int64_t> turning_points_us;
    Trail::Moments moments_us;
    std::uint64_t chosen = 0;
};

/// What the search knows of a mark.
struct MarkRuns {
    std::uint64_t met = 0;         ///< runs that passed it
    std::uint64_t aimed = 0;       ///< mutations that were aimed at it
    std::deque<std::size_t> kept;  ///< places in the corpus of runs that pass it, the latest ones
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
                if (options_.tried) options_.tried(*candidate, plan, trial);
                bring(std::move(*candidate), plan, trial, trail);
            }
        });
        result_.features = runs_with_.size();
        for (const auto& kept : corpus_)
            result_.corpus.push_back({kept.run, make_plan(kept.run, kept.run.seed), 0, DAVENPORT_VERSION});
        const auto& names = base::Mark::names();
        for (std::size_t mark = 0; mark < names.size(); ++mark) {
            const auto known = marks_.find(mark);
            result_.marks[names[mark]] = known == marks_.end() ? 0 : known->second.met;
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
        if (random_.below(4) < aimed_of_4)
            if (const auto mark = choose_mark()) return aim_at(*mark);
        auto& parent = choose();
        ++parent.chosen;
        return mutate(parent.run, fresh(), parent.turning_points_us, random_);
    }

    /// A run that passes the mark, with faults moved to where it does: what is rare goes wrong when something
    /// else comes at that moment.
    Scenario aim_at(std::size_t mark) {
        auto& known = marks_[mark];
        ++known.aimed;
        auto& parent = corpus_[known.kept[random_.below(known.kept.size())]];
        ++parent.chosen;
        return mutate(parent.run, fresh(), parent.moments_us[mark], random_);
    }

    /// Of a few the one that is rarest, for how often it was aimed at already.
    std::optional<std::size_t> choose_mark() {
        std::optional<std::size_t> best;
        auto least = std::numeric_limits<std::uint64_t>::max();
        for (std::size_t i = 0; i < marks_drawn && !aims_.empty(); ++i) {
            const auto mark = aims_[random_.below(aims_.size())];
            const auto& known = marks_[mark];
            if (known.kept.empty()) continue;
            const auto weight = known.met * (known.aimed + 1);
            if (weight >= least) continue;
            least = weight;
            best = mark;
        }
        return best;
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
        for (const auto& [mark, count] : trail.marks()) ++marks_[mark].met;
        if (!trial.failures.empty()) keep_failure(run, plan, trial);
        bool fresh = false;
        for (const auto feature : features) fresh |= ++runs_with_[feature] == 1;
        // A run that fails is found already; its neighbours would fail the same way again and again.
        if (fresh && trial.failures.empty()) keep(std::move(run), std::move(features), trail);
        if (options_.progress) options_.progress(result_, corpus_.size());
    }

    void keep(Scenario run, std::vector<Feature> features, const Trail& trail) {
        Kept kept{std::move(run), std::move(features), trail.turning_points_us(), trail.moments_us(), 0};
        auto place = corpus_.size();
        if (place < corpus_max) {
            corpus_.push_back(std::move(kept));
        } else {
            const auto most = std::ranges::max_element(corpus_, {}, &Kept::chosen);
            place = static_cast<std::size_t>(most - corpus_.begin());
            for (const auto& [mark, moments] : most->moments_us) std::erase(marks_[mark].kept, place);
            *most = std::move(kept);
        }
        for (const auto& [mark, moments] : corpus_[place].moments_us) {
            auto& known = marks_[mark];
            if (std::ranges::find(aims_, mark) == aims_.end()) aims_.push_back(mark);
            known.kept.push_back(place);
            if (known.kept.size() > runs_of_a_mark) known.kept.pop_front();
        }
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
    std::map<std::size_t, MarkRuns> marks_;
    std::vector<std::size_t> aims_;  ///< marks that some kept run passes
    ExploreResult result_;
};

}  // namespace

ExploreResult explore(const Scenario& scenario, const ExploreOptions& options) {
    return Explorer{scenario, options}.run();
}

}  // namespace davenport::sim::search
