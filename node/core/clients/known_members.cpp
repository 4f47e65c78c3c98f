#include "node/core/clients/known_members.hpp"

#include "node/base/closest.hpp"
#include "node/base/json_view.hpp"
#include "node/base/text.hpp"

#include <algorithm>

namespace davenport::node {

bool read_text(const base::JsonView& object, std::string_view key, std::string& into) {
    const auto found = object.member(key);
    if (!found) return true;
    const auto text = found->string();
    if (text) into = *text;
    return text.has_value();
}

std::string unknown_member(const base::JsonView& object, const std::vector<std::string_view>& known) {
    std::string out;
    object.each_member([&](std::string_view key, const base::JsonView&) {
        if (!out.empty() || std::ranges::find(known, key) != known.end()) return;
        out = "there is no `" + base::one_printable_line(key.substr(0, 40)) + "` here";
        if (const auto meant = base::closest(key, known); !meant.empty())
            out += ": did you mean `" + meant + "`?";
    });
    return out;
}

}  // namespace davenport::node
