#include "node/net/metrics.hpp"

#include <cstdio>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

/// What Prometheus is told, and that the alert rules and the dashboard ask for nothing else.
namespace davenport::node {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

double value_of(const std::string& text, const std::string& name) {
    const auto at = text.find("\n" + name + " ");
    return at == std::string::npos ? -1 : std::stod(text.substr(at + name.size() + 2));
}

TEST(NetMetrics, TellWhatRunsAndWhatItUses) {
    const auto journal = ::testing::TempDir() + "metrics.journal";
    std::ofstream{journal} << std::string(3000, 'x');
    std::ofstream{journal + "-wal"} << std::string(500, 'x');
    Metrics metrics{"1.2.3 (abc)", journal};
    NodeCounts counts;
    counts.send_queue_bytes = 77;
    counts.send_queue_bytes_most = 1'234'567;
    const auto text = metrics.text(counts);
    EXPECT_THAT(text, HasSubstr("davenport_build_info{version=\"1.2.3 (abc)\"} 1\n"));
    EXPECT_EQ(value_of(text, "davenport_journal_bytes"), 3500);
    EXPECT_EQ(value_of(text, "davenport_send_queue_bytes"), 77);
    EXPECT_EQ(value_of(text, "davenport_send_queue_bytes_most"), 1'234'567);
    EXPECT_GT(value_of(text, "process_resident_memory_bytes"), 1e6);
    EXPECT_LT(value_of(text, "process_resident_memory_bytes"), 1e10);
    EXPECT_GT(value_of(text, "process_start_time_seconds"), 1.7e9);
    EXPECT_GE(value_of(text, "process_cpu_seconds_total"), 0);
    std::remove(journal.c_str());
    std::remove((journal + "-wal").c_str());
}

TEST(NetMetrics, TellHowLateOthersMessagesCome) {
    Metrics metrics{"", ""};
    const auto entry = [](std::string_view datetime, bool here, std::uint64_t said = 0) {
        base::JournalEntry made;
        made.message = base::ChatMessage{{.id = "lobby:1",
                                          .room = "lobby",
                                          .position = "1",
                                          .user = "ann",
                                          .text = "hello",
                                          .datetime = datetime,
                                          .host = "n2"}};
        made.accepted_here = here;
        made.said = said;
        return made;
    };
    base::JournalBatch batch;
    batch.entries = {entry("2026-12-01T10:00:00.000Z", false), entry("2026-12-01T10:00:01.900Z", false),
                     entry("2026-12-01T10:00:09.000Z", false),  // a clock that is ahead
                     entry("2026-12-01T10:00:00.000Z", true),  entry("2026-12-01T10:00:00.000Z", false, 1),
                     entry("2026-11-01T10:00:00.000Z", false), entry("once", false)};
    metrics.learnt(batch, *base::parse_datetime("2026-12-01T10:00:02.000Z"));
    const auto text = metrics.text({});
    EXPECT_EQ(value_of(text, "davenport_feed_lag_seconds_count"), 3);
    EXPECT_NEAR(value_of(text, "davenport_feed_lag_seconds_sum"), 2.1, 0.001);
    EXPECT_THAT(text, HasSubstr("davenport_feed_lag_seconds_bucket{le=\"0.1\"} 2\n"));
}

TEST(NetMetrics, CountOpenDescriptors) {
    Metrics metrics{"", ""};
    const auto before = value_of(metrics.text({}), "process_open_fds");
    const std::ifstream one{"/dev/null"}, two{"/dev/null"};
    EXPECT_EQ(value_of(metrics.text({}), "process_open_fds"), before + 2);
}

std::set<std::string> names_in(const std::string& text) {
    const std::regex name{"(davenport|process)_[a-z_]+"};
    std::set<std::string> found;
    for (std::sregex_iterator i{text.begin(), text.end(), name}, end; i != end; ++i) {
        auto one = i->str();
        for (const std::string part : {"_bucket", "_count", "_sum"})  // of a histogram
            if (one.ends_with(part)) one.resize(one.size() - part.size());
        found.insert(one);
    }
    return found;
}

TEST(NetMetrics, AreAllThatAlertsAndDashboardAskFor) {
    Metrics metrics{"", ""};
    metrics.committed({});
    metrics.store_answered(200, {});
    const auto told = names_in(metrics.text({}));
    for (const std::string file : {"/alerts.yaml", "/grafana.json"}) {
        std::ifstream in{DAVENPORT_MONITORING + file};
        const auto asked = names_in({std::istreambuf_iterator<char>{in}, {}});
        EXPECT_GT(asked.size(), 5U) << file;
        std::set<std::string> missing;
        std::ranges::set_difference(asked, told, std::inserter(missing, missing.end()));
        EXPECT_THAT(missing, IsEmpty()) << file;
    }
}

}  // namespace
}  // namespace davenport::node
