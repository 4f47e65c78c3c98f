#include "sim/scenario/reader.hpp"

#include "sim/scenario/expression.hpp"
#include "sim/scenario/language.hpp"
#include "sim/scenario/parameters.hpp"
#include "sim/scenario/placement_reader.hpp"
#include "sim/scenario/yaml_tree.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

namespace davenport::sim {

namespace {

using language::FaultKind;
using language::Into;
using language::Key;
using language::Section;

bool is_fault_name(std::string_view text) {
    if (text.empty() || text.size() > 64) return false;
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    if (!letter(text.front())) return false;
    for (const char c : text)
        if (!letter(c) && !(c >= '0' && c <= '9') && c != '.' && c != '-' && c != '_') return false;
    return true;
}

/// Walks the tree with the table in hand.
class Reader {
public:
    Reader(std::string_view file, std::vector<Problem>& problems) : problems_{problems} {
        scenario_.file = file;
    }

    Scenario read(const Yaml& root) {
        if (root.kind != Yaml::Kind::map) {
            complain(root, "a scenario is a map of keys", "'chatsim explain' shows which");
            return {};
        }
        Into into{.scenario = &scenario_};
        read_section(root, language::section(""), into, [&](const Key& key, const Yaml& value) {
            if (key.name == "links")
                read_links(value);
            else if (key.name == "timeline")
                read_timeline(value);
            else if (key.name == "expect")
                read_expect(value);
            else
                read_plain_section(value, key.name);
        });
        name_faults();
        return std::move(scenario_);
    }

    [[nodiscard]] IncompleteSections incomplete() const { return incomplete_; }

private:
    void complain(const Yaml& where, std::string message, std::string hint = {}) {
        problems_.push_back({where.location, std::move(message), std::move(hint)});
    }

    /// Reads the keys of a map that are known to `section`: those with a setter at once, the others by
    /// `other`. Keys that the section does not know go to `unknown`, or are a mistake.
    template <class Other, class Unknown>
    void read_section(const Yaml& map, const Section& section, Into& into, Other other, Unknown unknown) {
        std::set<std::string_view> seen;
        std::set<std::string> meant;  // by keys that are not known
        for (const auto& [key, value] : map.members) {
            if (key.kind != Yaml::Kind::scalar) {
                complain(key, "a key must be a word");
                continue;
            }
            if (!seen.insert(key.text).second) {
                complain(key, fmt::format("'{}' stands here twice", key.text));
                continue;
            }
            const auto* known = section.find(key.text);
            if (!known) {
                meant.insert(closest(key.text, names(section.keys)));
                unknown(key, value);
            } else if (known->drawn && value.kind == Yaml::Kind::list) {
                read_choice(*known, value, into);
            } else if (known->set) {
                if (const auto read = read_scalar(*known, value))
                    known->set(into, *read);
                else if (section.name == "topology")
                    incomplete_.keys.insert(std::string{key.text});
            } else {
                other(*known, value);
            }
        }
        for (const auto& key : section.keys)
            if (key.required && !seen.contains(key.name) && !meant.contains(std::string{key.name}))
                complain(map, fmt::format("{} is missing", key.name), std::string{key.about});
    }

    template <class Other>
    void read_section(const Yaml& map, const Section& section, Into& into, Other other) {
        read_section(map, section, into, other, [&](const Yaml& key, const Yaml& value) {
            const auto place = section.name.empty() ? std::string{} : fmt::format(" in {}", section.name);
            complain(key, fmt::format("unknown key '{}'{}", key.text, place),
                     hint_for_key(key.text, section));
            // What stands within it is looked at as if it had been written right.
            const auto* meant = section.find(closest(key.text, names(section.keys)));
            if (!meant || map.find(meant->name)) return;
            if (!meant->set) return other(*meant, value);
            std::string why;
            const bool is_number = meant->type == Type::count && value.kind == Yaml::Kind::scalar;
            if (const auto read = is_number ? parse_value(meant->type, value.text, why) : std::nullopt)
                meant->set(into, *read);
            else if (section.name == "topology")
                incomplete_.keys.insert(std::string{meant->name});
        });
    }

    /// A key that is known elsewhere was put in the wrong place rather than misspelt.
    static std::string hint_for_key(std::string_view name, const Section& section) {
        if (name == "<<") return "nothing is merged here: write the keys out";
        if (section.name == "topology" && name == "outbox") return "it is now called 'send_queue'";
        for (const auto& other : language::sections()) {
            if (!other.find(name) || &other == &section || other.name == "message" || other.name == "stage")
                continue;
            if (other.name.empty())
                return fmt::format("'{}' stands at the top of the file, not in here", name);
            if (closest(name, names(section.keys)).empty())
                return fmt::format("'{}' belongs in {}", name, other.name);
        }
        return suggest(name, names(section.keys));
    }

    void read_plain_section(const Yaml& value, std::string_view name) {
        if (value.kind != Yaml::Kind::map)
            return mark_incomplete(name), void(incomplete_.all = name == "topology"),
                   complain(value, fmt::format("{} must be a map", name), "as in { key: value }");
        scenario_.sections[std::string{name}] = value.location;
        for (const auto& [key, of_key] : value.members)
            scenario_.sections[fmt::format("{}.{}", name, key.text)] = of_key.location;
        const auto before = problems_.size();
        Into into{.scenario = &scenario_};
        read_section(value, language::section(name), into, [&](const Key& key, const Yaml& list) {
            if (key.name == "messages") read_messages(list);
            if (key.name == "stages") read_stages(list);
            if (key.name == "placement") scenario_.topology.homes = read_placement(list, problems_);
        });
        if (name == "load") check_stages(value);
        if (problems_.size() > before) mark_incomplete(name);
    }

    void mark_incomplete(std::string_view section) {
        (section == "load" ? incomplete_.load : incomplete_.topology) = true;
    }

    void read_messages(const Yaml& list) {
        if (list.kind != Yaml::Kind::list)
            return complain(list, "messages must be a list", "as in - { at: 1s, client: c1 }");
        for (const auto& item : list.items) {
            if (item.kind != Yaml::Kind::map) {
                complain(item, "a message must be a map", "as in { at: 1s, client: c1, size: 64B }");
                continue;
            }
            Message message;
            message.location = item.location;
            Into unused;
            read_section(item, language::section("message"), unused, [&](const Key& key, const Yaml& value) {
                const auto read = read_scalar(key, value);
                if (!read) return;
                if (key.name == "at") message.at = Duration{read->low};
                if (key.name == "client") message.client = read->text;
                if (key.name == "room") message.room = read->text;
                if (key.name == "size") message.size_bytes = static_cast<int>(read->low);
                if (key.name == "what")
                    message.what = read->text == "edit"     ? Deed::edit
                                   : read->text == "remove" ? Deed::remove
                                                            : Deed::post;
            });
            scenario_.load.messages.push_back(std::move(message));
        }
    }

    void read_stages(const Yaml& list) {
        if (list.kind != Yaml::Kind::list || list.items.empty())
            return complain(list, "stages must be a list", "as in - { for: 10s, rate: 5/s..50/s }");
        Duration length{};
        for (const auto& item : list.items) {
            if (item.kind != Yaml::Kind::map) {
                complain(item, "a stage must be a map", "as in { for: 10s, rate: 5/s..50/s }");
                continue;
            }
            Stage stage;
            Into unused;
            read_section(item, language::section("stage"), unused, [&](const Key& key, const Yaml& value) {
                const auto read = read_scalar(key, value);
                if (read && key.name == "for") stage.length = Duration{read->low};
                if (!read || key.name != "rate") return;
                stage.from = static_cast<std::uint64_t>(read->low);
                stage.to = static_cast<std::uint64_t>(read->high);
            });
            length += stage.length;
            scenario_.load.stages.push_back(stage);
        }
        scenario_.load.length = length;
    }

    /// What stages say is said nowhere else.
    void check_stages(const Yaml& load) {
        if (!load.find("stages")) return;
        for (const auto* rival : {"rate", "for", "messages"})
            if (const auto* value = load.find(rival))
                complain(*value, fmt::format("both 'stages' and '{}'", rival),
                         "each stage has a rate and a length of its own");
        if (const auto* arrivals = load.find("arrivals"); arrivals && arrivals->text == "ramp")
            complain(*arrivals, "both 'stages' and a ramp", "a stage with a range is one: rate: 0/s..20/s");
    }

    void read_links(const Yaml& value) {
        if (value.kind != Yaml::Kind::map)
            return complain(value, "links must be a map", "as in { node-store: { latency: 1ms..5ms } }");
        Into unused;
        read_section(value, language::section("links"), unused, [&](const Key& key, const Yaml& link) {
            if (link.kind != Yaml::Kind::map)
                return complain(link, fmt::format("{} must be a map", key.name),
                                "as in { latency: 1ms..5ms }");
            Into into{.link = &scenario_.links[std::string{key.name}]};
            read_section(link, language::section("link"), into, [](const Key&, const Yaml&) {});
        });
    }

    void read_choice(const Key& key, const Yaml& list, Into& into) {
        if (list.items.empty())
            return complain(list, fmt::format("{} is an empty list", key.name), "each seed draws one of it");
        Choice choice{std::string{key.name}, {}};
        for (const auto& item : list.items)
            if (const auto read = read_scalar(key, item)) choice.of.push_back(*read);
        if (choice.of.size() < list.items.size()) {
            incomplete_.keys.insert(std::string{key.name});
            return;
        }
        key.set(into, choice.of.front());
        scenario_.choices.push_back(std::move(choice));
    }

    /// A value of one key; nothing, and a problem, when it is not of the key's type or out of its bounds.
    std::optional<Value> read_scalar(const Key& key, const Yaml& value) {
        if (value.kind != Yaml::Kind::scalar) {
            const bool listed = value.kind == Yaml::Kind::list || value.kind == Yaml::Kind::map;
            complain(value,
                     fmt::format("{} {}", key.name,
                                 listed ? fmt::format("must be {}", noun_of(key.type)) : "has no value"),
                     fmt::format("as in {}: {}", key.name, example(key)));
            return std::nullopt;
        }
        if (value.quoted && (key.type == Type::count || key.type == Type::flag)) {
            complain(value, fmt::format("{} must be {}, without quotes", key.name, noun_of(key.type)));
            return std::nullopt;
        }
        if (key.type == Type::text && value.text.empty()) {
            complain(value, fmt::format("{} is empty", key.name));
            return std::nullopt;
        }
        if (key.type == Type::name && !is_fault_name(value.text)) {
            complain(value,
                     fmt::format("{} must be a letter, then letters, digits, '.', '-' or '_'", key.name));
            return std::nullopt;
        }
        if (key.type == Type::choice) {
            for (const auto choice : key.choices)
                if (choice == value.text) return Value{value.text, 0, 0};
            complain(value, fmt::format("unknown {} '{}'", key.name, value.text),
                     suggest(value.text, key.choices));
            return std::nullopt;
        }
        std::string why;
        auto read = parse_value(key.type, value.text, why);
        if (!read) {
            complain(value, fmt::format("{} {}", key.name, why));
            return std::nullopt;
        }
        if (key.type == Type::text || key.type == Type::name || key.type == Type::path) return read;
        const auto [least, most] = std::minmax(read->low, read->high);
        if (least < key.low || most > key.high) {
            const bool low = least < key.low;
            complain(value, fmt::format("{} must be at {} {}", key.name, low ? "least" : "most",
                                        show_bound(key.type, low ? key.low : key.high)));
            return std::nullopt;
        }
        return read;
    }

    static std::string_view example(const Key& key) {
        if (!key.choices.empty()) return key.choices.front();
        return key.default_value.empty() ? example_of(key.type) : key.default_value;
    }

    void read_timeline(const Yaml& list) {
        if (list.kind == Yaml::Kind::null) return;
        if (list.kind != Yaml::Kind::list)
            return complain(list, "timeline must be a list",
                            "as in - { at: 10s, fault: store.down, for: 5s }");
        for (const auto& item : list.items) read_fault(item);
    }

    void read_fault(const Yaml& item) {
        if (item.kind != Yaml::Kind::map)
            return complain(item, "a fault must be a map", "as in { at: 10s, fault: store.down, for: 5s }");
        Fault fault;
        fault.location = item.location;
        for (const auto& [key, value] : item.members) fault.places[key.text] = value.location;
        const auto kinds = read_kinds(item, fault);
        Into into{.fault = &fault};
        read_section(
            item, language::section("timeline"), into,
            [&](const Key& key, const Yaml& value) {
                if (key.name == "when")
                    read_condition(value, fault);
                else if (key.name == "name")
                    fault.name = read_scalar(key, value).value_or(Value{}).text;
                else if (key.name == "node")
                    fault.node = read_scalar(key, value).value_or(Value{}).text;
                else if (key.name == "client")
                    fault.client = read_scalar(key, value).value_or(Value{}).text;
                else if (key.name == "store")
                    fault.store = read_scalar(key, value).value_or(Value{}).text;
            },
            [&](const Yaml& key, const Yaml& value) { read_parameter(key, value, kinds, fault); });
        const int times =
            (item.find("at") ? 1 : 0) + (item.find("every") ? 1 : 0) + (item.find("when") ? 1 : 0);
        if (times != 1)
            complain(item, times == 0 ? "the fault has no time" : "the fault has more than one time",
                     "exactly one of at, every, when");
        for (const auto* kind : kinds) {
            for (const auto& parameter : kind->parameters)
                if (parameter.required && !item.find(parameter.name) &&
                    !is_misspelt(item, parameter.name, *kind))
                    complain(item,
                             fmt::format("{} needs {}: {}", kind->name, parameter.name, parameter.about),
                             fmt::format("as in {}: {}", parameter.name, example_of(parameter.type)));
        }
        scenario_.timeline.push_back(std::move(fault));
    }

    /// Some key of the fault that is not known was meant to be this one.
    static bool is_misspelt(const Yaml& item, std::string_view parameter, const FaultKind& kind) {
        return std::ranges::any_of(item.members, [&](const auto& member) {
            const std::string_view key{member.key.text};
            return !kind.find(key) && !language::section("timeline").find(key) &&
                   closest(key, names(kind.parameters)) == parameter;
        });
    }

    /// What `fault` or `any` names.
    std::vector<const FaultKind*> read_kinds(const Yaml& item, Fault& fault) {
        std::vector<const FaultKind*> kinds;
        const auto* one = item.find("fault");
        const auto* any = item.find("any");
        if ((one != nullptr) == (any != nullptr)) {
            complain(item, one ? "both fault and any: a line has one of them" : "the line names no fault",
                     "as in fault: store.down");
            return kinds;
        }
        const auto add = [&](const Yaml& name) {
            if (name.kind != Yaml::Kind::scalar)
                return complain(name, "a fault must be named", "as in store.down");
            if (const auto* kind = language::find_fault(name.text)) {
                kinds.push_back(kind);
                fault.kinds.emplace_back(kind->name);
            } else {
                auto hint = suggest(name.text, names(language::fault_kinds()));
                // Its parameters are looked at as those of the kind that was meant.
                const auto* meant = language::find_fault(closest(name.text, names(language::fault_kinds())));
                if (meant) kinds.push_back(meant);
                complain(name, fmt::format("unknown fault '{}'", name.text),
                         hint.empty() ? "'chatsim explain faults' lists them" : hint);
            }
        };
        if (one) add(*one);
        if (any && (any->kind != Yaml::Kind::list || any->items.empty())) {
            complain(*any, "any must be a list of faults", "as in [link.clog, client.slow]");
        } else if (any) {
            for (const auto& name : any->items) add(name);
        }
        return kinds;
    }

    void read_condition(const Yaml& value, Fault& fault) {
        if (value.kind != Yaml::Kind::scalar)
            return complain(value, "when must be a condition", "as in accepted >= 100");
        if (parse_condition(value.text, inside(value), problems_)) fault.when = value.text;
    }

    void read_parameter(const Yaml& key, const Yaml& value, const std::vector<const FaultKind*>& kinds,
                        Fault& fault) {
        bool taken = false;
        for (const auto* kind : kinds) {  // each that takes it has bounds of its own
            const auto* parameter = kind->find(key.text);
            if (!parameter) continue;
            const auto read = read_scalar(*parameter, value);
            if (!read) return;
            if (!std::exchange(taken, true)) fault.parameters[key.text] = typed(*parameter, *read);
            for (const auto& [other, ignored] : fault.parameters) {
                const auto* rival = kind->find(other);
                if (rival && rival != parameter && !rival->group.empty() && rival->group == parameter->group)
                    return complain(
                        key, fmt::format("{} and {} exclude each other", rival->name, parameter->name));
            }
        }
        if (taken) return;
        if (kinds.empty()) return;  // which parameters there are is unknown too
        auto known = names(language::section("timeline").keys);
        for (const auto* kind : kinds)
            for (const auto& parameter : kind->parameters) known.push_back(parameter.name);
        const auto owner =
            kinds.size() == 1 ? std::string{kinds.front()->name} : std::string{"none of these faults"};
        complain(key, fmt::format("{} takes {} '{}'", owner, kinds.size() == 1 ? "no" : "a", key.text),
                 hint_for_parameter(key.text, known, *kinds.front()));
    }

    static std::string hint_for_parameter(std::string_view name, const std::vector<std::string_view>& known,
                                          const FaultKind& kind) {
        for (const auto& other : language::fault_kinds())
            if (other.find(name))
                return fmt::format("{} takes it; 'chatsim explain {}' lists what this one takes", other.name,
                                   kind.name);
        const auto near = closest(name, known);
        return near.empty() ? fmt::format("'chatsim explain {}' lists its parameters", kind.name)
                            : fmt::format("did you mean '{}'?", near);
    }

    void read_expect(const Yaml& list) {
        if (list.kind == Yaml::Kind::null) return;
        if (list.kind != Yaml::Kind::list) return complain(list, "expect must be a list", "as in - no_loss");
        for (const auto& item : list.items) {
            if (item.kind != Yaml::Kind::scalar) {
                complain(item, "an expectation must be a line of text",
                         "as in p99(local_echo) during outage < 50ms, without ': ' in it");
                continue;
            }
            if (auto expectation = parse_expectation(item.text, inside(item), problems_))
                scenario_.expect.push_back(std::move(*expectation));
        }
    }

    /// Where a scalar's text begins.
    static Location inside(const Yaml& scalar) {
        return {scalar.location.line, scalar.location.column + (scalar.quoted ? 1 : 0)};
    }

    /// A fault without a name is called by its kind; the second of a kind is "store.down-2".
    void name_faults() {
        std::set<std::string> taken;
        for (const auto& fault : scenario_.timeline)
            if (!fault.name.empty() && !taken.insert(fault.name).second)
                problems_.push_back({fault.location, fmt::format("two faults are named '{}'", fault.name),
                                     "phases could not tell them apart"});
        for (auto& fault : scenario_.timeline) {
            if (!fault.name.empty() || fault.kinds.empty()) continue;
            const auto base = fault.kinds.size() == 1 ? fault.kinds.front() : std::string{"any"};
            fault.name = base;
            for (int n = 2; !taken.insert(fault.name).second; ++n) fault.name = fmt::format("{}-{}", base, n);
        }
    }

    std::vector<Problem>& problems_;
    Scenario scenario_;
    IncompleteSections incomplete_;
};

}  // namespace

Reading read_scenario(std::string_view text, std::string_view file) {
    Reading reading;
    const auto tree = parse_yaml(text, reading.problems);
    const bool readable = tree.kind != Yaml::Kind::null || reading.problems.empty();
    if (!readable) return reading;
    Reader reader{file, reading.problems};
    auto scenario = reader.read(tree);
    validate(scenario, reading.problems, reader.incomplete());
    scenario.source = std::make_shared<const std::string>(text);
    if (reading.problems.empty()) reading.scenario = std::move(scenario);
    return reading;
}

}  // namespace davenport::sim
