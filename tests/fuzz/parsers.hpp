#pragma once

#include <span>
#include <string_view>
#include <vector>

/// Every parser that strangers' bytes reach, each with what must hold whatever it is given. A crash or a
/// promise that does not hold ends the program.
namespace davenport::fuzz {

struct Parser {
    std::string_view name;
    /// Reads `bytes`. The first byte may say where they are cut: a parser that is fed piece by piece must
    /// give the same as of the whole.
    void (*read)(std::string_view bytes);
    std::vector<std::string_view> seeds;  ///< good input, which mutants are made of
};

std::span<const Parser> parsers();
/// nullptr when there is none.
const Parser* find_parser(std::string_view name);

}  // namespace davenport::fuzz
