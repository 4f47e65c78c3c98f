#include "tests/house/source_tree.hpp"

#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace davenport::house {

/// Reads the #include lines of the whole house: arrows point down only, and cores touch neither sockets,
/// clocks nor threads.
namespace {

/// The room that a file lies in; the longest name that fits.
std::string room_of(const std::string& file) {
    static const std::vector<std::string> rooms{"couchmock/faults/fault_table",
                                                "couchmock/faults/rule_request",
                                                "node/base",
                                                "node/core",
                                                "node/net/wire",
                                                "node/net",
                                                "node/program",
                                                "node/main.cpp",
                                                "couchmock/javascript",
                                                "couchmock/core",
                                                "couchmock/faults",
                                                "couchmock/mock",
                                                "couchmock/net",
                                                "couchmock/main.cpp",
                                                "couchmock/embed",
                                                "sim/scenario",
                                                "sim/record",
                                                "sim/history",
                                                "sim/checker",
                                                "sim/client",
                                                "sim/orchestrator",
                                                "sim/virtual",
                                                "sim/process",
                                                "sim/search",
                                                "sim/program",
                                                "sim/world.hpp",
                                                "reports"};
    for (const auto& room : rooms)
        if (file.starts_with(room)) return room;
    return "";
}

/// What each room may look into, beside itself.
const std::map<std::string, std::set<std::string>>& allowed() {
    static const std::map<std::string, std::set<std::string>> table{
        {"node/base", {}},
        {"node/core", {"node/base"}},
        {"node/net/wire", {"node/base"}},
        {"node/net", {"node/base", "node/core", "node/net/wire"}},
        {"node/program", {"node/base", "node/core", "node/net", "node/net/wire"}},
        {"node/main.cpp", {"node/base", "node/core", "node/net", "node/net/wire", "node/program"}},
        {"couchmock/javascript", {"node/base"}},
        {"couchmock/core", {"node/base", "couchmock/javascript"}},
        // The table of faults and what a rule may say are vocabulary, shared with the harness.
        {"couchmock/faults/fault_table", {"node/base"}},
        {"couchmock/faults/rule_request", {"node/base", "couchmock/faults/fault_table"}},
        {"couchmock/faults",
         {"node/base", "couchmock/core", "couchmock/faults/fault_table", "couchmock/faults/rule_request"}},
        {"couchmock/mock", {"node/base", "couchmock/core", "couchmock/faults"}},
        {"couchmock/net",
         {"node/base", "node/net/wire", "couchmock/core", "couchmock/faults", "couchmock/mock"}},
        {"couchmock/embed",
         {"node/base", "node/net/wire", "couchmock/core", "couchmock/faults", "couchmock/mock",
          "couchmock/net"}},
        {"couchmock/main.cpp",
         {"node/base", "node/net/wire", "couchmock/core", "couchmock/faults", "couchmock/mock",
          "couchmock/net"}},
        {"sim/record", {"node/base"}},
        {"sim/scenario", {"node/base", "couchmock/faults/fault_table", "sim/record"}},
        {"sim/history", {"node/base", "sim/record", "sim/scenario"}},
        {"sim/checker", {"node/base", "sim/record", "sim/scenario"}},
        {"sim/client", {"node/base", "sim/record"}},
        {"sim/orchestrator",
         {"node/base", "couchmock/faults/fault_table", "couchmock/faults/rule_request", "sim/record",
          "sim/scenario", "sim/client"}},
        {"sim/world.hpp", {"node/base", "sim/record", "sim/scenario"}},
        {"sim/virtual",
         {"node/base", "node/core", "couchmock/core", "couchmock/mock", "sim/record", "sim/scenario",
          "sim/client", "sim/orchestrator", "sim/world.hpp"}},
        {"sim/process",
         {"node/base", "sim/record", "sim/scenario", "sim/client", "sim/orchestrator", "sim/world.hpp"}},
        {"sim/search", {"node/base", "sim/record", "sim/scenario", "sim/checker", "sim/world.hpp"}},
        {"sim/program",
         {"node/base", "sim/record", "sim/scenario", "sim/history", "sim/checker", "sim/search",
          "sim/world.hpp", "reports"}},
        {"reports", {"node/base", "sim/record", "sim/scenario", "sim/checker"}},
    };
    return table;
}

bool has_no_io(const std::string& room) {
    static const std::set<std::string> quiet{"couchmock/faults/fault_table",
                                             "couchmock/faults/rule_request",
                                             "node/base",
                                             "node/core",
                                             "couchmock/core",
                                             "couchmock/faults",
                                             "couchmock/mock",
                                             "sim/record",
                                             "sim/scenario",
                                             "sim/checker",
                                             "sim/client",
                                             "sim/orchestrator",
                                             "sim/virtual"};
    return quiet.contains(room);
}

TEST(Layers, EveryFileLiesInAKnownRoom) {
    for (const auto& file : sources())
        EXPECT_NE(room_of(file.name), "")
            << file.name << ": no room has this path; name the room in room_of() and allowed()";
}

TEST(Layers, ArrowsPointDownOnly) {
    for (const auto& include : includes()) {
        const auto from = room_of(include.file);
        const auto to = room_of(include.what);
        if (to.empty() || to == from || from.empty()) continue;
        const auto& may = allowed().at(from);
        EXPECT_TRUE(may.contains(to))
            << include.file << ':' << include.line << ": " << from << " must not include " << include.what
            << ": move what is needed below both rooms (node/base), or pass it in; " << from
            << " may include " << ::testing::PrintToString(may);
    }
}

TEST(Layers, CoresTouchNeitherSocketsNorThreadsNorFiles) {
    static const std::vector<std::string> forbidden{"boost/asio", "boost/beast", "thread",    "mutex",
                                                    "future",     "random",      "fstream",   "sys/",
                                                    "unistd.h",   "filesystem",  "sqlite3.h", "spdlog"};
    for (const auto& include : includes()) {
        if (!has_no_io(room_of(include.file))) continue;
        for (const auto& prefix : forbidden) {
            const bool bad = prefix.ends_with('/') || prefix.starts_with("boost")
                                 ? include.what.starts_with(prefix)
                                 : include.what == prefix;
            EXPECT_FALSE(bad) << include.file << ':' << include.line << ": a core must not include "
                              << include.what << ": return an effect, and let the shell perform it";
        }
    }
}

TEST(Layers, OnlyShellsAndProgramsReadAClock) {
    static const std::regex clock{
        R"((steady_clock|system_clock|high_resolution_clock)::now|random_device|\bgetenv\b|\btime\(nullptr\))"};
    for (const auto& file : sources()) {
        if (!has_no_io(room_of(file.name))) continue;
        for (const auto& line : file.lines)
            EXPECT_FALSE(std::regex_search(line.text, clock))
                << file.name << ':' << line.number
                << ": a core is told the time (base::Now) and draws from a seed; it reads neither itself: "
                << line.text;
    }
}

TEST(Layers, TheShellSeesNoMoreOfTheCoreThanItsFacade) {
    // What is done to a chat from outside is for the program that does it.
    static const std::set<std::string> facade{
        "node/core/admin/ban_change.hpp", "node/core/admin/document_change.hpp",
        "node/core/admin/people.hpp",     "node/core/admin/room_change.hpp",
        "node/core/chat_core.hpp",        "node/core/config.hpp",
        "node/core/erasure.hpp",          "node/core/stream_erasure.hpp",
        "node/core/events.hpp",           "node/core/node_counts.hpp"};
    for (const auto& include : includes()) {
        const auto from = room_of(include.file);
        if (from != "node/net" && from != "node/program" && from != "node/main.cpp") continue;
        if (!include.what.starts_with("node/core/")) continue;
        EXPECT_TRUE(facade.contains(include.what))
            << include.file << ':' << include.line << ": " << include.what << " is not for a shell";
    }
}

TEST(Layers, HeavyHeadersStayInOneFile) {
    static const std::map<std::string, std::string> owner{
        {"boost/beast", "node/net/wire/http_codec.cpp"},
        {"boost/asio/ssl/impl", "node/net/wire/asio.cpp"},  // compiled once, for everybody
        {"boost/asio/ssl.hpp", "node/net/wire/tls_stream.cpp"},
    };
    for (const auto& include : includes()) {
        if (!include.file.starts_with("node/")) continue;
        for (const auto& [header, file] : owner) {
            if (!include.what.starts_with(header)) continue;
            EXPECT_EQ(include.file, file) << include.line << ": " << include.what << " belongs there alone";
        }
    }
}

TEST(Layers, TheTestSeesIncludes) {  // a test that reads nothing would pass everything
    EXPECT_GT(includes().size(), 100u);
}

}  // namespace

}  // namespace davenport::house
