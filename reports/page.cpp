#include "node/base/json.hpp"
#include "reports/compare.hpp"
#include "reports/page_files.hpp"
#include "reports/reports.hpp"
#include "reports/text_files.hpp"

#include <string_view>

namespace davenport::reports {
namespace {

/// JSON as a script element may bear it: no '<' can end the element or open a comment.
std::string escape_json(std::string_view json) {
    std::string out;
    out.reserve(json.size() + 64);
    for (const char c : json) c == '<' ? void(out += "\\u003c") : out.push_back(c);
    return out;
}

std::string fill_page(const std::string& title, const std::string& results, const std::string& other) {
    std::string out;
    auto rest = page_html();
    for (;;) {
        const auto open = rest.find("{{");
        out += rest.substr(0, open);
        if (open == std::string_view::npos) return out;
        const auto close = rest.find("}}", open);
        const auto name = rest.substr(open + 2, close - open - 2);
        rest.remove_prefix(close + 2);
        if (name == "title") out += escape(title);
        if (name == "style") out += page_style();
        if (name == "script") out += page_script();
        if (name == "results") out += escape_json(results);
        if (name == "other") out += escape_json(other);
    }
}

const char* word(Difference::Kind kind) {
    switch (kind) {
        case Difference::Kind::same:
            return "same";
        case Difference::Kind::better:
            return "better";
        case Difference::Kind::worse:
            return "worse";
        case Difference::Kind::changed:
            return "changed";
    }
    return "?";
}

}  // namespace

std::string report_html(const std::string& title, const std::string& results) {
    return fill_page(title, results, "null");
}

std::string comparison_html(const Comparison& comparison, const boost::json::value& before,
                            const boost::json::value& after) {
    base::json::array differences;
    for (const auto& one : comparison.differences)
        differences.push_back(base::json::object{{"kind", word(one.kind)},
                                                 {"what", one.what},
                                                 {"phase", one.phase},
                                                 {"before", one.before},
                                                 {"after", one.after},
                                                 {"by", one.by}});
    const base::json::object other{{"exact", comparison.exact},
                                   {"conclusion", conclusion(comparison)},
                                   {"good", comparison.exit_code() == 0},
                                   {"differences", std::move(differences)},
                                   {"before", before}};
    return fill_page(comparison.title, base::write_json(after), base::write_json(other));
}

}  // namespace davenport::reports
