#include "sim/scenario/reference.hpp"

#include "sim/program/commands.hpp"

#include <cstdio>

#include <fmt/format.h>

namespace davenport::sim::program {

int print_schema() {
    fmt::print("{}", json_schema());
    return exit_pass;
}

int explain(const std::string& key) {
    const auto text = reference(key);
    if (!text.empty()) {
        fmt::print("{}", text);
        return exit_pass;
    }
    const auto hint = closest(key, explained());
    fmt::print(
        stderr, "chatsim: nothing is called '{}'{}\n", key,
        hint.empty() ? "; 'chatsim explain' prints everything" : fmt::format("; did you mean '{}'?", hint));
    return exit_usage;
}

}  // namespace davenport::sim::program
