#include "sim/scenario/value.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace davenport::sim {

namespace {

struct Unit {
    std::string_view name;
    std::int64_t scale;
};

constexpr std::array<Unit, 6> time_units{
    {{"us", 1}, {"µs", 1}, {"ms", 1'000}, {"s", 1'000'000}, {"min", 60'000'000}, {"h", 3'600'000'000}}};
constexpr std::array<Unit, 6> byte_units{
    {{"B", 1}, {"KB", 1'000}, {"KiB", 1'024}, {"MB", 1'000'000}, {"MiB", 1'048'576}, {"GB", 1'000'000'000}}};
constexpr std::array<Unit, 6> bandwidth_units{{{"B/s", 1},
                                               {"KB/s", 1'000},
                                               {"KiB/s", 1'024},
                                               {"MB/s", 1'000'000},
                                               {"MiB/s", 1'048'576},
                                               {"GB/s", 1'000'000'000}}};
constexpr std::array<Unit, 1> percent_units{{{"%", 10'000}}};

/// Above this a number is a slip of the hand, and sums of a few still fit.
constexpr std::int64_t number_max = 1'000'000'000'000'000;

struct Decimal {
    std::int64_t whole = 0;
    std::int64_t fraction = 0;  ///< of a millionth
    std::string_view rest;      ///< what follows the digits
};

std::optional<Decimal> parse_decimal(std::string_view text) {
    Decimal out;
    std::size_t i = 0;
    for (; i < text.size() && text[i] >= '0' && text[i] <= '9'; ++i) {
        out.whole = out.whole * 10 + (text[i] - '0');
        if (out.whole > number_max) return std::nullopt;
    }
    if (i == 0) return std::nullopt;
    if (i + 1 < text.size() && text[i] == '.' && text[i + 1] >= '0' && text[i + 1] <= '9') {
        std::int64_t place = 100'000;
        for (++i; i < text.size() && text[i] >= '0' && text[i] <= '9'; ++i, place /= 10) {
            if (place == 0 && text[i] != '0') return std::nullopt;  // finer than anything here
            out.fraction += place * (text[i] - '0');
        }
    }
    while (i < text.size() && text[i] == ' ') ++i;
    out.rest = text.substr(i);
    return out;
}

/// What people write for a unit of the language; empty when nothing is known.
std::string_view meant_unit(std::string_view unit) {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 26> others{{
        {"m", "min"},         {"mins", "min"}, {"minute", "min"}, {"minutes", "min"}, {"sec", "s"},
        {"secs", "s"},        {"second", "s"}, {"seconds", "s"},  {"S", "s"},         {"msec", "ms"},
        {"millis", "ms"},     {"usec", "us"},  {"hour", "h"},     {"hours", "h"},     {"b", "B"},
        {"byte", "B"},        {"bytes", "B"},  {"k", "KB"},       {"kb", "KB"},       {"kB", "KB"},
        {"mb", "MB"},         {"M", "MB"},     {"/sec", "/s"},    {"/second", "/s"},  {"/m", "/min"},
        {"per second", "/s"},
    }};
    for (const auto& [other, ours] : others)
        if (other == unit) return ours;
    return {};
}

template <std::size_t N>
std::optional<std::int64_t> with_unit(std::string_view text, const std::array<Unit, N>& units, Type type,
                                      std::string& why) {
    const auto number = parse_decimal(text);
    if (!number) {
        why = text.starts_with('-') ? std::string{"cannot be negative"}
                                    : fmt::format("must be {}, as in {}", noun_of(type), example_of(type));
        return std::nullopt;
    }
    if (number->rest.empty()) {
        why = fmt::format("needs a unit: {}", example_of(type));
        return std::nullopt;
    }
    for (const auto& unit : units) {
        if (unit.name != number->rest) continue;
        if (number->whole > number_max / unit.scale) {
            why = "is too large";
            return std::nullopt;
        }
        return number->whole * unit.scale + number->fraction * unit.scale / 1'000'000;
    }
    std::vector<std::string_view> known;
    for (const auto& unit : units)
        if (unit.name != "µs") known.push_back(unit.name);
    const auto meant = meant_unit(number->rest);
    const bool is_here = std::ranges::find(known, meant) != known.end();
    why = fmt::format("has an unknown unit '{}': {}units are {}", number->rest,
                      is_here ? fmt::format("did you mean '{}'? ", meant) : "", fmt::join(known, ", "));
    return std::nullopt;
}

std::optional<std::int64_t> parse_count(std::string_view text, std::string& why) {
    const auto number = parse_decimal(text);
    if (number && number->rest.empty() && number->fraction == 0 && text.find('.') == std::string_view::npos)
        return number->whole;
    why = text.starts_with('-')             ? "cannot be negative"
          : number && !number->rest.empty() ? fmt::format("is a count and has no unit: {}", number->whole)
                                            : std::string{"must be a whole number"};
    return std::nullopt;
}

/// Messages in 1000 seconds.
std::optional<std::int64_t> parse_rate(std::string_view text, std::string& why) {
    constexpr std::array<Unit, 3> units{
        {{"/s", 1'000'000}, {"/min", 1'000'000 / 60}, {"/h", 1'000'000 / 3600}}};
    const auto number = parse_decimal(text);
    if (number && number->whole < 1'000'000'000) {
        const auto millionths = number->whole * 1'000'000 + number->fraction;
        if (number->rest == "/s") return millionths / 1'000;
        if (number->rest == "/min") return millionths / 60'000;
        if (number->rest == "/h") return millionths / 3'600'000;
    }
    return with_unit(text, units, Type::rate, why) ? (why = "is too large", std::nullopt) : std::nullopt;
}

std::optional<std::int64_t> parse_named(std::string_view text, char letter, Type type, std::string& why) {
    if (text.size() >= 2 && text.size() <= 7 && text[0] == letter && text[1] != '0') {
        const auto number = parse_decimal(text.substr(1));
        if (number && number->rest.empty() && number->fraction == 0) return number->whole;
    }
    why = fmt::format("must be {}, as in {}", noun_of(type), example_of(type));
    return std::nullopt;
}

/// Of a URL: "/chat", "/our/chat".
std::optional<std::int64_t> parse_path(std::string_view text, std::string& why) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view{"/-._~"}.find(c) != std::string_view::npos;
    };
    if (text.size() >= 2 && text.front() == '/' && text.back() != '/' && std::ranges::all_of(text, allowed) &&
        text.find("//") == std::string_view::npos)
        return 0;
    why = "must be a path that begins with '/' and does not end with one, as in /chat";
    return std::nullopt;
}

std::optional<std::int64_t> parse_one(Type type, std::string_view text, std::string& why) {
    switch (type) {
        case Type::count:
            return parse_count(text, why);
        case Type::time:
        case Type::time_range:
            return with_unit(text, time_units, type, why);
        case Type::offset: {
            const bool negative = text.starts_with('-');
            if (negative || text.starts_with('+')) text.remove_prefix(1);
            const auto number = with_unit(text, time_units, type, why);
            return number && negative ? std::optional{-*number} : number;
        }
        case Type::rate:
        case Type::rate_range:
            return parse_rate(text, why);
        case Type::bytes:
        case Type::bytes_range:
            return with_unit(text, byte_units, type, why);
        case Type::bandwidth:
            return with_unit(text, bandwidth_units, type, why);
        case Type::percent: {
            const auto number = with_unit(text, percent_units, type, why);
            if (number && *number > 1'000'000) {
                why = "is more than 100%";
                return std::nullopt;
            }
            return number;
        }
        case Type::flag:
            if (text == "true") return 1;
            if (text == "false") return 0;
            why = "must be true or false";
            return std::nullopt;
        case Type::node:
            return parse_named(text, 'n', type, why);
        case Type::client:
            return parse_named(text, 'c', type, why);
        case Type::store:
            return parse_named(text, 's', type, why);
        case Type::path:
            return parse_path(text, why);
        default:
            return 0;
    }
}

}  // namespace

std::optional<Value> parse_value(Type type, std::string_view text, std::string& why) {
    Value value;
    value.text = text;
    const auto dots = type == Type::time_range || type == Type::bytes_range || type == Type::rate_range
                          ? text.find("..")
                          : std::string_view::npos;
    if (dots == std::string_view::npos) {
        const auto number = parse_one(type, text, why);
        if (!number) return std::nullopt;
        value.low = value.high = *number;
        return value;
    }
    const auto low = parse_one(type, text.substr(0, dots), why);
    const auto high = low ? parse_one(type, text.substr(dots + 2), why) : std::nullopt;
    if (!low || !high) return std::nullopt;
    if (*low > *high && type != Type::rate_range) {
        why = "is a range whose lower end is above its upper end";
        return std::nullopt;
    }
    value.low = *low;
    value.high = *high;
    return value;
}

std::string_view example_of(Type type) {
    switch (type) {
        case Type::text:
            return "any text";
        case Type::name:
            return "outage";
        case Type::count:
            return "12";
        case Type::time:
            return "10s or 150ms";
        case Type::offset:
            return "-2s or 500ms";
        case Type::time_range:
            return "1ms..5ms or 2ms";
        case Type::rate:
            return "50/s or 30/min";
        case Type::rate_range:
            return "10/s..50/s or 50/s";
        case Type::bytes:
            return "64B or 2KB";
        case Type::bytes_range:
            return "16B..2KB or 64B";
        case Type::bandwidth:
            return "100KB/s";
        case Type::percent:
            return "30%";
        case Type::choice:
            return "one of the words listed";
        case Type::flag:
            return "true";
        case Type::node:
            return "n2";
        case Type::client:
            return "c5";
        case Type::store:
            return "s2";
        case Type::path:
            return "/chat";
        case Type::kind:
            return "store.down";
        case Type::kinds:
            return "[link.clog, client.slow]";
        case Type::condition:
            return "accepted >= 100";
        case Type::section:
            return "{ key: value }";
        case Type::list:
            return "a line for each, after '- '";
        case Type::map:
            return "{ n1: [c1..c3] }";
    }
    return "";
}

std::string_view noun_of(Type type) {
    switch (type) {
        case Type::text:
            return "a text";
        case Type::name:
            return "a name";
        case Type::count:
            return "a count";
        case Type::time:
            return "a time";
        case Type::offset:
            return "a time, perhaps negative";
        case Type::time_range:
            return "a time or a range of times";
        case Type::rate:
            return "a rate";
        case Type::rate_range:
            return "a rate or a range of rates";
        case Type::bytes:
            return "a size";
        case Type::bytes_range:
            return "a size or a range of sizes";
        case Type::bandwidth:
            return "a bandwidth";
        case Type::percent:
            return "a percentage";
        case Type::choice:
            return "a word";
        case Type::flag:
            return "true or false";
        case Type::node:
            return "a node";
        case Type::client:
            return "a client";
        case Type::store:
            return "a store";
        case Type::path:
            return "a path";
        case Type::kind:
            return "a fault";
        case Type::kinds:
            return "a list of faults";
        case Type::condition:
            return "a condition";
        case Type::section:
            return "a map";
        case Type::list:
            return "a list";
        case Type::map:
            return "a map";
    }
    return "";
}

namespace {

std::string decimal(std::int64_t number, std::int64_t scale) {
    const bool negative = number < 0;
    const auto size = negative ? -number : number;
    auto out = fmt::format("{}{}", negative ? "-" : "", size / scale);
    auto rest = size % scale;
    if (rest == 0) return out;
    out += '.';
    for (auto place = scale / 10; rest > 0; place /= 10) {
        out += static_cast<char>('0' + rest / place);
        rest %= place;
    }
    return out;
}

}  // namespace

std::string show_time(std::int64_t us) {
    if (us % 1'000 != 0 && us < 10'000) return fmt::format("{}us", us);
    if (us < 1'000'000 && us > -1'000'000) return as_ms(us) + "ms";
    return decimal(us, 1'000'000) + "s";
}

std::string as_ms(std::int64_t us) { return decimal(us, 1'000); }

std::string as_fraction(std::int64_t millionths) { return decimal(millionths, 1'000'000); }

}  // namespace davenport::sim
