#include "sim/history/scenario_file.hpp"

#include "sim/scenario/reader.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include <fmt/format.h>

namespace davenport::sim {

LoadedScenario load_scenario(const std::filesystem::path& file) {
    const auto name = file.string();
    std::error_code error;
    std::ifstream in{file, std::ios::binary};
    if (!in || std::filesystem::is_directory(file, error))
        return {std::nullopt, fmt::format("{}: error: cannot be read: {}\n", name,
                                          in ? "it is a folder" : std::strerror(errno))};
    const std::string text{std::istreambuf_iterator<char>{in}, {}};
    auto reading = read_scenario(text, name);
    return {std::move(reading.scenario), render(std::move(reading.problems), name, text)};
}

}  // namespace davenport::sim
