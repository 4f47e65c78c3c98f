#include "sim/scenario/parameters.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace davenport::sim {

void set_canonical(Parameters& parameters, const language::Key& key, const Value& value) {
    auto& into = parameters[std::string{key.canonical}];
    switch (key.type) {
        case Type::time:
        case Type::offset:
            into = as_ms(value.low);
            break;
        case Type::percent:
            into = as_fraction(value.low);
            break;
        case Type::count:
        case Type::bytes:
        case Type::bandwidth:
            into = fmt::format("{}", value.low);
            break;
        default:
            into = value.text;
            break;
    }
}

const language::Key* find_canonical(const language::FaultKind& kind, std::string_view canonical) {
    const auto found = std::ranges::find(kind.parameters, canonical, &language::Key::canonical);
    return found == kind.parameters.end() ? nullptr : &*found;
}

Parameters complete(const language::FaultKind& kind, const Parameters& given) {
    Parameters out;
    const auto is_given = [&](const language::Key& key) {
        return given.contains(std::string{key.canonical});
    };
    for (const auto& key : kind.parameters) {
        if (is_given(key)) {
            out[std::string{key.canonical}] = given.at(std::string{key.canonical});
            continue;
        }
        if (key.default_value.empty()) continue;
        const bool rival_given =
            !key.group.empty() && std::ranges::any_of(kind.parameters, [&](const language::Key& rival) {
                return rival.group == key.group && is_given(rival);
            });
        std::string why;
        const auto value = key.type == Type::choice ? Value{std::string{key.default_value}, 0, 0}
                                                    : parse_value(key.type, key.default_value, why);
        if (!rival_given && value) set_canonical(out, key, *value);
    }
    return out;
}

std::string show_bound(Type type, std::int64_t bound) {
    switch (type) {
        case Type::time:
        case Type::time_range:
        case Type::offset:
            return show_time(bound);
        case Type::rate:
            return fmt::format("{}/s", as_ms(bound));
        case Type::bytes:
        case Type::bytes_range:
            return fmt::format("{}B", bound);
        case Type::bandwidth:
            return fmt::format("{}B/s", bound);
        case Type::percent:
            return fmt::format("{}%", as_fraction(bound * 100));
        default:
            return fmt::format("{}", bound);
    }
}

}  // namespace davenport::sim
