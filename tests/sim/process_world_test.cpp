#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>

#include "sim/process/files.hpp"
#include "sim/world.hpp"

/// Real nodes and a real couchmock; short runs, since each of them takes its time for real.
namespace sim {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::HasSubstr;

class Memory final : public HistorySink {
public:
    void add(const Record& record) override { records.push_back(record); }
    [[nodiscard]] std::int64_t count(What what) const { return std::ranges::count(records, what, &Record::what); }
    std::vector<Record> records;
};

class ProcessWorldTest : public testing::Test {
protected:
    ProcessWorldTest() {
        options_.binaries = DAVENPORT_BINARIES;
        options_.out = fs::temp_directory_path() / ("davenport-world-" + std::to_string(::getpid()));
        fs::create_directories(options_.out);
        scenario_.name = "test";
        scenario_.topology.nodes = 2;
        scenario_.topology.clients = 4;
        scenario_.load.per_1000_seconds = 40'000;
        scenario_.load.length = 1s;
        scenario_.load.settle = 300ms;
        scenario_.heal = 10s;
    }
    ~ProcessWorldTest() override { fs::remove_all(options_.out); }

    WorldResult run() { return run_processes(scenario_, make_plan(scenario_, 1), history_, options_); }

    void add_fault(const std::string& kind, Duration at, Duration length, const std::string& node = "") {
        Fault fault;
        fault.name = kind;
        fault.kinds = {kind};
        fault.at = at;
        fault.node = node;
        if (length > 0s) fault.length = Range{length, length};
        scenario_.timeline.push_back(fault);
    }

    /// Every kept message was shown once to everybody, and is once in the store and in each node's history.
    void expect_all_well() const {
        std::set<std::string> kept;
        std::map<std::string, int> shown, stored, told;
        for (const auto& record : history_.records) {
            if (record.what == What::accepted || record.what == What::stored) kept.insert(record.msg);
            if (record.what == What::shown) ++shown[record.msg];
            if (record.what == What::document) ++stored[record.msg];
            if (record.what == What::history) ++told[record.msg];
        }
        EXPECT_GE(kept.size(), 30u);
        for (const auto& msg : kept) {
            EXPECT_EQ(shown[msg], scenario_.topology.clients) << msg;
            EXPECT_EQ(stored[msg], 1) << msg;
            EXPECT_EQ(told[msg], scenario_.topology.nodes) << msg;
        }
        EXPECT_EQ(history_.records.back().what, What::end);
    }

    static std::string children() {
        std::string pids;
        for (const auto& task : fs::directory_iterator{"/proc/self/task"}) {
            std::ifstream in{task.path() / "children"};
            pids += std::string{std::istreambuf_iterator<char>{in}, {}};
        }
        return pids;
    }

    Scenario scenario_;
    WorldOptions options_;
    Memory history_;
};

TEST_F(ProcessWorldTest, EveryMessageReachesEveryClientOnceAndNothingIsLeftBehind) {
    const auto result = run();
    EXPECT_EQ(result.broken, "");
    expect_all_well();
    EXPECT_EQ(children(), "");
}

TEST_F(ProcessWorldTest, AKilledNodeAndAStoreThatIsDownCostNoMessage) {
    add_fault("store.down", 500ms, 800ms);
    add_fault("node.kill", 700ms, 300ms, "n2");
    const auto result = run();
    EXPECT_EQ(result.broken, "");
    expect_all_well();
    for (const auto& record : history_.records)
        if (record.what == What::fault_off) {
            EXPECT_GT(record.count, 0) << record.name << " touched nothing";
        }
    EXPECT_EQ(history_.count(What::fault_off), 2);
}

TEST_F(ProcessWorldTest, AnInterruptEndsEverythingThatWasStarted) {
    std::atomic<bool> interrupted{false};
    options_.interrupted = &interrupted;
    options_.progress = [&](Duration at) { interrupted = at > 500ms; };
    const auto result = run();
    EXPECT_EQ(result.broken, "interrupted");
    EXPECT_EQ(history_.records.back().text, "interrupted");
    EXPECT_EQ(children(), "");
}

TEST_F(ProcessWorldTest, ARunThatHasFailedAlreadyIsEndedLikeOneThatIsInterrupted) {
    options_.abort = [&] { return history_.count(What::shown) > 5; };
    const auto result = run();
    EXPECT_EQ(result.broken, aborted_run);
    EXPECT_EQ(history_.records.back().text, aborted_run);
    EXPECT_EQ(children(), "");
}

TEST_F(ProcessWorldTest, AMissingProgramIsToldByItsName) {
    options_.binaries = "/no/such/folder";
    EXPECT_THAT(run().broken, HasSubstr("/no/such/folder/couchmock"));
    EXPECT_EQ(history_.records.back().what, What::end);
}

TEST_F(ProcessWorldTest, ANodeThatDoesNotStartIsToldAndTheOthersAreEnded) {
    options_.node_binaries["n2"] = "/bin/false";
    EXPECT_THAT(run().broken, HasSubstr("n2 did not start: exit code 1"));
    EXPECT_EQ(children(), "");
}

TEST_F(ProcessWorldTest, AStoreThatCannotBeReachedIsTold) {
    base::Random random{1};
    options_.store = "http://127.0.0.1:" + std::to_string(process::pick_port(random));
    EXPECT_THAT(run().broken, HasSubstr("can't be reached"));
    EXPECT_EQ(children(), "");
}

}  // namespace
}  // namespace sim
