#include "sim/history/scenario_file.hpp"
#include "sim/program/commands.hpp"
#include "sim/scenario/reader.hpp"

#include <cstdio>

#include <fmt/format.h>

namespace davenport::sim::program {

int check(const Files& files) {
    int code = exit_pass;
    for (const auto& file : files) {
        const auto loaded = load_scenario(file);
        fmt::print(stderr, "{}", loaded.errors);
        if (loaded.scenario)
            fmt::print("{}: good\n", file.string());
        else
            code = exit_usage;
    }
    return code;
}

}  // namespace davenport::sim::program
