#include "sim/checker/phases.hpp"

#include <algorithm>

namespace davenport::sim::checker {

std::string_view family_of(std::string_view fault_name) { return fault_name.substr(0, fault_name.find('#')); }

std::optional<Phase> phase_named(const Facts& facts, std::string_view text) {
    Phase phase{std::string{text}, {}};
    if (text.empty()) {
        phase.spans.push_back({0, facts.end_us});
        return phase;
    }
    const auto space = text.find(' ');
    if (space == std::string_view::npos) return {};
    const auto when = text.substr(0, space);
    const auto name = text.substr(space + 1);
    std::vector<Span> during;
    for (const auto& fault : facts.faults)
        if (fault.name == name || family_of(fault.name) == name)
            during.push_back({fault.on_us, fault.off_us});
    if (during.empty()) return {};
    const auto first = std::ranges::min(during, {}, &Span::from_us).from_us;
    const auto last = std::ranges::max(during, {}, &Span::to_us).to_us;
    if (when == "before") {
        phase.spans.push_back({0, first - 1});
    } else if (when == "during") {
        phase.spans = std::move(during);
    } else if (when == "after") {
        phase.spans.push_back({last + 1, facts.end_us});
    } else {
        return {};
    }
    return phase;
}

std::vector<Phase> all_phases(const Facts& facts, std::size_t families_max) {
    std::vector<Phase> phases{*phase_named(facts, "")};
    std::vector<std::string_view> families;
    for (const auto& fault : facts.faults) {
        const auto family = family_of(fault.name);
        if (families.size() < families_max && std::ranges::find(families, family) == families.end())
            families.push_back(family);
    }
    for (const auto family : families)
        for (const char* when : {"before ", "during ", "after "})
            phases.push_back(*phase_named(facts, when + std::string{family}));
    return phases;
}

}  // namespace davenport::sim::checker
