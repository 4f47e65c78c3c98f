#include "couchmock/core/collation.hpp"

#include <algorithm>
#include <string_view>

namespace davenport::couchmock {
namespace {

namespace json = boost::json;

int rank_of(const json::value& value) {
    switch (value.kind()) {
        case json::kind::null:
            return 0;
        case json::kind::bool_:
            return value.get_bool() ? 2 : 1;
        case json::kind::int64:
        case json::kind::uint64:
        case json::kind::double_:
            return 3;
        case json::kind::string:
            return 4;
        case json::kind::array:
            return 5;
        case json::kind::object:
            return 6;
    }
    return 0;
}

int sign(auto a, auto b) { return a < b ? -1 : a > b ? 1 : 0; }

int compare_numbers(const json::value& a, const json::value& b) {
    if (a.is_int64() && b.is_int64()) return sign(a.get_int64(), b.get_int64());
    if (a.is_uint64() && b.is_uint64()) return sign(a.get_uint64(), b.get_uint64());
    return sign(a.to_number<double>(), b.to_number<double>());
}

/// Where a character stands in the first place: what it is, then which one, case aside.
int primary(char c) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80) return 1000 + byte;
    if (c >= 'a' && c <= 'z') return 500 + c;
    if (c >= 'A' && c <= 'Z') return 500 + c + 32;
    if (c >= '0' && c <= '9') return 400 + c;
    return byte;
}

int compare_strings(std::string_view a, std::string_view b) {
    const auto common = std::min(a.size(), b.size());
    for (std::size_t i = 0; i < common; ++i)
        if (const int order = sign(primary(a[i]), primary(b[i])); order != 0) return order;
    if (a.size() != b.size()) return sign(a.size(), b.size());
    for (std::size_t i = 0; i < common; ++i)
        if (a[i] != b[i]) return a[i] > b[i] ? -1 : 1;  // lower case has the greater code and comes first
    return 0;
}

}  // namespace

int compare_json(const json::value& a, const json::value& b) {
    if (const int order = sign(rank_of(a), rank_of(b)); order != 0) return order;
    if (a.is_string()) return compare_strings(a.get_string(), b.get_string());
    if (a.is_array()) {
        const auto& left = a.get_array();
        const auto& right = b.get_array();
        for (std::size_t i = 0; i < left.size() && i < right.size(); ++i)
            if (const int order = compare_json(left[i], right[i]); order != 0) return order;
        return sign(left.size(), right.size());
    }
    if (a.is_object()) {
        const auto& left = a.get_object();
        const auto& right = b.get_object();
        auto other = right.begin();
        for (auto it = left.begin(); it != left.end() && other != right.end(); ++it, ++other) {
            if (const int order = compare_strings(it->key(), other->key()); order != 0) return order;
            if (const int order = compare_json(it->value(), other->value()); order != 0) return order;
        }
        return sign(left.size(), right.size());
    }
    return rank_of(a) == 3 ? compare_numbers(a, b) : 0;
}

}  // namespace davenport::couchmock
