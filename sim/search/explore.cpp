#include "sim/search/explore.hpp"

#include "sim/scenario/draw_choices.hpp"
#include "sim/search/explicit_form.hpp"
#include "sim/search/mutation.hpp"
#include "sim/search/parallel.hpp"
#include "sim/search/shares.hpp"
#include "sim/search/trail.hpp"
#include "sim/search/trial.hpp"

#include <algorithm>
#include <deque>
#include <iterator>
#include <limits>
#include <mutex>
#include <unordered_map>
#include <unordered_set>

namespace davenport::sim::search {

namespace {

constexpr std::size_t corpus_max = 3'000;
constexpr std::size_t contenders = 8;   // of which the one with the rarest feature is chosen
constexpr std::size_t marks_drawn = 6;  // of which the one that is rarest for its tries is aimed at
constexpr std::size_t runs_of_a_mark = 24;
constexpr std::uint64_t fresh_first = 40;  // runs before there is anything to learn from
// Of the runs, seeds that nobody tried. Measured on planted bugs, 500 runs of one scenario: with three in
// four it finds as many as a sweep, and with fewer of them fewer.
constexpr std::uint64_t fresh_of_4 = 3;
constexpr std::uint64_t seeds = 1'000'000'000;

/// A way to go on that is no fresh seed.
struct Way {
    const char* name;
    bool aimed;  ///< at a mark: faults go to where it was passed; else at what is rare
    Change how;
};
constexpr Way ways[] = {{"faults moved to a mark", true, Change::moved},
                        {"faults added at a mark", true, Change::added},
                        {"another seed", false, Change::reseeded},
                        {"two runs spliced", false, Change::spliced},
                        {"several changes", false, Change::several}};

/// What is to be run next.
struct Candidate {
    std::size_t of = 0;                ///< which of the scenarios
    Scenario run;                      ///< explicit
    std::optional<std::size_t> way{};  ///< of `ways`, when it was changed
    bool fresh = false;                ///< a seed that nobody tried; neither: an earlier search kept it
};

struct Kept {
    std::size_t of = 0;
    Scenario run;
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

/// What a run is made of, each thing as a number: a mark that is passed where it was never passed with that
/// is as good as a new one. Who goes on from one run only never sees another setting.
std::vector<std::uint64_t> circumstances_of(const Scenario& run) {
    std::vector<std::uint64_t> made;
    const auto add = [&](std::string_view what, std::string_view value) {
        made.push_back(base::fnv1a(std::string{what}.append("=").append(value)));
    };
    const auto& topology = run.topology;
    add("feed", topology.feed);
    const std::pair<std::string_view, std::int64_t> numbers[] = {
        {"page", topology.page},
        {"batch", topology.batch},
        {"shards", topology.shards},
        {"members", topology.members},
        {"stores", topology.stores},
        {"polling", topology.polling},
        {"queue", topology.send_queue_bytes},
        {"interval", topology.poll_interval.count()}};
    for (const auto& [what, number] : numbers) add(what, std::to_string(number));
    for (const auto& fault : run.timeline)
        for (const auto& kind : fault.kinds) add("fault", kind);
    std::ranges::sort(made);
    made.erase(std::unique(made.begin(), made.end()), made.end());
    return made;
}

class Explorer {
public:
    Explorer(const std::vector<Scenario>& scenarios, const ExploreOptions& options)
        : scenarios_{scenarios},
          options_{options},
          random_{options.seed},
          begin_{options.corpus},
          fresh_shares_{scenarios.size()},
          change_shares_{std::size(ways)} {
        result_.situations.resize(scenarios.size());
    }

    ExploreResult run() {
        parallel_for(threads_or_all(options_.threads), [&](unsigned) {
            while (auto candidate = next()) {
                const auto plan = make_plan(candidate->run, candidate->run.seed);
                Trail trail;
                const auto trial =
                    try_plan(candidate->run, plan, &trail.situations(), &trail, options_.interrupted);
                trail.end();                               // who is told of the run may try others
                if (is_set(options_.interrupted)) return;  // broken off, so no trial
                if (options_.tried) options_.tried(candidate->run, plan, trial);
                bring(std::move(*candidate), plan, trial, trail);
            }
        });
        result_.features = runs_with_.size();
        for (const auto& kept : corpus_)
            result_.corpus.push_back(
                {kept.of, {kept.run, make_plan(kept.run, kept.run.seed), 0, DAVENPORT_VERSION}});
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
    std::optional<Candidate> next() {
        const std::lock_guard lock{mutex_};
        if (is_set(options_.interrupted) || (options_.out_of_time && options_.out_of_time())) return {};
        if (options_.runs_max > 0 && begun_ >= options_.runs_max) return {};
        if (options_.stop_at_first && !result_.found.empty()) return {};
        ++begun_;
        if (begin_next_ < begin_.size()) {
            const auto& worthy = begin_[begin_next_++];
            return Candidate{worthy.of, explicit_form(worthy.run.scenario, worthy.run.plan), {}};
        }
        const auto turn = static_cast<std::size_t>(begun_ % scenarios_.size());
        if (corpus_.empty() || begun_ <= fresh_first) return fresh_candidate(turn);
        if (random_.below(4) < fresh_of_4) return fresh_candidate(fresh_shares_.draw(random_));
        const auto way = change_shares_.draw(random_);
        const auto& [name, aimed, how] = ways[way];
        if (aimed) {
            const auto mark = choose_mark();
            return mark ? aim_at(*mark, way, how) : fresh_candidate(turn);
        }
        auto& parent = choose();
        ++parent.chosen;
        return Candidate{parent.of,
                         mutate(parent.run, fresh(parent.of), parent.turning_points_us, random_, how), way};
    }

    /// A run that passes the mark, with faults moved to where it does: what is rare goes wrong when something
    /// else comes at that moment.
    Candidate aim_at(std::size_t mark, std::size_t way, Change how) {
        auto& known = marks_[mark];
        ++known.aimed;
        auto& parent = corpus_[known.kept[random_.below(known.kept.size())]];
        ++parent.chosen;
        return {parent.of, mutate(parent.run, fresh(parent.of), parent.moments_us[mark], random_, how), way};
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

    Scenario fresh(std::size_t of) {
        const auto seed = random_.below(seeds);
        const auto decided = draw_choices(scenarios_[of], seed);
        return explicit_form(decided, make_plan(decided, seed));
    }
    Candidate fresh_candidate(std::size_t of) { return {of, fresh(of), {}, true}; }

    [[nodiscard]] std::string name_of(const Candidate& made) const {
        return made.way ? std::string{ways[*made.way].name} : "fresh seed of " + scenarios_[made.of].name;
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

    void bring(Candidate made, const Plan& plan, const Trial& trial, Trail& trail) {
        auto features = trail.features();
        const auto under = trail.features_under(circumstances_of(made.run));
        const std::lock_guard lock{mutex_};
        ++result_.runs;
        result_.failed += trial.verdict.outcome == checker::Outcome::fail;
        result_.unknown += trial.verdict.outcome == checker::Outcome::unknown;
        result_.situations[made.of].merge(trail.situations());
        for (const auto& [mark, count] : trail.marks()) ++marks_[mark].met;
        if (!trial.failures.empty()) keep_failure(made, plan, trial);
        std::uint64_t news = 0;
        for (const auto feature : features) news += ++runs_with_[feature] == 1;
        const auto known = met_under_.size();
        met_under_.insert(under.begin(), under.end());
        const auto gain = news + met_under_.size() - known;
        if (made.way) change_shares_.paid(*made.way, gain, trial.events);
        if (made.fresh) fresh_shares_.paid(made.of, gain, trial.events);
        if (made.way || made.fresh) ++result_.attempts[name_of(made)];
        // A run that fails is found already; its neighbours would fail the same way again and again.
        if (news > 0 && trial.failures.empty()) keep(std::move(made), std::move(features), trail);
        if (options_.progress) options_.progress(result_, corpus_.size());
    }

    void keep(Candidate made, std::vector<Feature> features, const Trail& trail) {
        Kept kept{
            made.of, std::move(made.run), std::move(features), trail.turning_points_us(), trail.moments_us(),
            0};
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

    void keep_failure(const Candidate& made, const Plan& plan, const Trial& trial) {
        auto& found = result_.found[trial.failures.front()];
        const auto size = [](const Plan& p) { return p.faults.size() + p.sends.size(); };
        if (++found.times == 1) found.runs_before = result_.runs;
        if (found.times > 1 && size(plan) >= size(found.run.plan)) return;
        found.of = made.of;
        found.run = {made.run, plan, trial.event_hash, DAVENPORT_VERSION};
        found.failures = trial.failures;
    }

    const std::vector<Scenario>& scenarios_;
    const ExploreOptions& options_;
    std::mutex mutex_;
    // All of what follows belongs to who holds the mutex.
    base::Random random_;
    const std::vector<Worthy>& begin_;
    std::size_t begin_next_ = 0;
    std::uint64_t begun_ = 0;
    Shares fresh_shares_;   ///< of each scenario
    Shares change_shares_;  ///< of each of `ways`
    std::vector<Kept> corpus_;
    std::unordered_map<Feature, std::uint64_t> runs_with_;
    std::unordered_set<Feature> met_under_;
    std::map<std::size_t, MarkRuns> marks_;
    std::vector<std::size_t> aims_;  ///< marks that some kept run passes
    ExploreResult result_;
};

}  // namespace

ExploreResult explore(const std::vector<Scenario>& scenarios, const ExploreOptions& options) {
    return Explorer{scenarios, options}.run();
}

}  // namespace davenport::sim::search
