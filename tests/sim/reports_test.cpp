#include "reports/reports.hpp"

#include "node/base/json.hpp"
#include "tests/sim/reports_history.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace davenport::reports::test {
namespace {

using sim::checker::Outcome;
using testing::HasSubstr;
using testing::Not;

/// A made-up run, judged.
struct Judged {
    MadeUpRun run;
    sim::checker::Verdict verdict;
    sim::checker::Summary summary;
    RunInfo info;

    explicit Judged(const MakeUp& how = {}) : run{make_up(how)} {
        sim::checker::Judge judge{run.scenario, run.plan};
        for (const auto& record : run.records) judge.add(record);
        verdict = judge.finish();
        summary = judge.summary();
        info.world = "virtual";
        info.store = "couchmock";
        info.seed = how.seed;
        info.replay = "chatsim run scenarios/made_up.yaml --seed 1";
    }
    [[nodiscard]] Run all() const { return {info, run.scenario, verdict, summary}; }
};

TEST(MadeUpRun, Passes) {
    const Judged judged;
    for (const auto& finding : judged.verdict.findings) {
        std::string evidence;
        for (const auto& line : finding.evidence) evidence += "\n" + line;
        EXPECT_EQ(finding.outcome, Outcome::pass) << finding.property << ": " << finding.measured << evidence;
    }
}

TEST(MadeUpRun, FailsWhenAMessageIsLost) { EXPECT_EQ(Judged{{.lose = true}}.verdict.outcome, Outcome::fail); }

TEST(ResultsJson, SaysWhatTheSummarySays) {
    const Judged judged;
    const auto results = base::parse_json(results_json(judged.all()));
    ASSERT_TRUE(results);
    EXPECT_EQ(base::int_member(*results, "version"), 1);
    EXPECT_EQ(base::string_member(*base::member(*results, "verdict"), "outcome"), "pass");
    EXPECT_EQ(base::int_member(*base::member(*results, "counts"), "messages"),
              judged.summary.counts.at("messages"));
    const auto& phases = base::member(*results, "phases")->as_array();
    ASSERT_EQ(phases.size(), 7u);  // the whole run, and three for each of two faults
    const auto* during = base::member(*base::member(phases[2], "metrics"), "local_echo");
    EXPECT_EQ(base::string_member(phases[2], "name"), "during outage");
    EXPECT_EQ(base::int_member(*during, "count"), judged.summary.phases[2].from_due[1].count);
    EXPECT_EQ(base::int_member(*during, "p99_us"), judged.summary.phases[2].from_due[1].p99.us);
}

TEST(ResultsJson, NamesTheFiguresThatAreLowerBounds) {
    const Judged judged{{.lose = true}};
    const auto results = base::parse_json(results_json(judged.all()));
    const auto& whole = base::member(*results, "phases")->as_array()[0];
    const auto* delivery = base::member(*base::member(whole, "metrics"), "delivery");
    EXPECT_EQ(base::int_member(*delivery, "undelivered"), 1);
    const auto& more_than = base::member(*delivery, "more_than")->as_array();
    ASSERT_EQ(more_than.size(), 1u);
    EXPECT_EQ(more_than[0].as_string(), "max");
}

TEST(ResultsJson, IsTheSameForTheSameRun) {
    EXPECT_EQ(results_json(Judged{}.all()), results_json(Judged{}.all()));
}

TEST(ResultsJson, TellsTheStoryOfAMessageThatAFindingNames) {
    const Judged judged{{.lose = true}};
    ASSERT_FALSE(judged.summary.stories.empty());
    const auto& story = judged.summary.stories.front();
    EXPECT_EQ(story.message, "c4-20");
    EXPECT_TRUE(story.failed);
    EXPECT_EQ(story.shown.front().client, "c3");
    EXPECT_EQ(story.shown.front().at_us, sim::checker::never);
}

TEST(JUnit, EscapesAndCountsEveryFinding) {
    Judged judged{{.lose = true}};
    judged.verdict.findings.back().measured = "a < b & \"c\"\x01\x1b[31m";
    judged.verdict.findings.back().outcome = Outcome::unknown;
    const auto xml = junit_xml(judged.all());
    EXPECT_THAT(xml, HasSubstr("classname=\"made up: &lt;outage&gt; &amp; &quot;kill&quot;\""));
    EXPECT_THAT(xml, HasSubstr("message=\"a &lt; b &amp; &quot;c&quot;??[31m\""));
    EXPECT_THAT(xml, HasSubstr(fmt::format("tests=\"{}\"", judged.verdict.findings.size())));
    EXPECT_THAT(xml, HasSubstr("<failure message=\"1 of "));
    EXPECT_THAT(xml, HasSubstr("errors=\"1\""));
    EXPECT_THAT(xml, HasSubstr("file=\"scenarios/made_up.yaml\" line=\"12\""));
}

TEST(SummaryMd, HasARowForEachFinding) {
    const Judged judged;
    const auto text = summary_md(judged.all());
    EXPECT_THAT(text, HasSubstr("p99(local\\_echo) during outage"));
    EXPECT_THAT(text, HasSubstr("| delivery | during outage |"));
    EXPECT_THAT(text, HasSubstr("chatsim run scenarios/made_up.yaml"));
}

TEST(Annotations, PointAtTheLineOfWhatDoesNotHold) {
    EXPECT_EQ(annotations(Judged{}.all()), "");
    EXPECT_THAT(annotations(Judged{{.lose = true}}.all()),
                HasSubstr("scenarios/made_up.yaml:12:5: error: no_loss: 1 of 1450 accepted messages lost\n"));
}

TEST(Page, IsOneFileThatAsksForNothing) {
    const Judged judged;
    const auto html = report_html(judged.run.scenario.name, results_json(judged.all()));
    EXPECT_THAT(html, HasSubstr("<title>made up: &lt;outage&gt;"));
    for (const char* outside : {"src=\"", "<link rel=\"stylesheet\"", "@import", "fetch(", "url(http"})
        EXPECT_THAT(html, Not(HasSubstr(outside)));
    EXPECT_THAT(html, Not(HasSubstr("{{")));
    EXPECT_LT(html.size(), 1'000'000u);
}

TEST(Page, CannotBeBrokenByAText) {
    Judged judged;
    judged.verdict.findings.back().measured = "</script><script>alert(1)</script><!--";
    const auto html = report_html("x", results_json(judged.all()));
    EXPECT_THAT(html, Not(HasSubstr("<script>alert")));
    EXPECT_THAT(html, HasSubstr("\\u003c/script>"));
}

TEST(Index, ListsTheFailingRunsFirst) {
    const auto dir = std::filesystem::path{testing::TempDir()};
    const std::vector<IndexEntry> entries{{results_json(Judged{}.all()), "good"},
                                          {results_json(Judged{{.lose = true}}.all()), "bad"},
                                          {"{", "torn"}};
    ASSERT_EQ(write_index(dir, "all scenarios", entries), "");
    std::ostringstream page;
    page << std::ifstream{dir / "index.html"}.rdbuf();
    const auto html = page.str();
    EXPECT_THAT(html, HasSubstr("1 of 3 pass"));
    EXPECT_LT(html.find("bad/report.html"), html.find("torn/report.html"));
    EXPECT_LT(html.find("torn/report.html"), html.find("good/report.html"));
    EXPECT_THAT(html, HasSubstr("not: no_loss"));
}

TEST(WriteResults, SaysWhichFileItCouldNotWrite) {
    const Judged judged;
    EXPECT_THAT(write_results("/nonexistent", judged.all()), HasSubstr("/nonexistent/results.json: error:"));
}

}  // namespace
}  // namespace davenport::reports::test
