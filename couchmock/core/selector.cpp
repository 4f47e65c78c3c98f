#include "couchmock/core/selector.hpp"

#include "couchmock/core/collation.hpp"
#include "node/base/json.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <boost/regex.hpp>

namespace couchmock {
namespace {

namespace json = boost::json;

/// Whatever a nested selector costs, its depth is bounded by the JSON reader's.
enum class Op {
    and_,
    or_,
    not_,
    eq,
    ne,
    lt,
    lte,
    gt,
    gte,
    in,
    nin,
    exists,
    type,
    mod,
    regex,
    size,
    all,
    elem,
    all_match,
    key_map,
    begins
};

constexpr std::array<std::pair<std::string_view, Op>, 20> comparisons{{{"$eq", Op::eq},
                                                                       {"$ne", Op::ne},
                                                                       {"$lt", Op::lt},
                                                                       {"$lte", Op::lte},
                                                                       {"$gt", Op::gt},
                                                                       {"$gte", Op::gte},
                                                                       {"$in", Op::in},
                                                                       {"$nin", Op::nin},
                                                                       {"$exists", Op::exists},
                                                                       {"$type", Op::type},
                                                                       {"$mod", Op::mod},
                                                                       {"$regex", Op::regex},
                                                                       {"$size", Op::size},
                                                                       {"$all", Op::all},
                                                                       {"$elemMatch", Op::elem},
                                                                       {"$allMatch", Op::all_match},
                                                                       {"$keyMapMatch", Op::key_map},
                                                                       {"$beginsWith", Op::begins},
                                                                       {"$and", Op::and_},
                                                                       {"$or", Op::or_}}};

std::string_view name_of(Op op) {
    if (op == Op::not_) return "$not";
    return std::ranges::find(comparisons, op, &std::pair<std::string_view, Op>::second)->first;
}

ApiError bad_argument(std::string_view op, const json::value& argument) {
    return {400,
            "bad_arg",
            "Bad argument for operator " + std::string{op} + ": " + base::write_json(argument),
            {}};
}

std::string_view type_name(const json::value& value) {
    switch (value.kind()) {
        case json::kind::null:
            return "null";
        case json::kind::bool_:
            return "boolean";
        case json::kind::string:
            return "string";
        case json::kind::array:
            return "array";
        case json::kind::object:
            return "object";
        default:
            return "number";
    }
}

bool is_equal(const json::value& a, const json::value& b) { return compare_json(a, b) == 0; }

bool is_one_of(const json::value& value, const json::array& list) {
    return std::ranges::any_of(list, [&](const auto& item) { return is_equal(value, item); });
}

}  // namespace

/// One condition: on the parts in `children`, or on the field at `path` (the value itself when it is empty).
struct Selector::Node {
    Op op = Op::and_;
    std::string field;
    std::vector<std::string> path;
    json::value argument;
    std::vector<Node> children;
    std::shared_ptr<const boost::regex> regex;

    [[nodiscard]] bool is_boolean() const { return op == Op::and_ || op == Op::or_; }
    [[nodiscard]] bool matches(const json::value& value) const;
    [[nodiscard]] bool compares(const json::value& value) const;
    [[nodiscard]] json::value show() const;
};

namespace {

using Node = Selector::Node;

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

bool Selector::Node::matches(const json::value& value) const {
    const auto holds = [&](const Node& child) { return child.matches(value); };
    if (op == Op::and_) return std::ranges::all_of(children, holds);
    if (op == Op::or_) return children.empty() || std::ranges::any_of(children, holds);
    const auto* found = find_field(value, path);
    if (!found) return op == Op::exists && !argument.get_bool();
    if (op == Op::not_) return !children.front().matches(*found);
    return compares(*found);
}

bool Selector::Node::compares(const json::value& value) const {
    switch (op) {
        case Op::eq:
            return compare_json(value, argument) == 0;
        case Op::ne:
            return compare_json(value, argument) != 0;
        case Op::lt:
            return compare_json(value, argument) < 0;
        case Op::lte:
            return compare_json(value, argument) <= 0;
        case Op::gt:
            return compare_json(value, argument) > 0;
        case Op::gte:
            return compare_json(value, argument) >= 0;
        case Op::in:
        case Op::nin: {
            const auto& list = argument.get_array();
            if (list.empty()) return op == Op::nin;
            // A list is also in when one of its elements is.
            bool is_in = is_one_of(value, list);
            if (!is_in && value.is_array())
                is_in = std::ranges::any_of(value.get_array(),
                                            [&](const auto& item) { return is_one_of(item, list); });
            return is_in == (op == Op::in);
        }
        case Op::exists:
            return argument.get_bool();
        case Op::type:
            return type_name(value) == std::string_view{argument.get_string()};
        case Op::mod: {
            if (!value.is_int64()) return false;
            const auto& list = argument.get_array();
            return value.get_int64() % list[0].get_int64() == list[1].get_int64();
        }
        case Op::regex: {
            if (!value.is_string()) return false;
            const auto& text = value.get_string();
            try {
                return boost::regex_search(text.begin(), text.end(), *regex);
            } catch (const std::runtime_error&) {  // it would take for ever
                return false;
            }
        }
        case Op::size:
            return value.is_array() &&
                   value.get_array().size() == static_cast<std::size_t>(argument.get_int64());
        case Op::all: {
            if (!value.is_array() || argument.get_array().empty()) return false;
            const auto& wanted = argument.get_array();
            if (wanted.size() == 1 && wanted[0].is_array() && is_equal(wanted[0], value)) return true;
            return std::ranges::all_of(wanted,
                                       [&](const auto& item) { return is_one_of(item, value.get_array()); });
        }
        case Op::elem:
            return value.is_array() && std::ranges::any_of(value.get_array(), [&](const auto& item) {
                       return children[0].matches(item);
                   });
        case Op::all_match:
            return value.is_array() && !value.get_array().empty() &&
                   std::ranges::all_of(value.get_array(),
                                       [&](const auto& item) { return children[0].matches(item); });
        case Op::key_map:
            return value.is_object() && std::ranges::any_of(value.get_object(), [&](const auto& member) {
                       return children[0].matches(json::value(member.key()));
                   });
        case Op::begins: {
            const auto& prefix = argument.get_string();
            return value.is_string() &&
                   std::string_view{value.get_string()}.starts_with(std::string_view{prefix});
        }
        default:
            return false;
    }
}

json::value Selector::Node::show() const {
    json::object out;
    if (is_boolean()) {
        json::array parts;
        for (const auto& child : children) parts.push_back(child.show());
        if (parts.empty()) return out;
        out[name_of(op)] = std::move(parts);
        return out;
    }
    json::object condition;
    if (op == Op::not_)
        condition["$not"] = json::object{{name_of(children[0].op), children[0].argument}};
    else
        condition[name_of(op)] = children.empty() ? argument : children[0].show();
    if (field.empty()) return condition;
    out[field] = std::move(condition);
    return out;
}

Selector::Selector(const json::value& selector) : root_(std::make_unique<Node>(read(selector, {}, false))) {}
Selector::~Selector() = default;
Selector::Selector(Selector&&) noexcept = default;
Selector& Selector::operator=(Selector&&) noexcept = default;

bool Selector::matches(const json::value& document) const { return root_->matches(document); }
json::value Selector::normalized() const { return root_->show(); }

std::vector<std::string> Selector::required_fields() const {
    std::vector<std::string> out;
    std::vector<const Node*> left{root_.get()};
    while (!left.empty()) {
        const auto* node = left.back();
        left.pop_back();
        if (node->op == Op::and_)
            for (const auto& child : node->children) left.push_back(&child);
        else if (node->op != Op::or_ && !(node->op == Op::exists && !node->argument.get_bool()))
            out.push_back(node->field);
    }
    return out;
}

std::vector<std::string> split_field(std::string_view field) {
    std::vector<std::string> out;
    if (field.empty()) return out;
    out.emplace_back();
    for (std::size_t i = 0; i < field.size(); ++i) {
        if (field[i] == '\\' && i + 1 < field.size() && field[i + 1] == '.')
            out.back() += field[++i];
        else if (field[i] == '.')
            out.emplace_back();
        else
            out.back() += field[i];
    }
    return out;
}

const json::value* find_field(const json::value& document, const std::vector<std::string>& path) {
    const auto* at = &document;
    for (const auto& key : path) {
        if (at->is_array()) {
            std::size_t index = 0;
            const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), index);
            if (error != std::errc{} || end != key.data() + key.size() || index >= at->get_array().size())
                return nullptr;
            at = &at->get_array()[index];
        } else {
            at = base::member(*at, key);
            if (!at) return nullptr;
        }
    }
    return at;
}

}  // namespace couchmock
