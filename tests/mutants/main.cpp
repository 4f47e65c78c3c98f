#include "tests/mutants/hunt.hpp"
#include "tests/mutants/worse.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>

using namespace davenport;

int main(int argc, char** argv) {
    const auto is = [&](int i, const char* word) { return i < argc && std::strcmp(argv[i], word) == 0; };
    const auto shrunk_to = is(4, "--shrink") ? (argc > 5 ? std::strtoul(argv[5], nullptr, 10) : 5) : 0;
    if (argc >= 4 && is(1, "find")) return mutants::find(argv[2], argv[3], shrunk_to) ? 0 : 1;
    if (argc == 3 && is(1, "survive")) return mutants::survive(argv[2]) ? 0 : 1;
    if (argc == 4 && is(1, "worse")) return mutants::worse(argv[2], argv[3]) ? 0 : 1;
    std::fprintf(
        stderr,
        "usage: %s find SCENARIO PROPERTY [--shrink [EVENTS]] | survive SCENARIO | worse SCENARIO BASELINE\n",
        argv[0]);
    return 64;
}
