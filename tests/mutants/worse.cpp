#include "tests/mutants/worse.hpp"

#include "node/base/json.hpp"
#include "reports/compare.hpp"
#include "reports/reports.hpp"
#include "sim/checker/judge.hpp"
#include "sim/history/scenario_file.hpp"
#include "sim/scenario/draw_choices.hpp"
#include "sim/world.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace davenport::mutants {
namespace {

struct ToJudge : sim::HistorySink {
    explicit ToJudge(sim::checker::Judge& to) : judge{to} {}
    void add(const sim::Record& record) override { judge.add(record); }
    sim::checker::Judge& judge;
};

}  // namespace

bool worse(const std::string& scenario_file, const std::string& baseline) {
    const auto loaded = sim::load_scenario(scenario_file);
    fmt::print("{}", loaded.errors);
    std::string error;
    const auto before = reports::load_results(baseline, error);
    fmt::print("{}", error);
    if (!loaded.scenario || before.empty()) return false;

    const auto scenario = draw_choices(*loaded.scenario, loaded.scenario->seed);
    const auto plan = make_plan(scenario, scenario.seed);
    sim::checker::Judge judge{scenario, plan};
    ToJudge sink{judge};
    reports::RunInfo info;
    info.world = "virtual";
    info.store = "couchmock";
    info.seed = plan.seed;
    const auto result = run_virtual(scenario, plan, sink, {});
    info.event_hash = result.event_hash;
    info.events = result.events;
    const auto verdict = judge.finish();
    const auto summary = judge.summary();
    const auto after = base::parse_json(reports::results_json({info, scenario, verdict, summary}));
    const auto comparison = reports::compare(before, {*after});
    fmt::print("{}", reports::comparison_text(comparison, false));
    return verdict.outcome == sim::checker::Outcome::pass && comparison.exit_code() == 1 &&
           std::ranges::any_of(comparison.differences, [](const auto& difference) {
               return difference.what == "requests a message" &&
                      difference.kind == reports::Difference::Kind::worse;
           });
}

}  // namespace davenport::mutants
