#include "node/base/message_id.hpp"
#include "sim/process/files.hpp"
#include "sim/process/program.hpp"
#include "sim/process/transport.hpp"
#include "sim/world.hpp"

#include <algorithm>
#include <deque>
#include <fstream>
#include <map>
#include <optional>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

/// Real nodes and a real couchmock; short runs, since each of them takes its time for real.
namespace davenport::sim {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::HasSubstr;

class Memory final : public HistorySink {
public:
    void add(const Record& record) override { records.push_back(record); }
    [[nodiscard]] std::int64_t count(RecordKind kind) const {
        return std::ranges::count(records, kind, &Record::kind);
    }
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
            if (record.kind == RecordKind::accepted || record.kind == RecordKind::stored)
                kept.insert(record.msg);
            if (record.kind == RecordKind::shown) ++shown[record.msg];
            if (record.kind == RecordKind::document) ++stored[record.msg];
            if (record.kind == RecordKind::history) ++told[record.msg];
        }
        EXPECT_GE(kept.size(), 30u);
        for (const auto& msg : kept) {
            EXPECT_EQ(shown[msg], scenario_.topology.clients) << msg;
            EXPECT_EQ(stored[msg], 1) << msg;
            EXPECT_EQ(told[msg], scenario_.topology.nodes) << msg;
        }
        EXPECT_EQ(history_.records.back().kind, RecordKind::end);
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
        if (record.kind == RecordKind::fault_off) {
            EXPECT_GT(record.count, 0) << record.name << " touched nothing";
        }
    EXPECT_EQ(history_.count(RecordKind::fault_off), 2);
}

TEST_F(ProcessWorldTest, AFullDiskRefusesPostsAndAllIsWellAfterwards) {
    scenario_.load.length = 3s;
    add_fault("node.disk_full", 800ms, 800ms, "n1");
    const auto result = run();
    EXPECT_EQ(result.broken, "");
    EXPECT_GT(history_.count(RecordKind::refused), 0) << "the node says that it cannot";
    expect_all_well();
}

TEST_F(ProcessWorldTest, ATornTailIsNoMessage) {
    scenario_.load.length = 2s;
    add_fault("node.kill", 800ms, 300ms, "n1");
    scenario_.timeline.back().parameters["tail"] = std::string{"torn"};
    const auto result = run();
    EXPECT_EQ(result.broken, "");
    expect_all_well();
}

/// The node's clock is 20 s ahead: so are the places of what is said there meanwhile by whoever connects.
TEST_F(ProcessWorldTest, ANodesClockJumpsAndNoSpanOfTimeDoes) {
    scenario_.load.length = 3s;
    add_fault("node.clock_skew", 600ms, 1500ms, "n1");
    scenario_.timeline.back().parameters["offset"] = Duration{20s};
    for (const auto at : {900ms, 2400ms}) {
        add_fault("client.reconnect", at, 0s);
        scenario_.timeline.back().client = "c1";
        scenario_.timeline.back().name = "again" + std::to_string(at.count());
    }
    const auto began = std::chrono::system_clock::now();
    const auto result = run();
    EXPECT_EQ(result.broken, "");
    expect_all_well();
    EXPECT_EQ(history_.count(RecordKind::disconnected), 2) << "nobody else lost anything";
    std::int64_t furthest = 0;
    for (const auto& record : history_.records)
        if (const auto parts = base::parse_message_id(record.id); parts && record.client == "c1")
            furthest = std::max(
                furthest,
                parts->unix_ms - base::unix_ms(base::WallTime{
                                     std::chrono::duration_cast<base::Duration>(began.time_since_epoch())}));
    EXPECT_GT(furthest, 19'000);
    EXPECT_LT(furthest, 30'000);
}

TEST_F(ProcessWorldTest, OneClientsLinkIsNobodyElses) {
    scenario_.load.length = 3s;
    scenario_.topology.nodes = 1;
    add_fault("link.clog", 700ms, 1500ms);
    scenario_.timeline.back().client = "c2";
    const auto result = run();
    EXPECT_EQ(result.broken, "");
    std::map<std::string, std::int64_t> sent, slowest;
    for (const auto& record : history_.records) {
        if (record.kind == RecordKind::send) sent.try_emplace(record.msg, record.at_us);
        if (record.kind != RecordKind::shown || record.msg.starts_with("c2-")) continue;
        slowest[record.client] = std::max(slowest[record.client], record.at_us - sent[record.msg]);
    }
    EXPECT_GT(slowest["c2"], 1'000'000);
    EXPECT_LT(slowest["c1"], 700'000);
    EXPECT_LT(slowest["c3"], 700'000);
    for (const auto& record : history_.records) {
        if (record.kind != RecordKind::fault_off) continue;
        EXPECT_GT(record.count, 0);
    }
}

TEST_F(ProcessWorldTest, LinksAreAsLongAsTheScenarioHasThem) {
    scenario_.links["node-store"].latency = {15ms, 20ms};
    scenario_.links["client-node"].latency = {5ms, 5ms};
    const auto result = run();
    EXPECT_EQ(result.broken, "");
    expect_all_well();
    std::map<std::string, std::int64_t> sent;
    for (const auto& record : history_.records) {
        if (record.kind == RecordKind::send) sent.emplace(record.msg, record.at_us);
        if (record.kind == RecordKind::accepted) {
            EXPECT_GE(record.at_us - sent[record.msg], 10'000) << "there and back to the node";
        }
        if (record.kind == RecordKind::stored) {
            EXPECT_GE(record.at_us - sent[record.msg], 40'000) << "and on to the store, and back";
        }
    }
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
    options_.abort = [&] { return history_.count(RecordKind::shown) > 5; };
    const auto result = run();
    EXPECT_EQ(result.broken, aborted_run);
    EXPECT_EQ(history_.records.back().text, aborted_run);
    EXPECT_EQ(children(), "");
}

/// A store and a node that somebody else runs, and something that was said there before.
class AttachedTest : public ProcessWorldTest {
protected:
    AttachedTest() {
        const auto folder = options_.out / "elsewhere";
        fs::create_directories(folder);
        start({.name = "store",
               .command = {options_.binaries / "couchmock", "--listen", "127.0.0.1:0", "--control",
                           "127.0.0.1:0", "--port-file", folder / "store", "--control-port-file",
                           folder / "control"},
               .port_files = {folder / "store", folder / "control"},
               .log = folder / "store.log"});
        const auto store = port(0, 0);
        start({.name = "node",
               .command = {options_.binaries / "chatnode", "--store", at(store) + "/theirs", "--listen",
                           "127.0.0.1:0", "--journal", folder / "node.db", "--port-file", folder / "node"},
               .port_files = {folder / "node"},
               .log = folder / "node.log"});
        EXPECT_EQ(ask(port(1, 0), {"POST",
                                   "/api/rooms/r1/messages",
                                   {{"Content-Type", "application/json"}},
                                   R"({"user":"ann","text":"I was here before"})"})
                          .status /
                      100,
                  2);
        options_.store = at(store) + "/theirs";
        options_.attached["n1"] = at(port(1, 0));
        options_.control = at(port(0, 1));
        options_.room_prefix = "sim-1-";
    }
    ~AttachedTest() override {
        for (auto& program : elsewhere_) program.kill();
    }
    void start(process::Program::Setup setup) {
        elsewhere_.emplace_back(std::move(setup)).start(process::steady_now());
        for (auto& program = elsewhere_.back(); program.state() == process::Program::State::starting;) {
            transport_.run_until(process::steady_now() + 2ms);
            const auto change = program.poll(process::steady_now());
            if (change && !change->ready) ADD_FAILURE() << change->how;
        }
    }
    [[nodiscard]] std::uint16_t port(std::size_t program, std::size_t file) const {
        return process::read_port_file(elsewhere_.at(program).setup().port_files.at(file)).value_or(0);
    }
    static std::string at(std::uint16_t port) { return "http://127.0.0.1:" + std::to_string(port); }
    base::HttpResponse ask(std::uint16_t port, base::HttpRequest request) {
        std::optional<process::Transport::Answer> answer;
        transport_.fetch("127.0.0.1", port, std::move(request), 10s,
                         [&](process::Transport::Answer got) { answer = std::move(got); });
        while (!answer) transport_.run_until(process::steady_now() + 2ms);
        return answer->response;
    }

    process::Transport transport_;
    std::deque<process::Program> elsewhere_;
};

TEST_F(AttachedTest, ANodeThatRunsElsewhereTakesPartAndIsLeftAsItWas) {
    add_fault("store.down", 500ms, 500ms);
    const auto result = run();
    EXPECT_EQ(result.broken, "");
    expect_all_well();
    EXPECT_EQ(history_.count(RecordKind::phantom), 0)
        << "what others say there is none of the run's business";
    EXPECT_EQ(history_.count(RecordKind::document), history_.count(RecordKind::history) / 2)
        << "nor is what they have in the database";
    std::set<std::string> rooms;
    for (const auto& record : history_.records)
        if (!record.room.empty()) rooms.insert(record.room);
    EXPECT_THAT(rooms, testing::ElementsAre("r1")) << "as in every run, whatever they are called there";
    for (const auto& record : history_.records)
        if (record.kind == RecordKind::fault_off) {
            EXPECT_GT(record.count, 0) << "the fault went to the couchmock that stands there";
        }
    EXPECT_THAT(ask(port(1, 0), {"GET", "/api/rooms/r1/messages", {}, {}}).body,
                HasSubstr("I was here before"));
    EXPECT_THAT(ask(port(1, 0), {"GET", "/api/rooms/sim-1-r1/messages", {}, {}}).body, HasSubstr("c1-1"));
    EXPECT_EQ(ask(port(0, 0), {"GET", "/theirs", {}, {}}).status, 200) << "their database is theirs to drop";
}

TEST_F(AttachedTest, WhatIsNoNodeOrNoDatabaseOrNoControlPortIsTold) {
    const auto good = options_;
    const auto broken = [&](auto change) {
        options_ = good;
        change();
        return run().broken;
    };
    EXPECT_THAT(broken([&] { options_.attached["n1"] = at(port(0, 0)); }),
                HasSubstr("does not answer as a chat node"));
    EXPECT_THAT(broken([&] { options_.attached["n1"] = "https://chat.example"; }), HasSubstr("http only"));
    EXPECT_THAT(broken([&] { options_.store = at(port(0, 0)) + "/nobodys"; }), HasSubstr("can't be read"));
    EXPECT_THAT(broken([&] { options_.store = at(port(0, 0)); }), HasSubstr("must name the database"));
    EXPECT_THAT(broken([&] { options_.control = at(port(1, 0)); }), HasSubstr("is no control port"));
    EXPECT_EQ(ask(port(1, 0), {"GET", "/readyz", {}, {}}).status, 200);
}

TEST_F(ProcessWorldTest, AMissingProgramIsToldByItsName) {
    options_.binaries = "/no/such/folder";
    EXPECT_THAT(run().broken, HasSubstr("/no/such/folder/couchmock"));
    EXPECT_EQ(history_.records.back().kind, RecordKind::end);
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
}  // namespace davenport::sim
