#include "node/base/random.hpp"
#include "tests/fuzz/parsers.hpp"
#include "tests/mutate.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include <fmt/format.h>
#include <unistd.h>

using namespace davenport;

namespace {

// Of the case under way, for who looks why it ended.
volatile std::uint64_t at = 0, of = 0;

void tell_case(int) {
    std::array<char, 80> line{};
    const auto end = fmt::format_to_n(line.data(), line.size(), "seed {}, case {}\n", std::uint64_t{of},
                                      std::uint64_t{at});
    [[maybe_unused]] const auto written =
        ::write(STDERR_FILENO, line.data(), std::min(end.size, line.size()));
}

}  // namespace

// Mutants of good input into one parser, for a while; and good input as files, for libFuzzer to begin with.
//
//     parsers_fuzz NAME SECONDS [SEED]
//     parsers_fuzz NAME --case SEED NUMBER
//     parsers_fuzz NAME --write FOLDER
//
// A promise that does not hold ends the program with an abort, after the seed and the number of the case,
// by which --case shows and reads it again.
int main(int argc, char** argv) {
    const auto* parser = argc >= 3 ? fuzz::find_parser(argv[1]) : nullptr;
    if (!parser) {
        fmt::print(stderr,
                   "usage: parsers_fuzz NAME SECONDS [SEED] | NAME --case SEED NUMBER | NAME --write FOLDER, "
                   "where NAME is one of");
        for (const auto& one : fuzz::parsers()) fmt::print(stderr, " {}", one.name);
        fmt::print(stderr, "\n");
        return 64;
    }
    if (std::string{argv[2]} == "--write") {
        if (argc != 4) return 64;
        for (std::size_t i = 0; i < parser->seeds.size(); ++i)
            std::ofstream{fmt::format("{}/{}", argv[3], i), std::ios::binary} << parser->seeds[i];
        return 0;
    }
    const auto make_case = [&](std::uint64_t seed, std::uint64_t number) {
        base::Random random{seed * 1'000'003 + number};
        return base::mutate(std::string{parser->seeds[random.below(parser->seeds.size())]}, random);
    };
    if (std::string{argv[2]} == "--case") {
        if (argc != 5) return 64;
        const auto bytes =
            make_case(std::strtoull(argv[3], nullptr, 10), std::strtoull(argv[4], nullptr, 10));
        for (const char c : bytes)
            c >= ' ' && c <= '~' ? fmt::print("{}", c)
                                 : fmt::print("\\x{:02x}", static_cast<unsigned char>(c));
        fmt::print("\n");
        std::fflush(stdout);
        parser->read(bytes);
        return 0;
    }
    using Clock = std::chrono::steady_clock;
    const auto end = Clock::now() + std::chrono::milliseconds{static_cast<long>(1000 * std::atof(argv[2]))};
    const auto seed = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : std::uint64_t{1};
    std::uint64_t number = 0;
    for (const auto good : parser->seeds) parser->read(good);
    of = seed;
    std::signal(SIGABRT, tell_case);
    for (; Clock::now() < end; ++number) {
        at = number;
        parser->read(make_case(seed, number));
    }
    fmt::print("{}: {} cases, seed {}\n", parser->name, number, seed);
    return 0;
}
