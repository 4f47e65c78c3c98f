#include "sim/scenario/expression.hpp"

#include "sim/scenario/language.hpp"
#include "sim/scenario/tokens.hpp"
#include "sim/scenario/value.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace davenport::sim {

namespace {

using language::names;

bool is_relation(std::string_view text) {
    return text == "<" || text == "<=" || text == ">" || text == ">=" || text == "==";
}

bool is_name(std::string_view word) {
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    return !word.empty() && letter(word.front());
}

std::optional<Duration> read_time(Tokens& tokens) {
    const auto token = tokens.take();
    std::string why;
    if (token.text.empty()) {
        tokens.complain(token, "a time is missing", "as in 5s or 50ms");
        return std::nullopt;
    }
    const auto value = parse_value(Type::time, token.text, why);
    if (!value) {
        tokens.complain(token, fmt::format("'{}' {}", token.text, why));
        return std::nullopt;
    }
    return Duration{value->low};
}

std::optional<Duration> read_count(Tokens& tokens) {
    const auto token = tokens.take();
    std::string why;
    const auto value = parse_value(Type::count, token.text, why);
    if (!value)
        tokens.complain(token,
                        token.text.empty() ? "a number is missing" : fmt::format("'{}' {}", token.text, why));
    return value ? std::optional{Duration{value->low}}
                 : std::nullopt;  // a bare number; the unit does not matter here
}

/// "200MB", and "200 MB".
std::optional<Duration> read_bytes(Tokens& tokens) {
    const auto token = tokens.take();
    if (token.text.empty()) {
        tokens.complain(token, "a number of bytes is missing", "as in 200 MB");
        return std::nullopt;
    }
    auto text = std::string{token.text};
    if (is_name(tokens.now().text) && tokens.now().text != "abort_on_fail") text += tokens.take().text;
    std::string why;
    const auto value = parse_value(Type::bytes, text, why);
    if (!value) tokens.complain(token, fmt::format("'{}' {}", text, why));
    return value ? std::optional{Duration{value->low}}
                 : std::nullopt;  // a bare number; the unit does not matter here
}

/// What a threshold is a number of.
enum class Of { time, count, bytes };

/// `< 5s` and nothing behind it; of a count `< 100`, of memory `< 200 MB`.
bool read_threshold(Tokens& tokens, Expectation& expectation, Of of = Of::time) {
    const auto relation = tokens.take();
    if (!is_relation(relation.text)) {
        tokens.complain(relation,
                        relation.text.empty() ? "a threshold is missing"
                                              : fmt::format("'{}' is no relation", relation.text),
                        fmt::format("as in < {}; relations are < <= > >= ==", of == Of::count   ? "100"
                                                                              : of == Of::bytes ? "200 MB"
                                                                                                : "50ms"));
        return false;
    }
    expectation.relation = relation.text;
    const auto value = of == Of::count   ? read_count(tokens)
                       : of == Of::bytes ? read_bytes(tokens)
                                         : read_time(tokens);
    if (!value) return false;
    expectation.value = static_cast<double>(value->count());
    if (const auto word = tokens.now(); tokens.take_if("abort_on_fail")) {
        expectation.abort_on_fail = true;
        const auto& figure = expectation.property;
        if (!relation.text.starts_with('<') || figure.starts_with("recovery") ||
            figure.starts_with("undelivered")) {
            tokens.complain(word, "what is not broken for good before the end cannot end the run",
                            "it stands behind pNN, max, mean and count with < or <=: p99(delivery) < 250ms "
                            "abort_on_fail");
            return false;
        }
    }
    if (!tokens.at_end()) {
        tokens.complain(tokens.now(), fmt::format("'{}' after the end of the expectation", tokens.now().text),
                        "a phase stands before the relation: p99(local_echo) during outage < 50ms");
        return false;
    }
    return true;
}

/// `recovery of outage < 5s`, the first word taken.
bool read_recovery(Tokens& tokens, Expectation& expectation) {
    if (!tokens.take_if("of") || !is_name(tokens.now().text)) {
        tokens.complain(tokens.now(), "'recovery' needs a fault's name", "as in recovery of outage < 5s");
        return false;
    }
    expectation.name_location = tokens.place();
    expectation.property = fmt::format("recovery of {}", tokens.take().text);
    if (tokens.take_if("stable")) {
        expectation.stable = read_time(tokens);
        if (!expectation.stable) return false;
    }
    return read_threshold(tokens, expectation);
}

/// What a process holds: resident memory, and what waits for a client.
bool is_of_bytes(std::string_view figure) { return figure == "memory" || figure == "queued"; }

/// What stands before the parenthesis and what within; false, and a problem, when they do not go together.
bool read_figure_of(const Token& function, const Token& of, Tokens& tokens, Of& unit) {
    auto functions = names(language::quantiles());
    functions.insert(functions.end(), {"p999", "count", "undelivered"});
    auto all = names(language::metrics());
    all.insert(all.end(), {"sends", "requests", "backlog", "memory", "queued"});
    bool good = true;
    if (!contains(functions, function.text)) {
        // No did-you-mean: p98 is near p90, and not what it means.
        tokens.complain(function, fmt::format("'{}' is no quantile", function.text),
                        fmt::format("known here: {}", fmt::join(functions, ", ")));
        good = false;
    }
    if (!contains(all, of.text)) {
        tokens.complain(of,
                        of.text.empty() ? "a metric is missing" : fmt::format("unknown metric '{}'", of.text),
                        suggest(of.text, all));
        good = false;
    }
    const bool counted = of.text == "sends" || of.text == "requests";
    const auto meant = contains(all, of.text) ? std::string{of.text} : closest(of.text, all);
    const bool is_count = meant == "sends" || meant == "requests" || meant == "backlog" ||
                          function.text == "count" || function.text == "undelivered";
    unit = is_of_bytes(meant) ? Of::bytes : is_count ? Of::count : Of::time;
    if (!good) return false;
    const auto only = counted ? "count" : of.text == "backlog" || is_of_bytes(of.text) ? "max" : "";
    if (only[0] == '\0' || function.text == only) return true;
    tokens.complain(function, fmt::format("{} has no {}", of.text, function.text),
                    fmt::format("{}({}) is what there is", only, of.text));
    return false;
}

/// A node's, room's or client's name, of which `letters` may be the first.
bool is_place(std::string_view text, std::string_view letters) {
    std::string why;
    auto as_node = std::string{text};
    if (text.empty() || letters.find(text.front()) == std::string_view::npos) return false;
    as_node[0] = 'n';
    return parse_value(Type::node, as_node, why).has_value();
}

constexpr std::string_view places_example =
    "as in p99(delivery, n2), p99(delivery, r1), p99(shown, from n1, except c3), p99(shown, poller)";

/// `, n2`, `, r1`, `, from n1`, ...: which samples, one behind the other.
bool read_places(Tokens& tokens, std::string& places) {
    while (tokens.take_if(",")) {
        const auto word = tokens.take();
        const bool has_name = word.text == "from" || word.text == "to" || word.text == "except";
        if (!has_name && word.text != "poller" && !is_place(word.text, "nr")) {
            auto hint = is_place(word.text, "c")
                            ? fmt::format("say whether `from {0}`, `to {0}` or `except {0}`", word.text)
                            : std::string{places_example};
            tokens.complain(word, fmt::format("'{}' is neither a node nor a room", word.text),
                            std::move(hint));
            return false;
        }
        places += fmt::format(", {}", word.text);
        if (!has_name) continue;
        const auto name = tokens.take();
        if (!is_place(name.text, "nc")) {
            tokens.complain(name, fmt::format("'{}' is neither a node nor a client", name.text),
                            fmt::format("as in {0} n1 or {0} c3", word.text));
            return false;
        }
        places += fmt::format(" {}", name.text);
    }
    return true;
}

/// `during outage`, if anything stands before the relation.
bool read_phase(Tokens& tokens, Expectation& expectation) {
    if (tokens.at_end() || is_relation(tokens.now().text)) return true;
    const auto phase = tokens.take();
    if (!contains(names(language::phases()), phase.text)) {
        tokens.complain(phase, fmt::format("'{}' is no phase", phase.text),
                        suggest(phase.text, names(language::phases())));
        return false;
    }
    if (!is_name(tokens.now().text)) {
        tokens.complain(tokens.now(), fmt::format("'{}' needs a fault's name", phase.text),
                        "as in during outage");
        return false;
    }
    expectation.name_location = tokens.place();
    expectation.phase = fmt::format("{} {}", phase.text, tokens.take().text);
    return true;
}

/// `memory(n1) < 200 MB`, `queued(c3) < 1 MB` or `queued < 4 MB`, the first word taken: what max(memory, n1),
/// max(queued, to c3) and max(queued) say, too.
bool read_bytes_figure(std::string_view figure, Tokens& tokens, Expectation& expectation) {
    expectation.property = fmt::format("max({})", figure);
    if (tokens.take_if("(")) {
        expectation.name_location = tokens.place();
        const auto place = tokens.take();
        const bool is_client = figure == "queued" && is_place(place.text, "c");
        if (!(is_client || is_place(place.text, "n")) || !tokens.take_if(")")) {
            tokens.complain(
                place,
                fmt::format("'{}' is no {}", place.text, figure == "queued" ? "node and no client" : "node"),
                figure == "queued" ? "as in queued(c3) < 1 MB, or max(queued) < 1 MB of all"
                                   : "as in memory(n1) < 200 MB, or max(memory) < 200 MB of all nodes");
            return false;
        }
        expectation.property = fmt::format("max({}, {}{})", figure, is_client ? "to " : "", place.text);
    }
    return read_phase(tokens, expectation) && read_threshold(tokens, expectation, Of::bytes);
}

/// `p99(local_echo) during outage < 50ms`, the first word taken.
bool read_figure(const Token& function, Tokens& tokens, Expectation& expectation) {
    tokens.take_if("(");
    auto unit = Of::time;
    const auto of = tokens.take();
    const bool good = read_figure_of(function, of, tokens, unit);
    std::string place;
    expectation.name_location = tokens.place();
    if (!read_places(tokens, place)) return false;
    const bool is_of_nodes = of.text == "requests" || of.text == "backlog" || is_of_bytes(of.text);
    if (is_of_nodes && (place.find(' ', 2) != std::string::npos || place.find('r') == 2)) {
        tokens.complain(of,
                        fmt::format("{} {} counted by node", of.text, is_of_bytes(of.text) ? "is" : "are"),
                        fmt::format("as in {}({}, n2)", function.text, of.text));
        return false;
    }
    if (!tokens.take_if(")")) {
        tokens.complain(tokens.now(), "')' is missing", "as in p99(delivery) < 250ms");
        return false;
    }
    expectation.property =
        fmt::format("{}({}{})", function.text == "p999" ? "p99.9" : function.text, of.text, place);
    return read_phase(tokens, expectation) && read_threshold(tokens, expectation, unit) && good;
}

/// "policy" for "policies", "phantom" for "no_phantoms": too far apart for a slip of the finger.
bool is_part_of(std::string_view word, std::string_view property) {
    constexpr std::size_t stem_least = 4;
    while (!property.empty()) {
        const auto part = property.substr(0, property.find('_'));
        property.remove_prefix(std::min(property.size(), part.size() + 1));
        if (part.size() < stem_least) continue;
        if (!closest(word, {part}).empty()) return true;
        const auto differ = std::ranges::mismatch(word, part).in1;
        const auto stem = static_cast<std::size_t>(differ - word.begin());
        if (stem >= stem_least && stem + 2 >= word.size()) return true;
    }
    return false;
}

/// Empty when none is near.
std::string near_property(std::string_view word) {
    const auto all = names(language::properties());
    if (auto near = closest(word, all); !near.empty()) return near;
    const auto found =
        std::ranges::find_if(all, [&](std::string_view property) { return is_part_of(word, property); });
    return found == all.end() ? std::string{} : std::string{*found};
}

bool read_property(const Token& word, Tokens& tokens, Expectation& expectation) {
    const auto& table = language::properties();
    const auto known = std::ranges::find(table, word.text, &language::Property::name);
    if (known == table.end()) {
        auto all = names(table);
        if (!tokens.at_end() && tokens.now().text != "within") all = {};
        all.push_back("recovery");
        auto hint = suggest(word.text, all);
        if (const auto near = near_property(word.text);
            !near.empty() && closest(word.text, all) != "recovery")
            hint = fmt::format("did you mean '{}'?", near);
        const auto joined = fmt::format("{}_{}", word.text, tokens.now().text);  // "no loss"
        if (!tokens.at_end())
            if (const auto near = closest(joined, names(table)); !near.empty())
                hint = fmt::format("did you mean '{}'?", near);
        for (const auto metric : names(language::metrics()))
            if (metric == word.text) hint = fmt::format("a metric stands in a quantile: p99({})", metric);
        for (const auto quantile : names(language::quantiles()))
            if (quantile == word.text)
                hint = fmt::format("a quantile is of a metric: {}(delivery)", quantile);
        tokens.complain(word, fmt::format("unknown property '{}'", word.text), std::move(hint));
        return false;
    }
    expectation.property = word.text;
    if (tokens.now().text == "within" && known->within != language::Within::no) {
        tokens.take();
        const auto within = read_time(tokens);
        if (!within) return false;
        expectation.within = *within;
    }
    if (known->within == language::Within::required && !expectation.within) {
        tokens.complain(tokens.now(), fmt::format("{} needs a time", known->name),
                        fmt::format("as in {} within 5s", known->name));
        return false;
    }
    if (!tokens.at_end()) {
        const auto hint =
            is_relation(tokens.now().text)
                ? std::string{"only figures and recovery have a threshold: p99(delivery) < 250ms"}
            : known->within != language::Within::no ? fmt::format("as in {} within 5s", known->name)
                                                    : std::string{};
        tokens.complain(tokens.now(),
                        fmt::format("'{}' cannot stand after {}", tokens.now().text, known->name), hint);
        return false;
    }
    return true;
}

}  // namespace

std::optional<Expectation> parse_expectation(std::string_view text, Location at,
                                             std::vector<Problem>& problems) {
    Tokens tokens{text, at, problems};
    Expectation expectation;
    expectation.text = text;
    expectation.location = at;
    const auto first = tokens.take();
    const bool good = first.text == "recovery"   ? read_recovery(tokens, expectation)
                      : is_of_bytes(first.text)  ? read_bytes_figure(first.text, tokens, expectation)
                      : tokens.now().text == "(" ? read_figure(first, tokens, expectation)
                                                 : read_property(first, tokens, expectation);
    return good ? std::optional{expectation} : std::nullopt;
}

}  // namespace davenport::sim
