#include "node/base/json.hpp"
#include "sim/scenario/language.hpp"
#include "sim/scenario/reference.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

/// The language's table as JSON Schema, for editors that complete and check scenario files.
namespace davenport::sim {

namespace {

using namespace language;
using base::json::array;
using base::json::object;
using base::json::value;

constexpr std::string_view number = R"([0-9]+(\.[0-9]+)?)";
constexpr std::string_view fault_name = "[A-Za-z][A-Za-z0-9._-]*";

std::string time_pattern() { return fmt::format("{} ?(us|µs|ms|s|min|h)", number); }
std::string bytes_pattern() { return fmt::format("{} ?(B|KB|KiB|MB|MiB|GB)", number); }

std::string alternatives(const std::vector<std::string_view>& words) {
    return fmt::format("({})", fmt::join(words, "|"));
}

/// Nothing where JSON itself says enough.
std::string pattern_of(Type type) {
    switch (type) {
        case Type::time:
            return time_pattern();
        case Type::offset:
            return "[-+]?" + time_pattern();
        case Type::time_range:
            return fmt::format(R"({0}(\.\.{0})?)", time_pattern());
        case Type::rate:
            return fmt::format("{} ?/(s|min|h)", number);
        case Type::rate_range:
            return fmt::format(R"({0} ?/(s|min|h)(\.\.{0} ?/(s|min|h))?)", number);
        case Type::bytes:
            return bytes_pattern();
        case Type::bytes_range:
            return fmt::format(R"({0}(\.\.{0})?)", bytes_pattern());
        case Type::bandwidth:
            return bytes_pattern() + "/s";
        case Type::percent:
            return fmt::format("{} ?%", number);
        case Type::name:
            return std::string{fault_name};
        case Type::node:
            return "n[1-9][0-9]*";
        case Type::client:
            return "c[1-9][0-9]*";
        case Type::store:
            return "s[1-9][0-9]*";
        case Type::path:
            return "(/[A-Za-z0-9._~-]+)+";
        case Type::condition:
            return fmt::format(
                R"({} *(>|>=) *[0-9]+)",
                R"((sent|accepted|stored|shown|feed\.rows|feed\(n[0-9]+\)\.rows|backlog(\(n[0-9]+\))?))");
        default:
            return {};
    }
}

object of_one_value(const Key& key) {
    object out;
    if (const auto pattern = pattern_of(key.type); !pattern.empty()) {
        out["type"] = "string";
        out["pattern"] = fmt::format("^{}$", pattern);
    } else if (key.type == Type::choice) {
        out["enum"] = array(key.choices.begin(), key.choices.end());
    } else if (key.type == Type::count) {
        out["type"] = "integer";
        out["minimum"] = key.low;
        if (key.high != std::numeric_limits<std::int64_t>::max()) out["maximum"] = key.high;
    } else if (key.type == Type::flag) {
        out["type"] = "boolean";
    } else if (key.type == Type::text) {
        out["type"] = "string";
    }
    return out;
}

object of_key(const Key& key) {
    auto out = of_one_value(key);
    if (key.drawn) {
        object list{{"type", "array"},
                    {"minItems", 1},
                    {"items", out},
                    {"description", "each seed draws one of these"}};
        out = {{"anyOf", array{std::move(out), std::move(list)}}};
    }
    out["description"] = key.about;
    if (key.default_value.empty()) return out;
    const bool bare = key.type == Type::count || key.type == Type::flag;
    out["default"] = bare ? base::parse_json(key.default_value).value_or(value{}) : value(key.default_value);
    return out;
}

object of_section(const Section& section) {
    object properties;
    array required;
    for (const auto& key : section.keys) {
        properties[key.name] = of_key(key);
        if (key.required) required.emplace_back(key.name);
    }
    object out;
    out["type"] = "object";
    out["description"] = section.about;
    out["additionalProperties"] = false;
    if (!required.empty()) out["required"] = std::move(required);
    out["properties"] = std::move(properties);
    return out;
}

object of_links() {
    auto out = of_section(section("links"));
    for (const auto& key : section("links").keys) {
        auto link = of_section(section("link"));
        link["description"] = key.about;
        out["properties"].as_object()[key.name] = std::move(link);
    }
    return out;
}

object of_messages() {
    const auto& load = section("load");
    return object{{"type", "array"},
                  {"description", load.find("messages")->about},
                  {"items", of_section(section("message"))}};
}

object of_stages() {
    return object{{"type", "array"},
                  {"description", section("load").find("stages")->about},
                  {"items", of_section(section("stage"))}};
}

object of_placement() {
    object clients{
        {"type", "array"},
        {"minItems", 1},
        {"items", object{{"type", "string"}, {"pattern", R"(^c[1-9][0-9]*(\.\.c[1-9][0-9]*)?$)"}}}};
    return object{{"type", "object"},
                  {"description", section("topology").find("placement")->about},
                  {"additionalProperties", false},
                  {"patternProperties", object{{"^n[1-9][0-9]*$", std::move(clients)}}}};
}

object described(std::string_view name, std::string_view about) {
    object out;
    out["const"] = name;
    out["description"] = about;
    return out;
}

/// Which parameters go with a fault: said for each kind, so that an editor offers no others.
object of_kind(const FaultKind& kind) {
    array allowed;
    for (const auto& key : section("timeline").keys) allowed.emplace_back(key.name);
    array required;
    object properties;
    for (const auto& key : kind.parameters) {
        allowed.emplace_back(key.name);
        properties[key.name] = of_key(key);
        if (key.required) required.emplace_back(key.name);
    }
    object condition, consequence;
    condition["properties"] = object{{"fault", object{{"const", kind.name}}}};
    condition["required"] = array{"fault"};
    consequence["propertyNames"] = object{{"enum", std::move(allowed)}};
    if (!properties.empty()) consequence["properties"] = std::move(properties);
    if (!required.empty()) consequence["required"] = std::move(required);
    return object{{"if", std::move(condition)}, {"then", std::move(consequence)}};
}

array one_required(std::initializer_list<std::string_view> keys) {
    array out;
    for (const auto key : keys) out.push_back(object{{"required", array{key}}});
    return out;
}

object of_timeline() {
    array kinds, rules;
    auto item = of_section(section("timeline"));
    auto& properties = item["properties"].as_object();
    for (const auto& kind : fault_kinds()) {
        kinds.push_back(described(kind.name, kind.about));
        rules.push_back(of_kind(kind));
        for (const auto& key : kind.parameters)
            if (!properties.contains(key.name)) properties[key.name] = object{{"description", key.about}};
    }
    rules.push_back(object{{"oneOf", one_required({"at", "every", "when"})}});
    rules.push_back(object{{"oneOf", one_required({"fault", "any"})}});
    properties["fault"] = object{{"description", "what goes wrong"}, {"oneOf", kinds}};
    properties["any"] = object{{"description", "the seed draws one of these each time"},
                               {"type", "array"},
                               {"minItems", 1},
                               {"items", object{{"oneOf", std::move(kinds)}}}};
    item["allOf"] = std::move(rules);
    return object{{"type", "array"}, {"items", std::move(item)}};
}

object of_expect() {
    array forms;
    for (const auto& property : properties()) {
        forms.push_back(described(property.name, property.about));
        if (property.within != Within::no)
            forms.push_back(
                object{{"pattern", fmt::format("^{} +within +{}$", property.name, time_pattern())}});
    }
    const auto phase = fmt::format("( +{} +{})?", alternatives(names(phases())), fault_name);
    const auto where = "( *, *([nr][1-9][0-9]*|(from|to|except) +[nc][1-9][0-9]*|poller))*";
    const auto relation = " *(<|<=|>|>=|==) *";
    const auto abort = "( +abort_on_fail)?";
    std::vector<std::string_view> quantile_names = names(quantiles());
    forms.push_back(object{{"pattern", fmt::format("^{}\\( *{}{} *\\){}{}{}{}$", alternatives(quantile_names),
                                                   alternatives(names(metrics())), where, phase, relation,
                                                   time_pattern(), abort)}});
    forms.push_back(
        object{{"pattern", fmt::format("^(count|undelivered|max)\\( *[a-z_]+{} *\\){}{}({}|[0-9]+){}$", where,
                                       phase, relation, time_pattern(), abort)}});
    constexpr auto of_memory =
        R"(((memory|queued)(\( *n[1-9][0-9]* *\))?|queued\( *c[1-9][0-9]* *\)|max\( *(memory|queued)( *, *n[1-9][0-9]*)? *\)))";
    forms.push_back(
        object{{"pattern", fmt::format("^{}{}{}{}{}$", of_memory, phase, relation, bytes_pattern(), abort)}});
    forms.push_back(object{{"pattern", fmt::format("^recovery +of +{}( +stable +{})?{}{}$", fault_name,
                                                   time_pattern(), relation, time_pattern())}});
    return object{{"type", "array"}, {"items", object{{"type", "string"}, {"anyOf", std::move(forms)}}}};
}

/// JSON with a line for each member: this is read by people too.
void append_pretty(std::string& out, const value& v, int depth) {
    const auto indent = [&](int by) { out.append(static_cast<std::size_t>(2 * by), ' '); };
    if (v.is_object() && !v.get_object().empty()) {
        out += "{\n";
        std::size_t left = v.get_object().size();
        for (const auto& [key, member] : v.get_object()) {
            indent(depth + 1);
            base::append_json_string(out, key);
            out += ": ";
            append_pretty(out, member, depth + 1);
            out += --left > 0 ? ",\n" : "\n";
        }
        indent(depth);
        out += '}';
    } else if (v.is_array() && !v.get_array().empty() && v.get_array().front().is_object()) {
        out += "[\n";
        std::size_t left = v.get_array().size();
        for (const auto& item : v.get_array()) {
            indent(depth + 1);
            append_pretty(out, item, depth + 1);
            out += --left > 0 ? ",\n" : "\n";
        }
        indent(depth);
        out += ']';
    } else {
        base::append_json(out, v);
    }
}

}  // namespace

std::string json_schema() {
    auto root = of_section(section(""));
    auto& properties = root["properties"].as_object();
    properties["topology"] = of_section(section("topology"));
    properties["links"] = of_links();
    properties["load"] = of_section(section("load"));
    auto& load = properties["load"].as_object()["properties"].as_object();
    load["messages"] = of_messages();
    load["stages"] = of_stages();
    properties["topology"].as_object()["properties"].as_object()["placement"] = of_placement();
    properties["timeline"] = of_timeline();
    properties["expect"] = of_expect();
    object schema;
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema";
    schema["title"] = "Davenport scenario";
    for (auto& [key, member] : root) schema[key] = std::move(member);
    std::string out;
    append_pretty(out, schema, 0);
    return out + '\n';
}

}  // namespace davenport::sim
