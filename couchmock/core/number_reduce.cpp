#include "couchmock/core/number_reduce.hpp"

#include "couchmock/core/document_text.hpp"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <system_error>
#include <type_traits>
#include <utility>

namespace davenport::couchmock {
namespace {

/// A number as Erlang adds and compares it.
struct Number {
    std::int64_t integer = 0;
    double real = 0;
    bool whole = true;  ///< `integer` counts, else `real`

    [[nodiscard]] double as_real() const { return whole ? static_cast<double>(integer) : real; }
};

std::optional<Number> read_number(std::string_view text) {
    if (text.empty() || (text.front() != '-' && (text.front() < '0' || text.front() > '9'))) return {};
    Number out;
    const auto* end = text.data() + text.size();
    const auto integer = std::from_chars(text.data(), end, out.integer);
    if (integer.ptr == end) return integer.ec == std::errc{} ? std::optional{out} : std::nullopt;
    if (text.find_first_of(".eE") == std::string_view::npos) return {};
    out.whole = false;
    const auto read = std::from_chars(text.data(), end, out.real);
    if (read.ec != std::errc{} || read.ptr != end) return {};
    return out;
}

Number of_real(double value) { return {.integer = 0, .real = value, .whole = false}; }

bool finite(const Number& a) { return a.whole || std::isfinite(a.real); }

Number add(const Number& a, const Number& b) {
    Number sum;
    if (a.whole && b.whole && !__builtin_add_overflow(a.integer, b.integer, &sum.integer)) return sum;
    return of_real(a.as_real() + b.as_real());
}

Number square(const Number& a) {
    Number product;
    if (a.whole && !__builtin_mul_overflow(a.integer, a.integer, &product.integer)) return product;
    return of_real(a.as_real() * a.as_real());
}

bool below(const Number& a, const Number& b) {
    return a.whole && b.whole ? a.integer < b.integer : a.as_real() < b.as_real();
}

void append_number(std::string& out, const Number& number) {
    if (number.whole)
        out += std::to_string(number.integer);
    else
        append_json_double(out, number.real);
}

struct Stats {
    Number sum, count, min, max, sumsqr;
};
static_assert(std::is_trivially_copyable_v<Stats>);

/// What the text of statistics begins with: no JSON does.
constexpr char mark = 'S';

bool is_packed(std::string_view text) { return text.size() == 1 + sizeof(Stats) && text.front() == mark; }

std::optional<Stats> read_stats(std::string_view text) {
    if (is_packed(text)) {
        Stats out;
        std::memcpy(&out, text.data() + 1, sizeof out);
        return out;
    }
    const auto number = read_number(text);
    if (!number) return {};
    return Stats{*number, {.integer = 1}, *number, *number, square(*number)};
}

}  // namespace

std::optional<std::string> sum_of_numbers(const std::vector<std::string_view>& texts) {
    Number sum;
    for (const auto text : texts) {
        const auto number = read_number(text);
        if (!number) return {};
        sum = add(sum, *number);
    }
    if (!finite(sum)) return {};
    std::string out;
    append_number(out, sum);
    return out;
}

std::optional<std::string> stats_of_numbers(const std::vector<std::string_view>& texts) {
    std::optional<Stats> total;
    for (const auto text : texts) {
        const auto one = read_stats(text);
        if (!one) return {};
        if (!total) {
            total = one;
            continue;
        }
        total->sum = add(total->sum, one->sum);
        total->count = add(total->count, one->count);
        if (below(one->min, total->min)) total->min = one->min;
        if (below(total->max, one->max)) total->max = one->max;
        total->sumsqr = add(total->sumsqr, one->sumsqr);
    }
    if (!total || !finite(total->sum) || !finite(total->sumsqr)) return {};
    std::string out(1 + sizeof(Stats), mark);
    std::memcpy(out.data() + 1, &*total, sizeof(Stats));
    return out;
}

std::string stats_as_json(const std::string& text) {
    if (!is_packed(text)) return text;
    const auto stats = *read_stats(text);
    std::string out = "{";
    for (const auto& [name, number] :
         {std::pair{"\"sum\":", stats.sum}, std::pair{",\"count\":", stats.count},
          std::pair{",\"min\":", stats.min}, std::pair{",\"max\":", stats.max},
          std::pair{",\"sumsqr\":", stats.sumsqr}}) {
        out += name;
        append_number(out, number);
    }
    return out + '}';
}

}  // namespace davenport::couchmock
