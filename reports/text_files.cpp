#include "reports/text_files.hpp"

#include <fstream>

#include <fmt/format.h>

namespace davenport::reports {

std::string escape(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '&':
                out += "&amp;";
                break;
            case '"':
                out += "&quot;";
                break;
            case '|':
                out += "&#124;";
                break;
            default:
                out += c;
        }
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
