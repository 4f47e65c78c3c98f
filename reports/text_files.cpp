#include "reports/text_files.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>

#include <fmt/format.h>

namespace davenport::reports {

std::string escape(std::string_view text) {
    static constexpr std::pair<char, std::string_view> references[] = {
        {'<', "&lt;"},   {'>', "&gt;"},   {'&', "&amp;"}, {'"', "&quot;"},
        {'|', "&#124;"}, {'\n', "&#10;"}, {'\t', "&#9;"}};
    std::string out;
    for (const char c : text) {
        const auto* found = std::ranges::find(references, c, &std::pair<char, std::string_view>::first);
        if (found != std::end(references))
            out += found->second;
        else
            out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
    }
    return out;
}

std::string write_files(const std::filesystem::path& dir,
                        const std::vector<std::pair<std::string, std::string>>& files) {
    for (const auto& [name, content] : files) {
        std::ofstream out{dir / name, std::ios::binary};
        out << content;
        out.flush();
        if (!out) return fmt::format("{}: error: cannot be written", (dir / name).string());
    }
    return {};
}

}  // namespace davenport::reports
