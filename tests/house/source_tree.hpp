#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <string>
#include <vector>

/// The sources of the three programs, as the tests of the house read them.
namespace davenport::house {

struct Line {
    int number;
    std::string text;
};

struct SourceFile {
    std::string name;  ///< relative to the root: "node/core/chat_core.cpp"
    std::vector<Line> lines;
};

struct Include {
    std::string file;  ///< "node/core/chat_core.cpp"
    int line;
    std::string what;  ///< "node/base/http.hpp", or "chrono" for <chrono>
};

inline SourceFile read_source(const std::filesystem::path& root, const std::filesystem::path& file) {
    SourceFile found{file.string(), {}};
    std::ifstream in{root / file};
    for (std::string text; std::getline(in, text);)
        found.lines.push_back({static_cast<int>(found.lines.size()) + 1, text});
    return found;
}

/// All .hpp and .cpp files of node/, couchmock/, sim/ and reports/, sorted by name.
inline const std::vector<SourceFile>& sources() {
    static const auto all = [] {
        const std::filesystem::path root = DAVENPORT_SOURCE_DIR;
        std::vector<SourceFile> found;
        for (const auto* top : {"node", "couchmock", "sim", "reports"})
            for (const auto& entry : std::filesystem::recursive_directory_iterator(root / top))
                if (entry.path().extension() == ".cpp" || entry.path().extension() == ".hpp")
                    found.push_back(read_source(root, std::filesystem::relative(entry.path(), root)));
        std::ranges::sort(found, {}, &SourceFile::name);
        return found;
    }();
    return all;
}

inline std::vector<Include> includes_of(const SourceFile& file) {
    static const std::regex form{R"re(^\s*#\s*include\s*["<]([^">]+)[">])re"};
    std::vector<Include> found;
    for (const auto& line : file.lines)
        if (std::smatch match;  // std::regex is slow: look first whether it could match
            line.text.find("include") != std::string::npos && std::regex_search(line.text, match, form))
            found.push_back({file.name, line.number, match[1]});
    return found;
}

inline std::vector<Include> includes() {
    std::vector<Include> found;
    for (const auto& file : sources()) std::ranges::copy(includes_of(file), std::back_inserter(found));
    return found;
}

}  // namespace davenport::house
