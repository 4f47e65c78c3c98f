#include "node/base/mark.hpp"

#include <algorithm>
#include <utility>

namespace davenport::base {

namespace {

std::vector<std::string>& registered() {
    static std::vector<std::string> names;
    return names;
}

}  // namespace

Mark::Mark(const char* name) {
    auto& names = registered();
    const auto found = std::ranges::find(names, name);
    number_ = static_cast<std::size_t>(found - names.begin());
    if (found == names.end()) names.emplace_back(name);
}

const std::vector<std::string>& Mark::names() { return registered(); }

MarkListener* Mark::listen(MarkListener* listener) { return std::exchange(listener_, listener); }

}  // namespace davenport::base
