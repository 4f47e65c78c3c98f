#include "couchmock/core/collation.hpp"

#include "node/base/random.hpp"

#include <bit>
#include <cstdint>
#include <stdexcept>
#include <string_view>
#include <vector>

#include <unicode/ucol.h>
#include <unicode/ustring.h>

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

/// The one that CouchDB opens: ICU's root collation. Comparing with it is safe from any thread.
const UCollator* root_collator() {
    static const UCollator* const collator = [] {
        UErrorCode status = U_ZERO_ERROR;
        auto* opened = ucol_open("", &status);
        if (U_FAILURE(status)) throw std::runtime_error{"ICU has no root collation"};
        return opened;
    }();
    return collator;
}

int compare_strings(std::string_view a, std::string_view b) {
    UErrorCode status = U_ZERO_ERROR;
    return ucol_strcollUTF8(root_collator(), a.data(), static_cast<std::int32_t>(a.size()), b.data(),
                            static_cast<std::int32_t>(b.size()), &status);
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

// ---- sort keys

namespace {

/// What a sort key's value begins with; end_of_list is below all of them, so a shorter list comes first.
enum Tag : char {
    end_of_list = 0,
    null_tag,
    false_tag,
    true_tag,
    number_tag,
    string_tag,
    array_tag,
    object_tag,
    // raw: numbers come first, then atoms by their names
    raw_number_tag = number_tag,
    raw_false_tag = object_tag + 1,
    raw_null_tag,
    raw_true_tag,
    raw_object_tag,
    raw_array_tag,
    raw_string_tag,
};

void append_tag(std::string& out, Tag tag) { out += static_cast<char>(tag); }

void append_number(std::string& out, const json::value& value) {
    auto number = value.to_number<double>();
    if (number == 0) number = 0;  // -0 is no other number
    auto bits = std::bit_cast<std::uint64_t>(number);
    bits = bits >> 63 ? ~bits : bits | std::uint64_t{1} << 63;
    for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(bits >> shift);
}

/// ICU's sort key, which holds no zero but the one at its end.
void append_collated(std::string& out, std::string_view text) {
    thread_local std::vector<UChar> units;
    units.resize(text.size() + 1);
    UErrorCode status = U_ZERO_ERROR;
    std::int32_t count = 0;
    u_strFromUTF8WithSub(units.data(), static_cast<std::int32_t>(units.size()), &count, text.data(),
                         static_cast<std::int32_t>(text.size()), 0xFFFD, nullptr, &status);
    const auto at = out.size();
    const auto room = 4 * text.size() + 32;
    out.resize(at + room);
    const auto write = [&](std::size_t bytes) {
        return static_cast<std::size_t>(ucol_getSortKey(root_collator(), units.data(), count,
                                                        reinterpret_cast<std::uint8_t*>(out.data() + at),
                                                        static_cast<std::int32_t>(bytes)));
    };
    auto size = write(room);
    if (size > room) {
        out.resize(at + size);
        size = write(size);
    }
    out.resize(at + size);
}

/// As append_collated(), for texts that come again and again: names, dates.
void append_collated_again(std::string& out, std::string_view text) {
    struct Known {
        std::string text, key;
    };
    constexpr std::size_t short_bytes = 64;
    thread_local std::vector<Known> known(4096);
    if (text.empty() || text.size() > short_bytes) {
        append_collated(out, text);
        return;
    }
    auto& slot = known[base::fnv1a(text) % known.size()];
    if (slot.text != text) {
        slot = {std::string{text}, {}};
        append_collated(slot.key, text);
    }
    out += slot.key;
}

/// The bytes with 0 and 1 in two bytes each, so that a 0 can end them.
void append_raw_string(std::string& out, std::string_view text) {
    for (const char c : text) {
        if (c == 0 || c == 1) out += '\1';
        out += c == 0 || c == 1 ? static_cast<char>(c + 1) : c;
    }
    out += '\0';
}

void append_string(std::string& out, std::string_view text, Collation collation) {
    collation == Collation::raw ? append_raw_string(out, text) : append_collated_again(out, text);
}

}  // namespace

void append_sort_key(std::string& out, const json::value& value, Collation collation) {
    const bool raw = collation == Collation::raw;
    switch (value.kind()) {
        case json::kind::null:
            append_tag(out, raw ? raw_null_tag : null_tag);
            return;
        case json::kind::bool_:
            append_tag(
                out, value.get_bool() ? (raw ? raw_true_tag : true_tag) : (raw ? raw_false_tag : false_tag));
            return;
        case json::kind::int64:
        case json::kind::uint64:
        case json::kind::double_:
            append_tag(out, number_tag);
            append_number(out, value);
            return;
        case json::kind::string:
            append_tag(out, raw ? raw_string_tag : string_tag);
            append_string(out, value.get_string(), collation);
            return;
        case json::kind::array:
            append_tag(out, raw ? raw_array_tag : array_tag);
            for (const auto& element : value.get_array()) append_sort_key(out, element, collation);
            append_tag(out, end_of_list);
            return;
        case json::kind::object:
            append_tag(out, raw ? raw_object_tag : object_tag);
            for (const auto& [name, member] : value.get_object()) {
                append_tag(out, raw ? raw_string_tag : string_tag);
                append_string(out, name, collation);
                append_sort_key(out, member, collation);
            }
            append_tag(out, end_of_list);
            return;
    }
}

std::size_t sort_key_end(std::string_view key, std::size_t at) {
    std::size_t depth = 0;
    do {
        const auto tag = key[at++];
        if (tag == number_tag)
            at += 8;
        else if (tag == string_tag || tag == raw_string_tag)
            at = key.find('\0', at) + 1;
        else if (tag == array_tag || tag == object_tag || tag == raw_array_tag || tag == raw_object_tag)
            ++depth;
        else if (tag == end_of_list)
            --depth;
    } while (depth > 0);
    return at;
}

std::string_view sort_key_prefix(std::string_view key, std::size_t count) {
    if (key.front() != array_tag && key.front() != raw_array_tag) return key;
    std::size_t at = 1;
    for (; count > 0; --count) {
        if (key[at] == end_of_list) return key;
        at = sort_key_end(key, at);
    }
    return key.substr(0, at);
}

// ---- Erlang's own order

int compare_terms(const json::value& a, const json::value& b) {
    std::string left, right;
    append_sort_key(left, a, Collation::raw);
    append_sort_key(right, b, Collation::raw);
    return left.compare(right);
}

}  // namespace davenport::couchmock
