#include "sim/scenario/parameters.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace davenport::sim {

base::Parameter typed(const language::Key& key, const Value& value) {
    switch (key.type) {
        case Type::time:
        case Type::offset:
            return Duration{value.low};
        case Type::percent:
            return base::Probability{value.low};
        case Type::count:
        case Type::bytes:
        case Type::bandwidth:
            return value.low;
        case Type::flag:
            return value.low != 0;
        default:
            return value.text;
    }
}

bool is_of_type(const language::Key& key, const base::Parameter& value) {
    return typed(key, {}).index() == value.index();
}

std::string written(const language::Key& key, const base::Parameter& value) {
    if (const auto* time = std::get_if<Duration>(&value)) return as_ms(time->count()) + "ms";
    if (const auto* chance = std::get_if<base::Probability>(&value))
        return as_fraction(chance->millionths * 100) + "%";
    if (const auto* number = std::get_if<std::int64_t>(&value))
        return fmt::format("{}{}", *number,
                           key.type == Type::bytes       ? "B"
                           : key.type == Type::bandwidth ? "B/s"
                                                         : "");
    if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
    const auto* text = std::get_if<std::string>(&value);
    return text ? *text : std::string{};
}

std::optional<base::Parameter> default_of(const language::Key& key) {
    if (key.default_value.empty()) return std::nullopt;
    std::string why;
    const auto value = key.type == Type::choice ? Value{std::string{key.default_value}, 0, 0}
                                                : parse_value(key.type, key.default_value, why);
    return value ? std::optional{typed(key, *value)} : std::nullopt;
}

Parameters complete(const language::FaultKind& kind, const Parameters& given) {
    Parameters out;
    for (const auto& key : kind.parameters) {
        if (const auto found = given.find(key.name); found != given.end()) {
            out.insert(*found);
            continue;
        }
        const bool rival_given =
            !key.group.empty() && std::ranges::any_of(kind.parameters, [&](const language::Key& rival) {
                return rival.group == key.group && given.contains(rival.name);
            });
        const auto value = default_of(key);
        if (!rival_given && value) out.emplace(key.name, *value);
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
        case Type::rate_range:
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

std::size_t store_number(std::string_view name) {
    std::string why;
    const auto number = parse_value(Type::store, name, why);
    return number ? static_cast<std::size_t>(number->low - 1) : 0;
}

}  // namespace davenport::sim
