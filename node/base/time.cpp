#include "node/base/time.hpp"

#include <array>

#include <fmt/compile.h>
#include <fmt/format.h>

namespace davenport::base {
namespace {

/// Reads a text from left to right; every step that does not fit makes the whole fail.
class Scanner {
public:
    explicit Scanner(std::string_view text) : rest_{text} {}

    int digits(std::size_t least, std::size_t most) {
        std::size_t n = 0;
        while (n < rest_.size() && n < most && rest_[n] >= '0' && rest_[n] <= '9') ++n;
        if (n < least) return fail();
        int value = 0;
        for (const char c : rest_.substr(0, n)) value = value * 10 + (c - '0');
        rest_.remove_prefix(n);
        return value;
    }
    bool take(char c) {
        if (rest_.empty() || rest_.front() != c) return false;
        rest_.remove_prefix(1);
        return true;
    }
    void expect(char c) {
        if (!take(c)) fail();
    }
    std::string_view word(std::size_t n) {
        if (rest_.size() < n) return fail(), std::string_view{};
        auto w = rest_.substr(0, n);
        rest_.remove_prefix(n);
        return w;
    }
    /// Microseconds after the dot; digits beyond the sixth are dropped.
    int fraction() {
        int value = 0;
        int n = 0;
        for (; !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9'; rest_.remove_prefix(1), ++n)
            if (n < 6) value = value * 10 + (rest_.front() - '0');
        if (n == 0) return fail();
        for (; n < 6; ++n) value *= 10;
        return value;
    }
    std::chrono::minutes offset() {
        if (take('Z')) return std::chrono::minutes{0};
        const int sign = take('-') ? -1 : (expect('+'), 1);
        const int hours = digits(2, 2);
        take(':');
        const int minutes = digits(2, 2);
        if (hours > 23 || minutes > 59) fail();
        return std::chrono::minutes{sign * (hours * 60 + minutes)};
    }
    int fail() {
        good_ = false;
        rest_ = {};
        return 0;
    }
    [[nodiscard]] bool done() const { return good_ && rest_.empty(); }

private:
    std::string_view rest_;
    bool good_ = true;
};

int month_of(std::string_view name) {
    static constexpr std::array<std::string_view, 12> names{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    for (std::size_t i = 0; i < names.size(); ++i)
        if (names[i] == name) return static_cast<int>(i) + 1;
    return 0;
}

struct Calendar {
    int year, month, day, hour, minute, second, micros;
    std::chrono::minutes offset;
};

std::optional<WallTime> to_wall(const Calendar& c) {
    const std::chrono::year_month_day date{std::chrono::year{c.year},
                                           std::chrono::month{static_cast<unsigned>(c.month)},
                                           std::chrono::day{static_cast<unsigned>(c.day)}};
    if (!date.ok() || c.hour > 23 || c.minute > 59 || c.second > 60) return std::nullopt;
    return WallTime{std::chrono::sys_days{date}} + std::chrono::hours{c.hour} +
           std::chrono::minutes{c.minute} + std::chrono::seconds{c.second} + Duration{c.micros} - c.offset;
}

std::optional<WallTime> parse_iso(std::string_view text) {
    Scanner s{text};
    Calendar c{};
    c.year = s.digits(4, 4);
    s.expect('-');
    c.month = s.digits(2, 2);
    s.expect('-');
    c.day = s.digits(2, 2);
    if (!s.take('T')) s.expect(' ');
    c.hour = s.digits(2, 2);
    s.expect(':');
    c.minute = s.digits(2, 2);
    if (s.take(':')) {
        c.second = s.digits(2, 2);
        if (s.take('.')) c.micros = s.fraction();
    }
    c.offset = s.offset();
    return s.done() ? to_wall(c) : std::nullopt;
}

std::optional<WallTime> parse_article(std::string_view text) {
    Scanner s{text};
    Calendar c{};
    c.year = s.digits(4, 4);
    s.expect(' ');
    c.month = month_of(s.word(3));
    s.expect(' ');
    c.day = s.digits(1, 2);
    s.expect(' ');
    c.hour = s.digits(2, 2);
    s.expect(':');
    c.minute = s.digits(2, 2);
    s.expect(':');
    c.second = s.digits(2, 2);
    s.expect(' ');
    c.offset = s.offset();
    return s.done() ? to_wall(c) : std::nullopt;
}

}  // namespace

std::string iso8601(WallTime wall) {
    using namespace std::chrono;
    const auto day = floor<days>(wall);
    const year_month_day date{day};
    const hh_mm_ss clock{floor<milliseconds>(wall - day)};
    return fmt::format(FMT_COMPILE("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z"),
                       static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                       static_cast<unsigned>(date.day()), clock.hours().count(), clock.minutes().count(),
                       clock.seconds().count(), clock.subseconds().count());
}

std::optional<WallTime> parse_datetime(std::string_view text) {
    if (auto wall = parse_iso(text)) return wall;
    return parse_article(text);
}

}  // namespace davenport::base
