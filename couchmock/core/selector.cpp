#include "couchmock/core/selector.hpp"

#include "couchmock/core/collation.hpp"
#include "couchmock/core/selector_node.hpp"
#include "node/base/json.hpp"

#include <algorithm>
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

int compare(const json::value& a, const json::value& b, bool by_bytes) {
    if (by_bytes && a.is_string() && b.is_string()) return a.get_string().compare(b.get_string());
    return compare_json(a, b);
}

bool contains(const json::array& list, const json::value& value) {
    return std::ranges::any_of(list, [&](const auto& item) { return compare_json(value, item) == 0; });
}

bool has_all(const json::value& value, const json::array& wanted) {
    if (!value.is_array() || wanted.empty()) return false;
    if (wanted.size() == 1 && wanted[0].is_array() && compare_json(wanted[0], value) == 0) return true;
    return std::ranges::all_of(wanted, [&](const auto& item) { return contains(value.get_array(), item); });
}

bool finds(const boost::regex& regex, const json::value& value) {
    if (!value.is_string()) return false;
    const auto& text = value.get_string();
    try {
        return boost::regex_search(text.begin(), text.end(), regex);
    } catch (const std::runtime_error&) {  // it would take for ever
        return false;
    }
}

bool leaves_rest(const json::value& value, const json::array& division) {
    if (!value.is_int64() || !division[0].is_int64() || division[0].get_int64() == 0) return false;
    if (division[0].get_int64() == -1) return division[1] == 0;  // what INT64_MIN may not be divided by
    return division[1].is_int64() && value.get_int64() % division[0].get_int64() == division[1].get_int64();
}

}  // namespace

bool Selector::Node::matches(const json::value& value, bool by_bytes) const {
    const auto holds = [&](const Node& child) { return child.matches(value, by_bytes); };
    switch (op) {
        case Op::anything:
            return true;
        case Op::and_:
            return std::ranges::all_of(children, holds);
        case Op::or_:
            return children.empty() || std::ranges::any_of(children, holds);
        case Op::not_:
            return !holds(children.front());
        case Op::field:
            return field_matches(value, by_bytes);
        default:
            return compares(value, by_bytes);
    }
}

bool Selector::Node::field_matches(const json::value& value, bool by_bytes) const {
    const auto& condition = children.front();
    if (path.empty()) return condition.matches(value, by_bytes);
    bool bad_path = false;
    const auto* found = find_field(value, path, &bad_path);
    if (!found) return !bad_path && condition.op == Op::exists && !condition.argument.get_bool();
    return condition.matches(*found, raw || by_bytes);
}

bool Selector::Node::is_in(const json::value& value, bool by_bytes) const {
    const auto is_listed = [&](const json::value& one) {
        return std::ranges::any_of(argument.get_array(),
                                   [&](const auto& item) { return compare(one, item, by_bytes) == 0; });
    };
    return value.is_array() ? std::ranges::any_of(value.get_array(), is_listed) : is_listed(value);
}

bool Selector::Node::compares(const json::value& value, bool by_bytes) const {
    const auto child_matches = [&](const json::value& item) { return children.front().matches(item); };
    switch (op) {
        case Op::eq:
            return compare(value, argument, by_bytes) == 0;
        case Op::ne:
            return compare(value, argument, by_bytes) != 0;
        case Op::lt:
            return compare(value, argument, by_bytes) < 0;
        case Op::lte:
            return compare(value, argument, by_bytes) <= 0;
        case Op::gt:
            return compare(value, argument, by_bytes) > 0;
        case Op::gte:
            return compare(value, argument, by_bytes) >= 0;
        case Op::in:
            return is_in(value, by_bytes);
        case Op::nin:
            return argument.get_array().empty() || !is_in(value, by_bytes);
        case Op::exists:
            return argument.get_bool();
        case Op::type:
            return type_name(value) == std::string_view{argument.get_string()};
        case Op::mod:
            return leaves_rest(value, argument.get_array());
        case Op::regex:
            return finds(*regex, value);
        case Op::size:
            return value.is_array() && value.get_array().size() == argument.to_number<std::uint64_t>();
        case Op::all:
            return has_all(value, argument.get_array());
        case Op::elem:
            return value.is_array() && std::ranges::any_of(value.get_array(), child_matches);
        case Op::all_match:
            return value.is_array() && !value.get_array().empty() &&
                   std::ranges::all_of(value.get_array(), child_matches);
        case Op::key_map:
            return value.is_object() && std::ranges::any_of(value.get_object(), [&](const auto& member) {
                       return child_matches(json::value(member.key()));
                   });
        case Op::begins:
            return value.is_string() &&
                   std::string_view{value.get_string()}.starts_with(std::string_view{argument.get_string()});
        default:
            return false;
    }
}

Selector::Selector(const json::value& selector)
    : normal_(normalize_selector(selector)), root_(std::make_unique<Node>(read_selector(normal_))) {}
Selector::~Selector() = default;
Selector::Selector(Selector&&) noexcept = default;
Selector& Selector::operator=(Selector&&) noexcept = default;

bool Selector::matches(const json::value& document) const { return root_->matches(document); }

std::vector<std::string> split_field(std::string_view field) {
    std::vector<std::string> out;
    if (field.empty()) return out;
    out.emplace_back();
    for (std::size_t i = 0; i < field.size(); ++i) {
        if (field[i] == '\\' && i + 1 < field.size() && field[i + 1] == '.')
            out.back() += field[++i];
        else if (field[i] == '.')
            out.emplace_back();
        else if (field[i] != '\\')
            out.back() += field[i];
    }
    if (std::ranges::any_of(out, [](const auto& part) { return part.empty(); }))
        throw ApiError{400, "invalid_field_name", "Invalid field name: " + std::string{field}, {}};
    return out;
}

const json::value* find_field(const json::value& document, const std::vector<std::string>& path,
                              bool* bad_path) {
    const auto* at = &document;
    const auto stop = [&](bool bad) -> const json::value* {
        if (bad_path) *bad_path = bad;
        return nullptr;
    };
    for (const auto& key : path) {
        if (at->is_array()) {
            std::size_t index = 0;
            const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), index);
            if (error != std::errc{} || end != key.data() + key.size() || index >= at->get_array().size())
                return stop(true);
            at = &at->get_array()[index];
        } else if (at->is_object()) {
            at = base::member(*at, key);
            if (!at) return stop(false);
        } else {
            return stop(true);
        }
    }
    return at;
}

json::value project(const json::value& document, const std::vector<std::string>& fields) {
    if (fields.empty()) return document;
    json::object out;
    for (const auto& field : fields) {
        const auto path = split_field(field);
        const auto* value = path.empty() ? nullptr : find_field(document, path);
        if (!value) continue;
        auto* into = &out;
        for (std::size_t i = 0; i + 1 < path.size(); ++i) {
            auto& inner = (*into)[path[i]];
            if (!inner.is_object()) inner = json::object{};
            into = &inner.get_object();
        }
        (*into)[path.back()] = *value;
    }
    return out;
}

}  // namespace davenport::couchmock
