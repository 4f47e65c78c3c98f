#include "couchmock/core/mango_range.hpp"

#include "couchmock/core/collation.hpp"

#include <algorithm>
#include <array>

namespace davenport::couchmock {
namespace {

namespace json = boost::json;

struct Part {
    std::string_view key;
    const json::value* value = nullptr;
};

/// The only member of an object in normal form; no key for the empty one.
Part part_of(const json::value& selector) {
    if (!selector.is_object() || selector.get_object().empty()) return {};
    const auto& member = *selector.get_object().begin();
    return {member.key(), &member.value()};
}

bool is_indexable(const json::value& condition) {
    static constexpr std::array operators{"$lt", "$lte", "$eq", "$gt", "$gte", "$beginsWith", "$exists"};
    return std::ranges::find(operators, part_of(condition).key) != operators.end();
}

/// Where a value lies, seen from a range.
enum class Place { below, at_low, within, at_high, above };

Place place_of(const json::value& value, const FieldRange& range) {
    if (range.low)
        if (const int order = compare_json(value, *range.low); order <= 0)
            return order < 0 ? Place::below : Place::at_low;
    if (range.high)
        if (const int order = compare_json(value, *range.high); order >= 0)
            return order > 0 ? Place::above : Place::at_high;
    return Place::within;
}

FieldRange nothing() {
    FieldRange range;
    range.empty = true;
    return range;
}
FieldRange exactly(const json::value& value) { return {value, value, false, false, false}; }

FieldRange at_most(FieldRange range, const json::value& value, bool open) {
    switch (place_of(value, range)) {
        case Place::below:
            return nothing();
        case Place::at_low:
            return open || range.low_open ? nothing() : exactly(value);
        case Place::within:
            range.high = value;
            range.high_open = open;
            return range;
        case Place::at_high:
            if (open) range.high_open = true;
            return range;
        case Place::above:
            return range;
    }
    return range;
}

FieldRange at_least(FieldRange range, const json::value& value, bool open) {
    switch (place_of(value, range)) {
        case Place::below:
            return range;
        case Place::at_low:
            if (open) range.low_open = true;
            return range;
        case Place::within:
            range.low = value;
            range.low_open = open;
            return range;
        case Place::at_high:
            return open || range.high_open ? nothing() : exactly(value);
        case Place::above:
            return nothing();
    }
    return range;
}

FieldRange equal_to(const FieldRange& range, const json::value& value) {
    switch (place_of(value, range)) {
        case Place::at_low:
            return range.low_open ? nothing() : exactly(value);
        case Place::within:
            return exactly(value);
        case Place::at_high:
            return range.high_open ? nothing() : exactly(value);
        default:
            return nothing();
    }
}

FieldRange narrowed(const FieldRange& range, const json::value& condition) {
    const auto [op, argument] = part_of(condition);
    if (op == "$lt" || op == "$lte") return at_most(range, *argument, op == "$lt");
    if (op == "$gt" || op == "$gte") return at_least(range, *argument, op == "$gt");
    if (op == "$eq") return equal_to(range, *argument);
    if (op == "$beginsWith") {
        auto from = at_least(range, *argument, false);
        if (from.empty) return from;
        auto last = argument->get_string();
        last += "\xef\xbf\xbf";  // U+FFFF sorts behind all that is text
        return at_most(std::move(from), last, false);
    }
    return range;
}

FieldRange range_of(FieldRange range, const json::value& selector, std::string_view field) {
    const auto [key, value] = part_of(selector);
    if (key == "$and") {
        for (const auto& part : value->get_array())
            if (!range.empty) range = range_of(std::move(range), part, field);
        return range;
    }
    return !key.empty() && key == field ? narrowed(range, *value) : range;
}

void collect_indexable(const json::value& selector, std::vector<std::string>& out) {
    const auto [key, value] = part_of(selector);
    if (key == "$and")
        for (const auto& part : value->get_array()) collect_indexable(part, out);
    else if (value && !key.starts_with('$') && is_indexable(*value))
        out.emplace_back(key);
}

/// Takes out of `fields` those that `selector` makes sure of.
void strike_required(const json::value& selector, std::vector<std::string>& fields) {
    const auto [key, value] = part_of(selector);
    if (!value) return;
    if (key == "$and") {
        for (const auto& part : value->get_array()) strike_required(part, fields);
    } else if (key == "$or") {
        std::vector<std::string> remain;
        for (const auto& part : value->get_array()) {
            auto left = fields;
            strike_required(part, left);
            remain.insert(remain.end(), left.begin(), left.end());
        }
        std::ranges::sort(remain);
        remain.erase(std::unique(remain.begin(), remain.end()), remain.end());
        fields = std::move(remain);
    } else if (const auto [op, argument] = part_of(*value);
               !(op == "$exists" && argument->is_bool() && !argument->get_bool())) {
        if (const auto it = std::ranges::find(fields, key); it != fields.end()) fields.erase(it);
    }
}

}  // namespace

std::vector<std::string> indexable_fields(const json::value& selector) {
    std::vector<std::string> out;
    collect_indexable(selector, out);
    std::ranges::sort(out);
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

FieldRanges field_ranges(const json::value& selector) {
    FieldRanges out;
    for (const auto& field : indexable_fields(selector)) {
        auto range = range_of({}, selector, field);
        if (range.empty) return {{field, std::move(range)}};
        out.emplace_back(field, std::move(range));
    }
    return out;
}

std::vector<std::string> fields_of(const json::value& selector) {
    std::vector<std::string> out;
    const auto [key, value] = part_of(selector);
    if (key.starts_with('$') && value->is_array()) {
        for (const auto& part : value->get_array())
            for (auto& field : fields_of(part)) out.push_back(std::move(field));
    } else if (value) {
        out.emplace_back(key);
    }
    return out;
}

bool has_required_fields(const json::value& selector, std::vector<std::string> fields) {
    strike_required(selector, fields);
    return fields.empty();
}

bool is_constant_field(const json::value& selector, std::string_view field) {
    const auto [key, value] = part_of(selector);
    if (key == "$and")
        return std::ranges::any_of(value->get_array(),
                                   [&](const auto& part) { return is_constant_field(part, field); });
    return value && key == field && part_of(*value).key == "$eq";
}

bool is_text_search(const json::value& selector) {
    const auto [key, value] = part_of(selector);
    if (!value) return false;
    if (key == "$default") return true;
    if (value->is_array())
        return std::ranges::any_of(value->get_array(), [](const auto& part) { return is_text_search(part); });
    return value->is_object() && is_text_search(*value);
}

bool is_no_operation(const json::value& selector) {
    static constexpr std::array operators{"$all", "$and", "$or", "$in"};
    const auto [key, value] = part_of(selector);
    return value && value->is_array() && value->get_array().empty() &&
           std::ranges::find(operators, key) != operators.end();
}

}  // namespace davenport::couchmock
