#include "reports/compare.hpp"

#include "node/base/json.hpp"
#include "node/base/random.hpp"
#include "sim/checker/evidence.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <sstream>

#include <fmt/format.h>

namespace davenport::reports {
namespace {

using base::int_member;
using base::member;
using base::string_member;
using base::text_member;
using base::json::value;
using Kind = Difference::Kind;
using Runs = std::vector<value>;

constexpr std::array quantiles{"p50", "p95", "p99", "max"};
constexpr std::size_t repeats_min = 3;
constexpr int resamples = 2'000;

/// What two runs must share to be comparable at all, as one text.
std::string identity(const value& results, bool exact) {
    const auto* run = member(results, "run");
    auto made =
        fmt::format("scenario {}, {} world, {}, topology {}", text_member(run, "scenario"),
                    text_member(run, "world"), text_member(run, "store"),
                    run && member(*run, "topology") ? base::write_json(*member(*run, "topology")) : "?");
    if (exact) made += fmt::format(", seed {}", run ? int_member(*run, "seed").value_or(0) : 0);
    return made;
}

/// Where the scenarios of two runs differ in what they play; empty where they do not, or nobody knows.
std::string other_experiment(const value& one, const value& other) {
    const auto* first = member(one, "run");
    const auto* second = member(other, "run");
    const auto hash = text_member(first, "experiment"), other_hash = text_member(second, "experiment");
    if (hash.empty() || other_hash.empty() || hash == other_hash) return {};
    std::istringstream here{text_member(first, "scenario_text")}, there{text_member(second, "scenario_text")};
    std::string line, other_line;
    while (std::getline(here, line) && std::getline(there, other_line))
        if (line != other_line) return fmt::format("\"{}\" and \"{}\"", line, other_line);
    return fmt::format("their scenarios are {} and {}", hash, other_hash);
}

std::string unfit(const value& results) {
    if (string_member(results, "format").value_or("") != "davenport results")
        return "is no results.json of Davenport";
    if (int_member(results, "version").value_or(0) != 1)
        return fmt::format("has version {}, and this program reads 1",
                           int_member(results, "version").value_or(0));
    const auto* run = member(results, "run");
    if (!text_member(run, "broken").empty())
        return "is of a run that was broken off: " + text_member(run, "broken");
    const auto* verdict = member(results, "verdict");
    if (text_member(verdict, "outcome") == "unknown") return "is of a run whose verdict is unknown";
    return {};
}

/// A figure over the runs of one side; runs without it are left out.
struct Figure {
    std::vector<double> values;
    bool more = false;  ///< in some run it is a lower bound

    [[nodiscard]] double middle() const {
        auto sorted = values;
        std::ranges::sort(sorted);
        const auto half = sorted.size() / 2;
        return sorted.size() % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
    }
};

const value* phase_of(const value& results, std::string_view name) {
    const auto* phases = member(results, "phases");
    if (!phases || !phases->is_array()) return nullptr;
    for (const auto& phase : phases->get_array())
        if (string_member(phase, "name").value_or("?") == name) return &phase;
    return nullptr;
}

Figure latency(const Runs& runs, const std::string& phase, std::string_view metric,
               std::string_view quantile) {
    Figure figure;
    for (const auto& results : runs) {
        const auto* found = phase_of(results, phase);
        const auto* all = found ? member(*found, "metrics") : nullptr;
        const auto* one = all ? member(*all, metric) : nullptr;
        const auto us = one ? int_member(*one, fmt::format("{}_us", quantile)) : std::nullopt;
        if (!us) continue;
        figure.values.push_back(static_cast<double>(*us));
        if (const auto* bounds = member(*one, "more_than"); bounds && bounds->is_array())
            for (const auto& name : bounds->get_array())
                figure.more = figure.more || (name.is_string() && name.get_string() == quantile);
    }
    return figure;
}

Figure count(const Runs& runs, std::string_view name, bool a_message) {
    Figure figure;
    for (const auto& results : runs) {
        const auto* counts = member(results, "counts");
        const auto number = counts ? int_member(*counts, name) : std::nullopt;
        const auto messages = counts ? int_member(*counts, "messages").value_or(0) : 0;
        if (!number || (a_message && messages == 0)) continue;
        figure.values.push_back(static_cast<double>(*number) /
                                (a_message ? static_cast<double>(messages) : 1));
    }
    return figure;
}

std::string percent(double ratio) { return fmt::format("{:+.1f}%", (ratio - 1) * 100); }

/// The middle 95% of what the ratio of the medians is when runs are drawn with repetition.
std::pair<double, double> interval(const Figure& before, const Figure& after) {
    base::Random random{1};
    const auto draw = [&](const Figure& from) {
        Figure drawn;
        for (std::size_t i = 0; i < from.values.size(); ++i)
            drawn.values.push_back(from.values[random.below(from.values.size())]);
        return drawn.middle();
    };
    std::vector<double> ratios;
    for (int i = 0; i < resamples; ++i) {
        const auto was = draw(before);
        ratios.push_back(draw(after) / std::max(was, 1e-9));
    }
    std::ranges::sort(ratios);
    return {ratios[resamples / 40], ratios[resamples - 1 - resamples / 40]};
}

class Comparer {
public:
    Comparer(const Runs& before, const Runs& after, const Tolerance& tolerance, Comparison& made)
        : before_{before}, after_{after}, tolerance_{tolerance}, made_{made} {}

    void compare_all() {
        compare_outcomes();
        for (const auto* name :
             {"messages", "accepted", "stored", "failed", "showings", "repeated", "late", "documents"})
            look(name, count(before_, name, false), count(after_, name, false), false);
        look("requests a message", count(before_, "requests", true), count(after_, "requests", true), true);
        look("tries a message", count(before_, "tries", true), count(after_, "tries", true), true);
        for (const auto& phase : phases())
            for (const auto* metric : metric_names)
                for (const auto* quantile : quantiles) look_at_latency(phase, metric, quantile);
        if (made_.exact) compare_hashes();
    }

private:
    [[nodiscard]] std::vector<std::string> phases() const {
        std::vector<std::string> names;
        for (const auto& results : before_)
            if (const auto* all = member(results, "phases"); all && all->is_array())
                for (const auto& phase : all->get_array())
                    if (auto name = text_member(phase, "name"); std::ranges::find(names, name) == names.end())
                        names.push_back(std::move(name));
        return names;
    }

    void compare_outcomes() {
        const auto outcome = [](const Runs& runs) {
            std::size_t passed = 0;
            for (const auto& results : runs)
                passed += text_member(member(results, "verdict"), "outcome") == "pass";
            return passed;
        };
        const auto say = [](std::size_t passed, std::size_t all) {
            return all == 1 ? std::string{passed == 1 ? "pass" : "fail"}
                            : fmt::format("{} of {} pass", passed, all);
        };
        const auto was = outcome(before_), is = outcome(after_);
        const auto left = is * before_.size(), right = was * after_.size();  // shares, without division
        add("verdict", "", say(was, before_.size()), say(is, after_.size()), "",
            left < right   ? Kind::worse
            : left > right ? Kind::better
                           : Kind::same);
    }

    void compare_hashes() {
        const auto hash = [](const value& results) {
            return text_member(member(results, "run"), "event_hash");
        };
        add("event hash", "", hash(before_.front()), hash(after_.front()), "",
            hash(before_.front()) == hash(after_.front()) ? Kind::same : Kind::changed);
    }

    /// Counts that ought not to change; those `a_message` are costs.
    void look(const char* what, const Figure& before, const Figure& after, bool a_message) {
        if (before.values.empty() || after.values.empty()) return;
        const auto was = before.middle(), is = after.middle();
        const auto ratio = was > 0 ? is / was : (is > 0 ? 2.0 : 1.0);
        const auto borne = made_.exact ? 0.0 : static_cast<double>(tolerance_.count_percent) / 100;
        auto kind = Kind::same;
        if (std::abs(ratio - 1) > borne)
            kind = !a_message ? Kind::changed : ratio > 1 ? Kind::worse : Kind::better;
        if (!made_.exact && !a_message)
            kind = Kind::same;  // how much was sent is the load's doing, and told for information
        const auto say = [&](double number) {
            return a_message ? fmt::format("{:.3f}", number)
                             : fmt::format("{}", static_cast<std::int64_t>(number));
        };
        add(what, "", say(was), say(is), was == is ? "" : percent(ratio), kind);
    }

    void look_at_latency(const std::string& phase, const char* metric, const char* quantile) {
        const auto before = latency(before_, phase, metric, quantile),
                   after = latency(after_, phase, metric, quantile);
        const auto what = fmt::format("{}({})", quantile, metric);
        if (before.values.empty() != after.values.empty()) {
            add(what, phase, before.values.empty() ? "none" : "some", after.values.empty() ? "none" : "some",
                "", made_.exact ? Kind::changed : Kind::same);
            return;
        }
        if (before.values.empty()) return;
        const auto was = before.middle(), is = after.middle();
        const auto ratio = is / std::max(was, 1.0);
        auto by = was == is ? std::string{} : percent(ratio);
        auto kind = was == is ? Kind::same : is > was ? Kind::worse : Kind::better;
        if (before.more != after.more) {
            kind = after.more ? Kind::worse : Kind::better;
        } else if (!made_.exact && std::abs(is - was) < static_cast<double>(tolerance_.least_us)) {
            kind = Kind::same;
        } else if (!made_.exact && std::min(before.values.size(), after.values.size()) >= repeats_min) {
            const auto [low, high] = interval(before, after);
            const auto margin = 1 + static_cast<double>(tolerance_.percent) / 100;
            by = fmt::format("[{}, {}]", percent(low), percent(high));
            kind = low > 1 && ratio > margin        ? Kind::worse
                   : high < 1 && ratio < 1 / margin ? Kind::better
                                                    : Kind::same;
        } else if (!made_.exact) {
            const auto margin = 1 + static_cast<double>(tolerance_.percent) / 100;
            kind = ratio > margin ? Kind::worse : ratio < 1 / margin ? Kind::better : Kind::same;
        }
        const auto say = [](double us, bool more) {
            return (more ? "> " : "") + sim::checker::time_text(static_cast<std::int64_t>(us));
        };
        add(what, phase, say(was, before.more), say(is, after.more), by, kind);
    }

    void add(std::string what, std::string phase, std::string before, std::string after, std::string by,
             Kind kind) {
        made_.differences.push_back(
            {std::move(what), std::move(phase), std::move(before), std::move(after), std::move(by), kind});
    }

    const Runs& before_;
    const Runs& after_;
    const Tolerance& tolerance_;
    Comparison& made_;
};

}  // namespace

std::int64_t Comparison::count(Difference::Kind kind) const {
    return std::ranges::count(differences, kind, &Difference::kind);
}

int Comparison::exit_code() const {
    if (!refused.empty()) return 64;
    if (count(Kind::worse) > 0) return 1;
    return exact && count(Kind::better) + count(Kind::changed) > 0 ? 1 : 0;
}

Comparison compare(const Runs& before, const Runs& after, const Tolerance& tolerance) {
    Comparison made;
    if (before.empty() || after.empty()) {
        made.refused = "there is nothing to compare";
        return made;
    }
    for (const auto& [side, name] : {std::pair{&before, "the first"}, std::pair{&after, "the second"}})
        for (const auto& results : *side)
            if (const auto why = unfit(results); !why.empty()) {
                made.refused = fmt::format("{} {}", name, why);
                return made;
            }
    // One run of the virtual world on each side is a function of code, scenario and seed: there is no chance
    // in it.
    made.exact = before.size() == 1 && after.size() == 1 &&
                 text_member(member(before.front(), "run"), "world") == "virtual";
    const auto wanted = identity(before.front(), made.exact);
    for (const auto* side : {&before, &after}) {
        for (const auto& results : *side) {
            if (tolerance.other_scenario) continue;
            if (const auto found = identity(results, made.exact); found != wanted)
                made.refused = fmt::format("they are not the same experiment: {} and {}", wanted, found);
            else if (const auto difference = other_experiment(before.front(), results); !difference.empty())
                made.refused = "they are not the same experiment: " + difference;
            if (!made.refused.empty()) {
                made.refused += "; --anyway compares them all the same";
                return made;
            }
        }
    }
    made.title = wanted;
    Comparer{before, after, tolerance, made}.compare_all();
    return made;
}

}  // namespace davenport::reports
