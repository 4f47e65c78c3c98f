#include "sim/search/mutation.hpp"

#include "sim/scenario/language.hpp"

#include <algorithm>
#include <cstdlib>
#include <string>

#include <fmt/format.h>

namespace davenport::sim::search {

namespace {

constexpr std::size_t faults_max = 60;  // a run of more says little about any of them

class Mutator {
public:
    Mutator(const Scenario& parent, const Scenario& donor, const std::vector<std::int64_t>& turning_points,
            base::Random& random, Change how)
        : now_{parent}, donor_{donor}, turning_points_{turning_points}, random_{random}, how_{how} {}

    Scenario result() {
        const auto changes = 1 + random_.below(how_ == Change::several ? 4 : 2);
        std::uint64_t done = 0;
        // Some changes find nothing to change; in the end there is always another seed.
        for (int tries = 0; done < changes && tries < 20; ++tries) done += change();
        if (done == 0) now_.seed = random_.below(seeds);
        std::ranges::stable_sort(now_.timeline, {}, [](const Fault& f) { return f.at.value_or(Duration{}); });
        return std::move(now_);
    }

private:
    static constexpr std::uint64_t seeds = 1'000'000'000;

    bool change() {
        switch (how_) {
            case Change::moved:
                return move();
            case Change::added:
                return take_over();
            case Change::reseeded:
                return now_.seed = random_.below(seeds), true;
            case Change::spliced:
                return splice();
            case Change::several:
                break;
        }
        switch (random_.below(10)) {
            case 0:
            case 1:
            case 2:
                return move();
            case 3:
                return drop();
            case 4:
                return repeat();
            case 5:
                return stretch();
            case 6:
                return aim_elsewhere();
            case 7:
            case 8:
                return take_over();
            default:
                now_.seed = random_.below(seeds);
                return true;
        }
    }

    Fault* pick() {
        if (now_.timeline.empty()) return nullptr;
        return &now_.timeline[random_.below(now_.timeline.size())];
    }
    /// One that stands at a time of its own, and may stand at another.
    Fault* pick_movable() {
        auto* fault = pick();
        return fault && fault->at && !joins(*fault) ? fault : nullptr;
    }
    static const language::FaultKind* kind_of(const Fault& fault) {
        return language::find_fault(fault.kinds.front());
    }
    static bool joins(const Fault& fault) {
        const auto* kind = kind_of(fault);
        return kind && kind->hits == language::Hits::joiner;
    }

    /// Anywhere in the run's load, or shortly before or after something happened in it.
    Duration drawn_time() {
        const auto end = now_.load.settle + now_.load.length;
        const auto anywhere = Duration{random_.between(0, end.count())};
        if (turning_points_.empty() || random_.below(3) == 0) return anywhere;
        const auto point = turning_points_[random_.below(turning_points_.size())];
        const std::int64_t far = random_.below(2) == 0 ? 2'000 : 200'000;
        return std::clamp(Duration{point + random_.between(-far, far)}, Duration{}, end);
    }

    bool move() {
        auto* fault = pick_movable();
        if (!fault) return false;
        fault->at = drawn_time();
        return true;
    }
    bool drop() {
        auto* fault = pick();
        if (!fault || now_.timeline.size() < 2) return false;
        now_.timeline.erase(now_.timeline.begin() + (fault - now_.timeline.data()));
        return true;
    }
    bool repeat() {
        const auto* fault = pick_movable();
        return fault && add(*fault, drawn_time());
    }
    bool take_over() {
        if (donor_.timeline.empty()) return false;
        const auto& fault = donor_.timeline[random_.below(donor_.timeline.size())];
        if (!fault.at || joins(fault) || !has_victim_of(fault)) return false;
        return add(fault, random_.below(3) == 0 ? *fault.at : drawn_time());
    }
    /// Once: what comes before stays, as what it led to does.
    bool splice() {
        how_ = Change::moved;  // a second change is a smaller one
        const auto from = drawn_time();
        const auto later = [&](const Fault& fault) { return fault.at && *fault.at >= from && !joins(fault); };
        std::size_t changed = std::erase_if(now_.timeline, later);
        for (const auto& fault : donor_.timeline)
            if (later(fault) && has_victim_of(fault)) changed += add(fault, *fault.at);
        return changed > 0;
    }
    /// The donor may have drawn a larger topology.
    [[nodiscard]] bool has_victim_of(const Fault& fault) const {
        const auto within = [](std::string_view name, int count) {
            return name.empty() || std::atoi(std::string{name.substr(1)}.c_str()) <= count;
        };
        return within(fault.node, now_.topology.nodes) && within(fault.client, now_.topology.clients);
    }
    bool add(Fault fault, Duration at) {
        if (now_.timeline.size() >= faults_max) return false;
        fault.at = at;
        fault.may_miss = true;  // whether there is anything for it to touch is what the run is to show
        fault.name = free_name(fault.kinds.front());
        now_.timeline.push_back(std::move(fault));
        return true;
    }
    [[nodiscard]] std::string free_name(std::string_view kind) const {
        for (std::size_t n = now_.timeline.size() + 1;; ++n) {
            auto name = fmt::format("{}-{}", kind, n);
            std::ranges::replace(name, '.', '-');
            if (std::ranges::find(now_.timeline, name, &Fault::name) == now_.timeline.end()) return name;
        }
    }

    bool stretch() {
        auto* fault = pick();
        if (!fault || !fault->length || fault->length->low <= Duration{1}) return false;
        auto length = fault->length->low;
        length = random_.below(2) == 0 ? length / 2 : std::min(length * 2, now_.load.length);
        length = std::max(length, Duration{1});
        fault->length = Range{length, length};
        return true;
    }

    bool aim_elsewhere() {
        auto* fault = pick_movable();
        if (!fault) return false;
        if (!fault->node.empty() && now_.topology.nodes > 1) {
            fault->node =
                fmt::format("n{}", 1 + random_.below(static_cast<std::uint64_t>(now_.topology.nodes)));
            return true;
        }
        if (fault->client.empty() || now_.topology.clients < 2) return false;
        fault->client =
            fmt::format("c{}", 1 + random_.below(static_cast<std::uint64_t>(now_.topology.clients)));
        return true;
    }

    Scenario now_;
    const Scenario& donor_;
    const std::vector<std::int64_t>& turning_points_;
    base::Random& random_;
    Change how_;
};

}  // namespace

Scenario mutate(const Scenario& parent, const Scenario& donor,
                const std::vector<std::int64_t>& turning_points_us, base::Random& random, Change how) {
    return Mutator{parent, donor, turning_points_us, random, how}.result();
}

}  // namespace davenport::sim::search
