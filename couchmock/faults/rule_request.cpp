#include "couchmock/faults/rule_request.hpp"

#include "node/base/json.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace davenport::couchmock {
namespace {

namespace json = boost::json;
using Trouble = std::string;

constexpr std::int64_t us_in_ms = 1'000;
constexpr std::int64_t parts_of_one = 1'000'000;

std::optional<double> as_number(const json::value& value) {
    if (value.is_int64()) return static_cast<double>(value.get_int64());
    if (value.is_uint64()) return static_cast<double>(value.get_uint64());
    if (value.is_double() && std::isfinite(value.get_double())) return value.get_double();
    return std::nullopt;
}

/// `value` in units of `scale` to one, rounded; nothing when it is no number within the bounds.
std::optional<std::int64_t> scaled(const json::value& value, std::int64_t scale, const FaultParameter& of) {
    const auto number = as_number(value);
    if (!number) return std::nullopt;
    const auto whole = std::round(*number * static_cast<double>(scale));
    if (whole < static_cast<double>(of.low) || whole > static_cast<double>(of.high)) return std::nullopt;
    return static_cast<std::int64_t>(whole);
}

std::optional<base::Parameter> read_value(const FaultParameter& parameter, const json::value& value) {
    switch (parameter.member.index()) {
        case 0:
            if (const auto number = as_number(value); !number || *number != std::floor(*number)) break;
            if (const auto number = scaled(value, 1, parameter)) return *number;
            break;
        case 1:
            if (const auto us = scaled(value, us_in_ms, parameter)) return base::Duration{*us};
            break;
        case 2:
            if (const auto millionths = scaled(value, parts_of_one, parameter))
                return base::Probability{*millionths};
            break;
        case 3:
            if (value.is_bool()) return value.get_bool();
            break;
        default:
            if (!value.is_string() || value.get_string().empty()) break;
            const std::string_view text{value.get_string()};
            if (parameter.choices.empty() ||
                std::ranges::find(parameter.choices, text) != parameter.choices.end())
                return std::string{text};
    }
    return std::nullopt;
}

/// A whole number of millionths (of microseconds in a millisecond: thousandths) as a decimal one.
std::string decimal(std::int64_t number, std::int64_t scale) {
    auto out = fmt::format("{}{}", number < 0 ? "-" : "", std::abs(number) / scale);
    auto rest = std::abs(number) % scale;
    if (rest != 0) out += '.';
    for (auto place = scale / 10; rest > 0; place /= 10) {
        out += static_cast<char>('0' + rest / place);
        rest %= place;
    }
    return out;
}

std::string members_of(const FaultKind& kind) {
    std::vector<std::string_view> names{"name"};
    if (kind.takes_match) names.emplace_back("match");
    for (const auto& parameter : kind.parameters) names.push_back(parameter.json);
    return fmt::format("{}", fmt::join(names, ", "));
}

/// `{"feed": "continuous"}`: names and globs of their values.
std::optional<Trouble> read_pairs(std::vector<std::pair<std::string, std::string>>& into,
                                  std::string_view name, const json::value& value) {
    const auto* object = value.if_object();
    const bool texts = object && !object->empty() && std::ranges::all_of(*object, [](const auto& pair) {
                           return pair.value().is_string();
                       });
    if (!texts)
        return fmt::format(
            "`{}` of `match` must be an object of names and texts, as in {{\"{}\": \"*\"}} (any "
            "value will do), not {}",
            name, name == "query" ? "feed" : "User-Agent", base::write_json(value));
    for (const auto& [key, wanted] : *object) into.emplace_back(key, wanted.get_string());
    return std::nullopt;
}

std::optional<Trouble> read_match(Match& match, const json::value& value) {
    constexpr std::string_view may =
        "method, path, database, document, client (texts), query, headers (objects of texts) and not_feed "
        "(true "
        "or false)";
    if (!value.is_object()) return fmt::format("`match` must be an object with some of {}", may);
    for (const auto& [key, wanted] : value.get_object()) {
        std::string* into = key == "method"     ? &match.method
                            : key == "path"     ? &match.path
                            : key == "database" ? &match.database
                            : key == "document" ? &match.document
                            : key == "client"   ? &match.client
                                                : nullptr;
        if (into && wanted.is_string())
            *into = wanted.get_string();
        else if (key == "not_feed" && wanted.is_bool())
            match.not_feed = wanted.get_bool();
        else if (key == "query" || key == "headers") {
            if (auto trouble = read_pairs(key == "query" ? match.query : match.headers, key, wanted))
                return trouble;
        } else
            return fmt::format("`match` cannot have `{}`: {}; it takes {}", std::string_view{key},
                               base::write_json(wanted), may);
    }
    return std::nullopt;
}

std::optional<Trouble> read_parameter(FaultParameters& into, const FaultKind& kind, std::string_view key,
                                      const json::value& value) {
    const auto* parameter = kind.find_json(key);
    if (!parameter) return fmt::format("{} takes no `{}`: it takes {}", kind.name, key, members_of(kind));
    const auto read = read_value(*parameter, value);
    if (!read)
        return fmt::format("`{}` of {} must be {}, not {}", key, kind.name, values_of(*parameter),
                           base::write_json(value));
    for (const auto& other : kind.parameters)
        if (!parameter->group.empty() && other.group == parameter->group && get_parameter(into, other))
            return fmt::format("`{}` and `{}` exclude each other: leave one of them out", other.json, key);
    set_parameter(into, *parameter, *read);
    return std::nullopt;
}

std::optional<Trouble> missing_in(const FaultParameters& given, const FaultKind& kind) {
    for (const auto& parameter : kind.parameters)
        if (parameter.required && !get_parameter(given, parameter))
            return fmt::format("{} needs `{}`, {}: {}", kind.name, parameter.json, values_of(parameter),
                               parameter.about);
    return std::nullopt;
}

}  // namespace

std::variant<FaultParameters, std::string> read_parameters(const FaultKind& kind,
                                                           const json::object& members) {
    FaultParameters out;
    for (const auto& [key, value] : members)
        if (auto trouble = read_parameter(out, kind, key, value)) return *std::move(trouble);
    if (auto trouble = missing_in(out, kind)) return *std::move(trouble);
    return out;
}

std::variant<RuleRequest, std::string> read_rule(const json::object& rule) {
    const auto* fault = rule.if_contains("fault");
    if (!fault || !fault->is_string()) return R"(a rule needs a `fault`, as in {"fault": "store.down"})";
    const auto* kind = find_fault(fault->get_string());
    if (!kind) {
        std::vector<std::string_view> names;
        for (const auto& known : fault_table()) names.push_back(known.name);
        return fmt::format("there is no fault `{}`; there are {}", std::string_view{fault->get_string()},
                           fmt::join(names, ", "));
    }
    RuleRequest out;
    out.fault = kind->fault;
    for (const auto& [key, value] : rule) {
        if (key == "fault") continue;
        if (key == "name") {
            if (!value.is_string() || value.get_string().empty())
                return fmt::format("`name` must be a text that is not empty, not {}",
                                   base::write_json(value));
            out.name = value.get_string();
            continue;
        }
        auto trouble = key == "match" && kind->takes_match
                           ? read_match(out.match, value)
                           : read_parameter(out.parameters, *kind, key, value);
        if (trouble) return *std::move(trouble);
    }
    if (auto trouble = missing_in(out.parameters, *kind)) return *std::move(trouble);
    return out;
}

std::string values_of(const FaultParameter& parameter) {
    switch (parameter.member.index()) {
        case 0:
            return fmt::format("a whole number, {} to {}", parameter.low, parameter.high);
        case 1:
            return fmt::format("a number of milliseconds, {} to {}", decimal(parameter.low, us_in_ms),
                               decimal(parameter.high, us_in_ms));
        case 2:
            return "a number above 0, at most 1";
        case 3:
            return "true or false";
        default:
            return parameter.choices.empty() ? "a text that is not empty"
                                             : fmt::format("one of {}", fmt::join(parameter.choices, ", "));
    }
}

void append_value(std::string& out, const base::Parameter& value) {
    if (const auto* number = std::get_if<std::int64_t>(&value))
        out += std::to_string(*number);
    else if (const auto* time = std::get_if<base::Duration>(&value))
        out += decimal(time->count(), us_in_ms);
    else if (const auto* chance = std::get_if<base::Probability>(&value))
        out += decimal(chance->millionths, parts_of_one);
    else if (const auto* flag = std::get_if<bool>(&value))
        out += *flag ? "true" : "false";
    else
        base::append_json_string(out, std::get<std::string>(value));
}

namespace {

void append_parameters(std::string& out, const FaultKind& kind, const FaultParameters& parameters) {
    for (const auto& parameter : kind.parameters) {
        const auto value = get_parameter(parameters, parameter);
        if (!value) continue;
        fmt::format_to(std::back_inserter(out), ",\"{}\":", parameter.json);
        append_value(out, *value);
    }
}

}  // namespace

void append_members(std::string& out, const RuleRequest& rule) {
    if (!rule.match.is_any()) {
        json::object match;
        const auto add = [&](std::string_view key, const std::string& value) {
            if (!value.empty()) match[key] = value;
        };
        add("method", rule.match.method);
        add("path", rule.match.path);
        add("database", rule.match.database);
        add("document", rule.match.document);
        add("client", rule.match.client);
        const auto add_pairs = [&](std::string_view key,
                                   const std::vector<std::pair<std::string, std::string>>& pairs) {
            if (pairs.empty()) return;
            json::object object;
            for (const auto& [name, wanted] : pairs) object[name] = wanted;
            match[key] = std::move(object);
        };
        add_pairs("query", rule.match.query);
        add_pairs("headers", rule.match.headers);
        if (rule.match.not_feed) match["not_feed"] = true;
        out += R"(,"match":)";
        base::append_json(out, match);
    }
    append_parameters(out, kind_of(rule.fault), rule.parameters);
}

std::string write_parameters(const FaultKind& kind, const FaultParameters& parameters) {
    std::string out;
    append_parameters(out, kind, parameters);
    if (out.empty()) return "{}";
    out.front() = '{';  // instead of the first comma
    return out + '}';
}

std::string write_rule(const RuleRequest& rule) {
    std::string out = "{";
    if (!rule.name.empty()) {
        out += R"("name":)";
        base::append_json_string(out, rule.name);
        out += ',';
    }
    fmt::format_to(std::back_inserter(out), R"("fault":"{}")", kind_of(rule.fault).name);
    append_members(out, rule);
    return out + '}';
}

}  // namespace davenport::couchmock
