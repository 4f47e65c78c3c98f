#include "couchmock/core/selector_node.hpp"
#include "node/base/json.hpp"

#include <algorithm>

namespace davenport::couchmock {

std::string_view name_of(Op op) {
    if (op == Op::not_) return "$not";
    return std::ranges::find(comparisons, op, &std::pair<std::string_view, Op>::second)->first;
}

namespace {

namespace json = boost::json;
using Node = Selector::Node;

ApiError bad_argument(std::string_view op, const json::value& argument) {
    return {400,
            "bad_arg",
            "Bad argument for operator " + std::string{op} + ": " + base::write_json(argument),
            {}};
}

Node read(const json::value& selector, const std::string& field, bool negated);

Op negation_of(Op op) {
    switch (op) {
        case Op::and_:
            return Op::or_;
        case Op::or_:
            return Op::and_;
        case Op::eq:
            return Op::ne;
        case Op::ne:
            return Op::eq;
        case Op::lt:
            return Op::gte;
        case Op::gte:
            return Op::lt;
        case Op::gt:
            return Op::lte;
        case Op::lte:
            return Op::gt;
        case Op::in:
            return Op::nin;
        case Op::nin:
            return Op::in;
        default:
            return op;
    }
}

Node combine(Op op, const json::value& list, std::string_view name, const std::string& field, bool negated) {
    if (!list.is_array()) throw bad_argument(name, list);
    Node node;
    node.op = negated ? negation_of(op) : op;
    for (const auto& part : list.get_array()) node.children.push_back(read(part, field, negated));
    return node;
}

void check_argument(Node& node, std::string_view name) {
    const auto& argument = node.argument;
    bool good = true;
    switch (node.op) {
        case Op::in:
        case Op::nin:
        case Op::all:
            good = argument.is_array();
            break;
        case Op::exists:
            good = argument.is_bool();
            break;
        case Op::type:
        case Op::begins:
            good = argument.is_string();
            break;
        case Op::size:
            good = argument.is_int64() && argument.get_int64() >= 0;
            break;
        case Op::mod:
            good = argument.is_array() && argument.get_array().size() == 2 &&
                   argument.get_array()[0].is_int64() && argument.get_array()[1].is_int64() &&
                   argument.get_array()[0].get_int64() != 0;
            break;
        case Op::elem:
        case Op::all_match:
        case Op::key_map:
            good = argument.is_object();
            break;
        case Op::regex:
            good = argument.is_string();
            if (!good) break;
            try {
                const auto& text = argument.get_string();
                node.regex = std::make_shared<const boost::regex>(text.begin(), text.end());
            } catch (const boost::regex_error&) {
                good = false;
            }
            break;
        default:
            break;
    }
    if (!good) throw bad_argument(name, argument);
}

Node read_operator(std::string_view name, const json::value& argument, const std::string& field,
                   bool negated) {
    if (name == "$and") return combine(Op::and_, argument, name, field, negated);
    if (name == "$or") return combine(Op::or_, argument, name, field, negated);
    if (name == "$nor") return combine(Op::or_, argument, name, field, !negated);
    if (name == "$not") {
        if (!argument.is_object()) throw bad_argument(name, argument);
        return read(argument, field, !negated);
    }
    if (name == "$where" || name == "$geoWithin" || name == "$geoIntersects" || name == "$near" ||
        name == "$nearSphere" || name == "$text")
        throw ApiError{400, "not_supported", "Operator not supported: " + std::string{name}, {}};
    const auto known = std::ranges::find(comparisons, name, &std::pair<std::string_view, Op>::first);
    if (known == comparisons.end())
        throw ApiError{400, "invalid_operator", "Invalid operator: " + std::string{name}, {}};
    Node node;
    node.op = known->second;
    node.field = field;
    node.path = split_field(field);
    node.argument = argument;
    check_argument(node, name);
    if (node.op == Op::elem || node.op == Op::all_match || node.op == Op::key_map)
        node.children.push_back(read(argument, {}, false));
    if (!negated) return node;
    if (node.op == Op::exists) {
        node.argument = !argument.get_bool();
        return node;
    }
    if (const auto other = negation_of(node.op); other != node.op) {
        node.op = other;
        return node;
    }
    // No operator says the contrary: the field has to be there, and not to match.
    Node outer;
    outer.op = Op::not_;
    outer.field = field;
    outer.path = std::exchange(node.path, {});
    outer.children.push_back(std::move(node));
    return outer;
}

Node read_member(std::string_view key, const json::value& value, const std::string& field, bool negated) {
    if (key.starts_with('$')) return read_operator(key, value, field, negated);
    const auto inner = field.empty() ? std::string{key} : field + '.' + std::string{key};
    return read(value, inner, negated);
}

Node read(const json::value& selector, const std::string& field, bool negated) {
    if (!selector.is_object() || (selector.get_object().empty() && !field.empty()))
        return read_operator("$eq", selector, field, negated);
    const auto& members = selector.get_object();
    if (members.size() == 1)
        return read_member(members.begin()->key(), members.begin()->value(), field, negated);
    Node node;
    node.op = negated ? Op::or_ : Op::and_;
    for (const auto& [key, value] : members) node.children.push_back(read_member(key, value, field, negated));
    return node;
}

}  // namespace

Selector::Node read_selector(const boost::json::value& selector) { return read(selector, {}, false); }

}  // namespace davenport::couchmock
