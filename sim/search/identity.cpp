#include "sim/search/identity.hpp"

#include "node/base/random.hpp"
#include "sim/search/scenario_text.hpp"

#include <fmt/format.h>

namespace davenport::sim::search {

std::string scenario_id(const Scenario& scenario) {
    auto plain = scenario;
    plain.name = plain.about = "";
    plain.seed = 0;
    auto text = scenario_text(plain, "");
    for (const auto& choice : scenario.choices) {
        text += choice.key;
        for (const auto& value : choice.of) text += fmt::format(" {}", value.text);
        text += '\n';
    }
    return fmt::format("{:016x}", base::fnv1a(text));
}

std::string experiment_id(const Scenario& scenario) {
    auto plain = scenario;
    plain.expect.clear();
    return scenario_id(plain);
}

}  // namespace davenport::sim::search
