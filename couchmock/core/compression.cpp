#include "couchmock/core/compression.hpp"

#include "node/base/text.hpp"

#include <algorithm>

namespace davenport::couchmock {
namespace {

std::string_view trimmed(std::string_view text) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    return text;
}

}  // namespace

void Compression::set_types(std::string_view list) {
    types.clear();
    while (!list.empty()) {
        const auto comma = std::min(list.find(','), list.size());
        if (const auto type = trimmed(list.substr(0, comma)); !type.empty()) types.emplace_back(type);
        list.remove_prefix(std::min(comma + 1, list.size()));
    }
}

bool Compression::wants(std::string_view content_type) const {
    if (level == 0) return false;
    const auto type = trimmed(content_type.substr(0, content_type.find(';')));
    return std::ranges::any_of(types, [&](std::string_view wanted) {
        if (!wanted.ends_with('*')) return base::equal_ignoring_case(type, wanted);
        wanted.remove_suffix(1);
        return base::equal_ignoring_case(type.substr(0, wanted.size()), wanted);
    });
}

}  // namespace davenport::couchmock
