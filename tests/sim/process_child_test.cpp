#include "sim/process/child.hpp"
#include "sim/process/files.hpp"
#include "sim/process/log_tail.hpp"
#include "sim/process/program.hpp"
#include "sim/process/transport.hpp"

#include <chrono>
#include <fstream>
#include <system_error>
#include <thread>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace davenport::sim::process {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

class ChildTest : public testing::Test {
protected:
    ChildTest() : folder_{fs::temp_directory_path() / ("davenport-child-" + std::to_string(::getpid()))} {
        fs::create_directories(folder_);
    }
    ~ChildTest() override { fs::remove_all(folder_); }

    [[nodiscard]] fs::path log() const { return folder_ / "log"; }

    template <class Condition>
    static bool soon(Condition condition) {
        for (const auto end = std::chrono::steady_clock::now() + 10s;
             std::chrono::steady_clock::now() < end;) {
            if (condition()) return true;
            std::this_thread::yield();
        }
        return condition();
    }
    static Exit wait_for(Child& child) {
        std::optional<Exit> exit;
        EXPECT_TRUE(soon([&] { return (exit = child.poll()).has_value(); }));
        return exit.value_or(Exit{-1, -1});
    }

    fs::path folder_;
};

TEST_F(ChildTest, ItsOutputAndErrorsGoToTheLog) {
    Child child{{"/bin/sh", "-c", "echo out; echo err >&2"}, log()};
    EXPECT_TRUE(wait_for(child).clean());
    EXPECT_EQ(last_lines(log(), 5), "out\nerr");
    EXPECT_EQ(last_lines(log(), 1), "err");
}

TEST_F(ChildTest, TellsHowItEnded) {
    Child failed{{"/bin/sh", "-c", "exit 3"}, log()};
    EXPECT_EQ(describe(wait_for(failed)), "exit code 3");
    Child stopped{{"/bin/sleep", "60"}, log()};
    stopped.signal(SIGTERM);
    EXPECT_EQ(wait_for(stopped).signal, SIGTERM);
}

TEST_F(ChildTest, AMissingProgramIsAnErrorAtOnce) {
    EXPECT_THROW((Child{{"/no/such/program"}, log()}), std::system_error);
}

TEST_F(ChildTest, InheritsNoDescriptor) {
    const int ours = ::open("/dev/null", O_RDONLY);  // without O_CLOEXEC
    Child child{{"/bin/sh", "-c", "ls /proc/self/fd"}, log()};
    EXPECT_TRUE(wait_for(child).clean());
    ::close(ours);
    EXPECT_EQ(last_lines(log(), 20), "0\n1\n2\n3");  // 3 is the folder that ls reads
}

TEST_F(ChildTest, GetsVariablesBesideOurOwn) {
    Child child{{"/bin/sh", "-c", "echo $SECRET in $PATH"}, log(), {"SECRET=word"}};
    EXPECT_TRUE(wait_for(child).clean());
    EXPECT_EQ(last_lines(log(), 1), "word in " + std::string{::getenv("PATH")});
}

TEST_F(ChildTest, HasAProcessGroupOfItsOwn) {
    Child child{{"/bin/sleep", "60"}, log()};
    EXPECT_EQ(::getpgid(child.pid()), child.pid());
}

TEST_F(ChildTest, IsGoneWhenItsOwnerIs) {
    pid_t pid = 0;
    {
        Child child{{"/bin/sleep", "60"}, log()};
        pid = child.pid();
        ASSERT_EQ(::kill(pid, 0), 0);
    }
    EXPECT_EQ(::kill(pid, 0), -1);
}

TEST_F(ChildTest, DiesWithUsEvenWhenWeAreKilled) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t harness = ::fork();
    if (harness == 0) {
        Child child{{"/bin/sleep", "60"}, log()};
        const pid_t pid = child.pid();
        [[maybe_unused]] const auto written = ::write(ends[1], &pid, sizeof pid);
        ::pause();
        ::_exit(0);
    }
    pid_t grandchild = 0;
    ASSERT_EQ(::read(ends[0], &grandchild, sizeof grandchild), static_cast<ssize_t>(sizeof grandchild));
    ASSERT_EQ(::kill(grandchild, 0), 0);
    ::kill(harness, SIGKILL);
    ::waitpid(harness, nullptr, 0);
    const auto gone = [&] {
        std::ifstream in{"/proc/" + std::to_string(grandchild) + "/stat"};
        std::string pid, name, state;
        return !(in >> pid >> name >> state) || state == "Z";  // a zombie waits for whoever inherits it
    };
    EXPECT_TRUE(soon(gone));
    ::close(ends[0]);
    ::close(ends[1]);
}

TEST_F(ChildTest, AProgramIsReadyWhenItsPortFileIsThere) {
    const auto port_file = folder_ / "port";
    Program program{{.name = "p",
                     .command = {"/bin/sh", "-c", "echo 1234 > " + port_file.string() + "; exec sleep 60"},
                     .port_files = {port_file},
                     .log = log()}};
    program.start(steady_now());
    std::optional<Program::Change> change;
    ASSERT_TRUE(soon([&] { return (change = program.poll(steady_now())).has_value(); }));
    EXPECT_TRUE(change->ready);
    EXPECT_EQ(read_port_file(port_file), 1234);
    program.terminate(steady_now());
    ASSERT_TRUE(soon([&] { return (change = program.poll(steady_now())).has_value(); }));
    EXPECT_FALSE(change->ready);
    EXPECT_FALSE(change->clean) << "sleep does not catch SIGTERM";
}

TEST_F(ChildTest, AProgramThatDiesAtItsStartShowsItsLog) {
    Program program{{.name = "p",
                     .command = {"/bin/sh", "-c", "echo no disk; exit 1"},
                     .port_files = {folder_ / "port"},
                     .log = log()}};
    program.start(steady_now());
    std::optional<Program::Change> change;
    ASSERT_TRUE(soon([&] { return (change = program.poll(steady_now())).has_value(); }));
    EXPECT_FALSE(change->ready);
    EXPECT_THAT(change->how, testing::HasSubstr("exit code 1"));
    EXPECT_THAT(change->how, testing::HasSubstr("no disk"));
}

TEST_F(ChildTest, PickedPortsLieBelowThoseOfOutgoingConnections) {
    int outgoing_from = 0;
    std::ifstream{"/proc/sys/net/ipv4/ip_local_port_range"} >> outgoing_from;
    base::Random random{7};
    for (int i = 0; i < 20; ++i) {
        const auto port = pick_port(random);
        EXPECT_GT(port, 0);
        EXPECT_LT(port, outgoing_from);
    }
}

TEST_F(ChildTest, ALogIsReadOnAsItGrows) {
    LogTail tail{log()};
    EXPECT_TRUE(tail.read().empty()) << "it is not there yet";
    const auto write = [&](std::string_view bytes) { std::ofstream{log(), std::ios::app} << bytes; };
    write("listening on http://127.0.0.1:1\n2026-11-25T18:48:57.824 warning store: it ");
    auto lines = tail.read();
    ASSERT_EQ(lines.size(), 1u);
    EXPECT_EQ(lines[0].text, "listening on http://127.0.0.1:1");
    EXPECT_FALSE(lines[0].at);
    write("does not answer\n2026-11-25T18:48:58.001 info store: it is back\n");
    lines = tail.read();
    ASSERT_EQ(lines.size(), 2u);
    EXPECT_EQ(lines[0].text, "warning store: it does not answer");
    ASSERT_TRUE(lines[0].at && lines[1].at);
    EXPECT_EQ(*lines[1].at - *lines[0].at, 177ms);
    EXPECT_TRUE(tail.read().empty());
    write(std::string(200'000, 'x'));
    EXPECT_LE(tail.read().size(), 0u) << "a line without an end is passed over, not waited for";
    write("\n2026-11-25T18:48:59.000 info on\n");
    for (int i = 0; i < 5; ++i)
        for (auto& line : tail.read()) lines.push_back(line);
    EXPECT_EQ(lines.back().text, "info on");
}

}  // namespace
}  // namespace davenport::sim::process
