#include "node/core/clients/known_names.hpp"

#include "node/base/names.hpp"

#include <algorithm>

namespace davenport::node {
namespace {

constexpr std::size_t name_bytes_max = 4 * base::name_letters_max;

/// Calls `use` with each look, once.
template <class Use>
void each_look(std::string_view name, const Use& use) {
    const auto looks = base::looks_of(name);
    use(looks.as_written);
    if (looks.small != looks.as_written) use(looks.small);
}

}  // namespace

bool KnownNames::add(std::string_view name) {
    if (name.empty() || name.size() > name_bytes_max || contains(name)) return false;
    if (in_order_.size() == names_max) forget_first();
    names_.emplace(name, ++added_);
    in_order_.emplace_back(name);
    bool shared = false;
    each_look(name, [&](const std::string& look) {
        auto& names = by_look_[look];
        names.emplace_back(name);
        if (names.size() < 2) return;
        shared_.insert(look);
        shared = true;
    });
    return shared;
}

void KnownNames::forget_first() {
    const auto name = std::move(in_order_.front());
    in_order_.pop_front();
    names_.erase(name);
    each_look(name, [&](const std::string& look) {
        const auto found = by_look_.find(look);
        std::erase(found->second, name);
        if (found->second.size() < 2) shared_.erase(look);
        if (found->second.empty()) by_look_.erase(found);
    });
}

std::vector<std::string> KnownNames::alike(std::string_view name) const {
    std::vector<std::string> out;
    if (name.size() > name_bytes_max) return out;
    each_look(name, [&](const std::string& look) {
        if (const auto found = by_look_.find(look); found != by_look_.end())
            out.insert(out.end(), found->second.begin(), found->second.end());
    });
    const auto order = [&](const std::string& one) { return names_.find(one)->second; };
    std::ranges::sort(out, {}, order);
    out.erase(std::unique(out.begin(), out.end()), out.end());
    // Whoever comes last is told of, however many came before.
    if (out.size() > alike_max)
        out.erase(out.begin() + 1, out.end() - static_cast<std::ptrdiff_t>(alike_max - 1));
    return out;
}

std::vector<std::vector<std::string>> KnownNames::all_alike() const {
    std::set<std::vector<std::string>> out;
    for (const auto& look : shared_) out.insert(alike(by_look_.find(look)->second.back()));
    return {out.begin(), out.end()};
}

}  // namespace davenport::node
