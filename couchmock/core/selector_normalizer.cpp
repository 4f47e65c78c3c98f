#include "couchmock/core/erlang_print.hpp"
#include "couchmock/core/selector.hpp"
#include "node/base/json.hpp"

#include <algorithm>
#include <array>
#include <string>

#include <boost/regex.hpp>

/// Brings a selector into the form that CouchDB works with, in its three steps (mango_selector:normalize):
/// every condition under one operator, under one field's whole path, negations moved down to the comparisons.
namespace davenport::couchmock {
namespace {

namespace json = boost::json;

ApiError mango_error(std::string_view error, std::string reason) {
    return {400, std::string{error}, std::move(reason), {}};
}
ApiError bad_argument(std::string_view op, const json::value& argument) {
    return mango_error("bad_arg",
                       "Bad argument for operator " + std::string{op} + ": " + print_term(argument));
}

json::value single(std::string_view key, json::value value) {
    json::object out;
    out.emplace(key, std::move(value));
    return out;
}

/// The only member of an object that has exactly one.
const json::key_value_pair* only_member(const json::value& value) {
    if (!value.is_object() || value.get_object().size() != 1) return nullptr;
    return &*value.get_object().begin();
}

bool is_list_operator(std::string_view op) { return op == "$and" || op == "$or" || op == "$nor"; }
bool is_element_operator(std::string_view op) {
    return op == "$elemMatch" || op == "$allMatch" || op == "$keyMapMatch";
}

// ---- every condition under one operator

json::value under_operators(const json::value& selector);

bool is_valid_argument(std::string_view op, const json::value& argument) {
    if (op == "$in" || op == "$nin" || op == "$all") return argument.is_array();
    if (op == "$exists") return argument.is_bool();
    if (op == "$type") return argument.is_string();
    if (op == "$size") return argument.is_uint64() || (argument.is_int64() && argument.get_int64() >= 0);
    if (op == "$text") return argument.is_string() || argument.is_number() || argument.is_bool();
    if (op == "$mod") {
        const auto is_integer = [](const json::value& value) {
            return value.is_int64() || value.is_uint64();
        };
        return argument.is_array() && argument.get_array().size() == 2 &&
               is_integer(argument.get_array()[0]) && is_integer(argument.get_array()[1]);
    }
    if (op == "$regex") {
        try {
            const auto& text = argument.get_string();
            static_cast<void>(boost::regex{text.begin(), text.end()});
        } catch (const boost::regex_error&) {
            return false;
        }
    }
    return true;
}

json::value operator_condition(std::string_view op, const json::value& argument) {
    static constexpr std::array compared{"$lt",  "$lte", "$eq",     "$ne",   "$gte", "$gt",  "$in",
                                         "$nin", "$all", "$exists", "$type", "$mod", "$size"};
    static constexpr std::array unsupported{"$where", "$geoWithin", "$geoIntersects", "$near", "$nearSphere"};
    if (is_list_operator(op)) {
        if (!argument.is_array()) throw bad_argument(op, argument);
        json::array parts;
        for (const auto& part : argument.get_array()) parts.push_back(under_operators(part));
        return single(op, std::move(parts));
    }
    if (op == "$not" || is_element_operator(op)) {
        if (!argument.is_object()) throw bad_argument(op, argument);
        return single(op, under_operators(argument));
    }
    const bool of_text = (op == "$regex" || op == "$beginsWith") && argument.is_string();
    if (of_text || op == "$text" || std::ranges::find(compared, op) != compared.end()) {
        if (!is_valid_argument(op, argument)) throw bad_argument(op, argument);
        return op == "$text" ? single("$default", single(op, argument)) : single(op, argument);
    }
    if (op == "$default") return single(op, argument);
    if (std::ranges::find(unsupported, op) != unsupported.end())
        throw mango_error("not_supported", "Unsupported operator: " + std::string{op});
    throw mango_error("invalid_operator", "Invalid operator: " + std::string{op});
}

json::value under_operators(const json::value& selector) {
    if (const auto* only = only_member(selector)) {
        if (only->key().starts_with('$')) return operator_condition(only->key(), only->value());
        return single(only->key(), under_operators(only->value()));
    }
    if (!selector.is_object() || selector.get_object().empty()) return single("$eq", selector);
    json::array parts;
    for (const auto& [key, value] : selector.get_object())
        parts.push_back(under_operators(single(key, value)));
    return single("$and", std::move(parts));
}

// ---- every condition under one field's whole path

json::value under_fields(const json::value& selector, const std::string& path) {
    const auto* only = only_member(selector);
    if (!only)
        throw mango_error("bad_field", "Invalid field normalization on selector: " + print_term(selector));
    const std::string_view key{only->key()};
    if (is_list_operator(key)) {
        json::array parts;
        for (const auto& part : only->value().get_array()) parts.push_back(under_fields(part, path));
        return single(key, std::move(parts));
    }
    if (key == "$not") return single(key, under_fields(only->value(), path));
    if (is_element_operator(key)) return single(path, single(key, under_fields(only->value(), "")));
    if (key == "$default") {
        if (!path.empty())
            throw mango_error("bad_field",
                              "Invalid field normalization on selector: " + print_term(selector));
        return selector;
    }
    if (key.starts_with('$')) return single(path, selector);
    return under_fields(only->value(), path.empty() ? std::string{key} : path + '.' + std::string{key});
}

// ---- negations moved down

json::value without_negations(const json::value& selector);

json::value negated(const json::value& selector) {
    const auto* only = only_member(selector);
    const std::string_view key{only->key()};
    const auto& argument = only->value();
    const auto each = [&](std::string_view op, auto&& change) {
        json::array parts;
        for (const auto& part : argument.get_array()) parts.push_back(change(part));
        return single(op, std::move(parts));
    };
    if (key == "$not") return without_negations(argument);
    if (key == "$nor") return each("$or", without_negations);
    if (key == "$and") return each("$or", negated);
    if (key == "$or") return each("$and", negated);
    if (key == "$default") throw bad_argument("$not", selector);
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 8> contraries{
        {{"$lt", "$gte"},
         {"$lte", "$gt"},
         {"$eq", "$ne"},
         {"$ne", "$eq"},
         {"$gte", "$lt"},
         {"$gt", "$lte"},
         {"$in", "$nin"},
         {"$nin", "$in"}}};
    for (const auto& [op, contrary] : contraries)
        if (key == op) return single(contrary, argument);
    if (key == "$exists") return single(key, !argument.get_bool());
    if (key.starts_with('$')) return single("$not", selector);
    return single(key, negated(argument));
}

json::value without_negations(const json::value& selector) {
    const auto* only = only_member(selector);
    const std::string_view key{only->key()};
    if (key == "$not") return negated(only->value());
    if (key != "$nor" && key != "$and" && key != "$or") return selector;
    json::array parts;
    for (const auto& part : only->value().get_array())
        parts.push_back(key == "$nor" ? negated(part) : without_negations(part));
    return single(key == "$nor" ? "$and" : key, std::move(parts));
}

}  // namespace

json::value normalize_selector(const json::value& selector) {
    if (selector.is_object() && selector.get_object().empty()) return selector;
    auto normal = without_negations(under_fields(under_operators(selector), ""));
    if (normal.get_object().contains(""))
        throw mango_error("invalid_selector", "One or more conditions is missing a field name.");
    return normal;
}

}  // namespace davenport::couchmock
