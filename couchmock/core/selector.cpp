#include "couchmock/core/selector.hpp"

#include "couchmock/core/collation.hpp"
#include "couchmock/core/selector_node.hpp"
#include "node/base/json.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <boost/regex.hpp>

namespace davenport::couchmock {
namespace {

namespace json = boost::json;

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

Selector::Selector(const json::value& selector) : root_(std::make_unique<Node>(read_selector(selector))) {}
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

}  // namespace davenport::couchmock
