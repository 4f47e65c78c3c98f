#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace davenport::sim {

/// What can stand behind a key.
enum class Type {
    text,         ///< free text
    name,         ///< a letter, then letters, digits, '.', '-', '_'
    count,        ///< 12
    time,         ///< 150ms, 10s, 2min
    offset,       ///< a time that may be negative: -2s
    time_range,   ///< 1ms..5ms, or one time
    rate,         ///< 50/s, 30/min
    rate_range,   ///< 10/s..50/s, also falling, or one rate
    bytes,        ///< 64B, 2KB, 1MB
    bytes_range,  ///< 16B..2KB, or one size
    bandwidth,    ///< 100KB/s
    percent,      ///< 30%
    choice,       ///< one of a few words
    flag,         ///< true or false
    node,         ///< n2
    client,       ///< c5
    store,        ///< s2
    path,         ///< /chat
    kind,         ///< of a fault: store.down
    kinds,        ///< a list of them
    condition,    ///< accepted >= 100
    section,      ///< a map with keys of its own
    list,         ///< a list of sections or expectations
    map,          ///< a map of names
};

/// A scalar of the language, read. Numbers are whole, in the smallest unit of their type: microseconds,
/// bytes, messages in 1000 seconds, bytes a second, millionths (of a percentage's 100 %), plain counts.
struct Value {
    std::string text;       ///< as written
    std::int64_t low = 0;   ///< the number, or a range's lower end, or 1 for true
    std::int64_t high = 0;  ///< equal to low where there is no range
};

/// Reads `text` as a `type` that has a number in it (count to percent), a flag, or the name of a
/// node, client or store
/// ("n2": low is 2). Nothing when it is not valid; `why` then says what is wrong, in words that fit behind
/// the key's name: "needs a unit: 10s, 150ms".
std::optional<Value> parse_value(Type type, std::string_view text, std::string& why);

/// "1ms..5ms or 2ms": how such a value is written, for messages and the reference.
std::string_view example_of(Type type);
/// "a time", "a count".
std::string_view noun_of(Type type);

/// A time for people, in the largest unit that shows it whole: "10s", "1.5s", "150ms".
std::string show_time(std::int64_t us);
/// Microseconds as a decimal number of milliseconds: "20", "0.15".
std::string as_ms(std::int64_t us);
/// Millionths as a decimal fraction: "0.3".
std::string as_fraction(std::int64_t millionths);

}  // namespace davenport::sim
