#include "reports/page_files.hpp"
#include "reports/reports.hpp"

#include <string_view>

namespace reports {
namespace {

std::string escape_html(std::string_view text) {
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
            default:
                out += c;
        }
    }
    return out;
}

/// JSON as a script element may bear it: no '<' can end the element or open a comment.
std::string escape_json(std::string_view json) {
    std::string out;
    out.reserve(json.size() + 64);
    for (const char c : json) c == '<' ? void(out += "\\u003c") : out.push_back(c);
    return out;
}

}  // namespace

std::string report_html(const std::string& title, const std::string& results) {
    std::string out;
    auto rest = page_html();
    for (;;) {
        const auto open = rest.find("{{");
        out += rest.substr(0, open);
        if (open == std::string_view::npos) return out;
        const auto close = rest.find("}}", open);
        const auto name = rest.substr(open + 2, close - open - 2);
        rest.remove_prefix(close + 2);
        if (name == "title") out += escape_html(title);
        if (name == "style") out += page_style();
        if (name == "script") out += page_script();
        if (name == "results") out += escape_json(results);
    }
}

}  // namespace reports
