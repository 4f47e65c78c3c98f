#include "tests/fuzz/parsers.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

// The same under libFuzzer, which looks for input that reaches new code: DAVENPORT_PARSER names the parser.
// The names are libFuzzer's.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const auto* parser = [] {
        const char* name = std::getenv("DAVENPORT_PARSER");
        const auto* found = name ? davenport::fuzz::find_parser(name) : nullptr;
        if (!found) {
            std::fputs("DAVENPORT_PARSER must name a parser: parsers_fuzz lists them\n", stderr);
            std::exit(64);
        }
        return found;
    }();
    parser->read({reinterpret_cast<const char*>(data), size});
    return 0;
}
