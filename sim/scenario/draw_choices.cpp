#include "sim/scenario/draw_choices.hpp"

#include "node/base/random.hpp"
#include "sim/scenario/language.hpp"

namespace davenport::sim {

std::vector<std::pair<std::string, Value>> choices_of(const Scenario& scenario, std::uint64_t seed) {
    std::vector<std::pair<std::string, Value>> out;
    for (const auto& choice : scenario.choices) {
        // A stream for each key: another key's list changes nothing in what is drawn of this one. It bears
        // the key's first name, so that a seed still draws what it drew.
        const auto first_name = choice.key == "send_queue" ? std::string{"outbox"} : choice.key;
        auto random = base::Random::stream(seed, "choice of " + first_name);
        out.emplace_back(choice.key, choice.of[random.below(choice.of.size())]);
    }
    return out;
}

Scenario draw_choices(Scenario scenario, std::uint64_t seed) {
    language::Into into{.scenario = &scenario};
    for (const auto& [name, value] : choices_of(scenario, seed))
        for (const auto* section : {"topology", "load"})
            if (const auto* key = language::section(section).find(name); key && key->drawn)
                key->set(into, value);
    scenario.choices.clear();
    return scenario;
}

}  // namespace davenport::sim
