#include "sim/scenario/reference.hpp"

#include "sim/scenario/language.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace davenport::sim {

namespace {

using namespace language;

std::string value_of(const Key& key) {
    const auto list = key.drawn ? "; or a list, of which each seed draws one" : "";
    if (!key.choices.empty()) return fmt::format("{}{}", fmt::join(key.choices, ", "), list);
    return fmt::format("{}, as {}{}", noun_of(key.type), example_of(key.type), list);
}

std::string standard_of(const Key& key) {
    if (key.required) return "(needed)";
    return key.default_value.empty() ? "" : fmt::format("`{}`", key.default_value);
}

void append_keys(std::string& out, const std::vector<Key>& keys) {
    out += "| key | value | default | meaning |\n| --- | --- | --- | --- |\n";
    for (const auto& key : keys)
        fmt::format_to(std::back_inserter(out), "| `{}` | {} | {} | {} |\n", key.name, value_of(key),
                       standard_of(key), key.about);
}

std::string_view title_of(const Section& section) {
    if (section.name.empty()) return "A scenario file";
    if (section.name == "link") return "links: each of them";
    return section.name;
}

std::string of_section(const Section& section) {
    auto out = fmt::format("### {}\n\n{}\n\n", title_of(section), section.about);
    append_keys(out, section.keys);
    return out;
}

std::string_view hit_by(const FaultKind& kind) {
    switch (kind.hits) {
        case Hits::store:
            return "the store";
        case Hits::node:
            return "a node (`node`, else drawn)";
        case Hits::joiner:
            return "nobody: a node is added";
        case Hits::client:
            return "a client (`client`, else drawn)";
        case Hits::link:
            return "links (of `node`, else of all nodes)";
    }
    return "";
}

std::string of_fault(const FaultKind& kind) {
    auto out = fmt::format("#### {}\n\n{} Hits {}; {}; {}.\n\n", kind.name, kind.about, hit_by(kind),
                           kind.span == language::Span::moment ? "a moment, takes no `for`"
                                                               : "lasts for its `for`, else until healing",
                           kind.in_process ? "both worlds" : "virtual world only");
    if (!kind.parameters.empty()) {
        append_keys(out, kind.parameters);
        out += '\n';
    }
    return out;
}

std::string of_faults(std::string_view family) {
    std::string out;
    for (const auto& kind : fault_kinds())
        if (family.empty() || (kind.name.starts_with(family) && kind.name[family.size()] == '.'))
            out += of_fault(kind);
    return out;
}

template <class Table>
std::string of_words(std::string_view title, std::string_view intro, const Table& table) {
    auto out = fmt::format("### {}\n\n{}\n\n| word | meaning |\n| --- | --- |\n", title, intro);
    for (const auto& word : table)
        fmt::format_to(std::back_inserter(out), "| `{}` | {} |\n", word.name, word.about);
    return out + '\n';
}

std::string of_expectations() {
    std::string out =
        "### expect\n\nEach line is a property, or a figure with a threshold:\n\n"
        "    no_loss\n"
        "    converged within 5s\n"
        "    p99(local_echo) during outage < 50ms\n"
        "    p99(shown) < 250ms                    (every client that was shown it, on whichever node)\n"
        "    p99(delivery, n2) < 250ms             (of one node, or of one room)\n"
        "    p99(shown, from n1, except c3) < 1s   (places: see below)\n"
        "    undelivered(delivery) == 0\n"
        "    max(backlog) during outage >= 20\n"
        "    count(requests) during outage < 200\n"
        "    recovery of outage < 5s\n"
        "    recovery of outage stable 3s < 5s\n"
        "    p99(delivery) < 250ms abort_on_fail   (the run ends, and has failed, as soon as 20 samples or "
        "more break it)\n\n";
    out +=
        of_words("Properties", "The first five are judged in every run, written down or not.", properties());
    out +=
        of_words("Latencies", "A message that never arrived counts as longer than any that did.", metrics());
    out += of_words("Places",
                    "Which samples of a latency, as in p99(shown, from n1, to c3); all of them must fit. "
                    "count(sends) takes n1, r1, `from` and `except`; count(requests), max(backlog) and "
                    "max(memory) and max(queued) take n1.",
                    places());
    out += of_words("Quantiles", "Of a latency.", quantiles());
    out += of_words("Counts",
                    "A bare number is their threshold; of memory and queued a number of bytes, as 200 MB.",
                    counts());
    out += of_words("Phases", "A message belongs to the phase in which it was due.", phases());
    return out +
           "`recovery of NAME` is the time from the fault's end until the run first stays normal for 1s (or "
           "for "
           "the time behind `stable`, or until the run ends): what waited for the store has gone there, and "
           "in "
           "each 250ms at most one delivery in a hundred is slower than three times the p99 before the fault "
           "(and "
           "25ms). What is slow later is not this fault's. Not known when the next fault begins before that. "
           "On a "
           "single node `shown` stands for `delivery`.\n\n"
           "A latency that was broken while the harness itself was late (the machine was too busy) is "
           "unknown "
           "when it may have held without that.\n";
}

/// How quantities are written.
std::string of_units() {
    return "### Quantities\n\n"
           "| quantity | units |\n| --- | --- |\n"
           "| a time | `us`, `ms`, `s`, `min`, `h`: 1.5s, 150ms, 2min |\n"
           "| a size | `B`, `KB` (1000), `KiB` (1024), `MB`, `MiB`, `GB` |\n"
           "| a bandwidth | a size and `/s`: 100KB/s |\n"
           "| a rate | `/s`, `/min`, `/h`: 50/s |\n"
           "| a percentage | `%` |\n\n"
           "A range has two dots: 1ms..5ms. A count has no unit. A text with `: ` or ` #` in it stands "
           "between "
           "quotes; a quoted text ends on its line, and a longer one is indented below `about: >`.\n\n";
}

std::string everything() {
    std::string out;
    for (const auto& section : sections()) out += of_section(section) + '\n';
    out += of_units();
    out +=
        of_words("when", "What a fault can wait for: `when: accepted >= 100`, `when: feed(n1).rows >= 100`.",
                 subjects());
    out += of_expectations();
    return out + "\n### Faults\n\n" + of_faults("");
}

/// "rate", "load.rate".
std::string of_key(std::string_view name) {
    std::string out;
    for (const auto& section : sections()) {
        for (const auto& key : section.keys) {
            const bool full = !section.name.empty() && name == fmt::format("{}.{}", section.name, key.name);
            if (key.name != name && !full) continue;
            fmt::format_to(std::back_inserter(out), "`{}{}{}`: {}\n    {}{}\n", section.name,
                           section.name.empty() ? "" : ".", key.name, key.about, value_of(key),
                           key.default_value.empty() ? "" : fmt::format("; default {}", key.default_value));
        }
    }
    for (const auto& kind : fault_kinds())
        if (const auto* key = kind.find(name))
            fmt::format_to(std::back_inserter(out), "`{}` of {}: {}\n    {}{}\n", name, kind.name, key->about,
                           value_of(*key),
                           key->default_value.empty() ? "" : fmt::format("; default {}", key->default_value));
    return out;
}

template <class Table>
std::string of_word(const Table& table, std::string_view name) {
    for (const auto& word : table)
        if (word.name == name) return fmt::format("`{}`: {}\n", word.name, word.about);
    return {};
}

}  // namespace

std::string reference(std::string_view key) {
    if (key.empty()) return everything();
    if (key == "expect") return of_expectations();
    if (key == "units" || key == "quantities") return of_units();
    if (key == "faults" || key == "fault" || key == "any") return of_faults("");
    if (key == "when") return of_words("when", "What a fault can wait for.", subjects());
    if (const auto* kind = find_fault(key)) return of_fault(*kind);
    for (const auto& section : sections())
        if (section.name == key) return of_section(section);
    std::string out = of_key(key);
    out += of_word(properties(), key) + of_word(metrics(), key) + of_word(places(), key) +
           of_word(quantiles(), key) + of_word(counts(), key) + of_word(phases(), key) +
           of_word(subjects(), key);
    if (key == "recovery") out += of_expectations();
    return out + of_faults(key);  // "node" is a key and a family of faults
}

std::vector<std::string_view> explained() {
    std::vector<std::string_view> out{"expect", "faults", "recovery", "store", "server",
                                      "feed",   "node",   "client",   "link",  "units"};
    const auto add = [&](const auto& table) {
        for (const auto& row : table)
            if (!row.name.empty()) out.push_back(row.name);
    };
    add(sections());
    for (const auto& section : sections()) add(section.keys);
    add(fault_kinds());
    for (const auto& kind : fault_kinds()) add(kind.parameters);
    add(properties());
    add(metrics());
    add(places());
    add(quantiles());
    add(counts());
    add(phases());
    add(subjects());
    std::ranges::sort(out);
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

}  // namespace davenport::sim
