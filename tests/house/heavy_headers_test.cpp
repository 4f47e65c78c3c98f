#include "tests/house/source_tree.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace davenport::house {

/// A header of a large library costs each unit that sees it 1 to 30 s of CPU. Counts the units that do,
/// through our own headers too: `./dev run` has to compile all three programs while somebody waits.
namespace {

struct Heavy {
    std::string beginning;  ///< of the included path
    std::size_t units_max;  ///< so many .cpp files may see it
    std::string instead;
};

const std::vector<Heavy>& heavy_headers() {
    static const std::vector<Heavy> table{
        {"boost/beast", 4, "speak HTTP and WebSocket through node/net/wire and sim/process/transport.hpp"},
        {"boost/asio/ssl", 2, "include node/net/wire/byte_stream.hpp or tls_server.hpp"},
        {"boost/asio", 34, "return an effect, or hide the socket in a .cpp file"},
        {"simdjson.h", 72,
         "declare `class JsonView;` in a header, and include json_view.hpp in the .cpp file"},
        {"CLI/", 6, "read the command line in main.cpp and node/program/*options.cpp"},
        {"spdlog", 5, "return a Log effect"},
        {"yaml-cpp", 4, "include sim/scenario/yaml_tree.hpp"},
        {"prometheus", 2, "include node/net/metrics.hpp"},
    };
    return table;
}

using IncludesOf = std::map<std::string, std::vector<Include>>;

/// All that `file` includes, at any depth.
void collect(const IncludesOf& all, const std::string& file, std::set<std::string>& seen) {
    const auto found = all.find(file);
    if (found == all.end()) return;
    for (const auto& include : found->second)
        if (seen.insert(include.what).second) collect(all, include.what, seen);
}

TEST(HeavyHeaders, AreSeenByFewUnits) {
    IncludesOf all;
    for (const auto& include : includes()) all[include.file].push_back(include);
    std::map<std::string, std::vector<std::string>> units;
    for (const auto& file : sources()) {
        if (!file.name.ends_with(".cpp")) continue;
        std::set<std::string> seen;
        collect(all, file.name, seen);
        for (const auto& heavy : heavy_headers())
            if (std::ranges::any_of(seen,
                                    [&](const auto& what) { return what.starts_with(heavy.beginning); }))
                units[heavy.beginning].push_back(file.name);
    }
    for (const auto& heavy : heavy_headers()) {
        const auto& who = units[heavy.beginning];
        EXPECT_FALSE(who.empty()) << heavy.beginning << " is seen by nobody: take it off the list";
        EXPECT_LE(who.size(), heavy.units_max)
            << heavy.beginning << " is seen by too many units; " << heavy.instead << ". They are "
            << ::testing::PrintToString(who);
    }
}

}  // namespace

}  // namespace davenport::house
