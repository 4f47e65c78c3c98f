#include "node/base/time.hpp"

#include <array>
#include <utility>

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
    [[nodiscard]] bool empty() const { return rest_.empty(); }
    [[nodiscard]] char next() const { return rest_.empty() ? '\0' : rest_.front(); }
    void spaces() {
        if (!take(' ')) fail();
        while (take(' ')) {
        }
    }
    std::string_view letters() {
        std::size_t n = 0;
        while (n < rest_.size() &&
               ((rest_[n] >= 'A' && rest_[n] <= 'Z') || (rest_[n] >= 'a' && rest_[n] <= 'z')))
            ++n;
        return word(n);
    }
    /// An offset, or the name of a zone.
    std::chrono::minutes zone() {
        if (next() == '+' || next() == '-') return offset();
        const auto name = letters();
        for (const auto& [known, hours] : zones)
            if (known == name) return std::chrono::hours{hours};
        return std::chrono::minutes{fail()};
    }

private:
    /// RFC 2822's, and those that `date` prints most; other names mean different zones to different people.
    static constexpr std::array<std::pair<std::string_view, int>, 14> zones{{{"Z", 0},
                                                                             {"UTC", 0},
                                                                             {"GMT", 0},
                                                                             {"UT", 0},
                                                                             {"EST", -5},
                                                                             {"EDT", -4},
                                                                             {"CST", -6},
                                                                             {"CDT", -5},
                                                                             {"MST", -7},
                                                                             {"MDT", -6},
                                                                             {"PST", -8},
                                                                             {"PDT", -7},
                                                                             {"CET", 1},
                                                                             {"CEST", 2}}};

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
    if (!s.empty()) c.offset = s.offset();  // none: UTC, the same for everybody who reads it
    return s.done() ? to_wall(c) : std::nullopt;
}

void read_clock(Scanner& s, Calendar& c) {
    c.hour = s.digits(1, 2);
    s.expect(':');
    c.minute = s.digits(2, 2);
    if (s.take(':')) c.second = s.digits(2, 2);
}

/// RFC 2822: "Sun, 29 Nov 2026 18:00:02 +0000", with or without the day's name.
std::optional<WallTime> parse_mail(std::string_view text) {
    Scanner s{text};
    Calendar c{};
    if (const auto comma = text.find(','); comma == 3) {
        s.word(4);
        s.spaces();
    }
    c.day = s.digits(1, 2);
    s.spaces();
    c.month = month_of(s.word(3));
    s.spaces();
    c.year = s.digits(4, 4);
    s.spaces();
    read_clock(s, c);
    s.spaces();
    c.offset = s.zone();
    return s.done() ? to_wall(c) : std::nullopt;
}

/// What `date` prints: "Sun Nov 29 18:00:02 UTC 2026", "Sun 29 Nov 2026 06:00:02 PM CET"; and C's asctime,
/// which names no zone.
std::optional<WallTime> parse_date_output(std::string_view text) {
    Scanner s{text};
    Calendar c{};
    s.word(3);
    s.spaces();
    const bool day_first = s.next() >= '0' && s.next() <= '9';
    if (day_first) c.day = s.digits(1, 2), s.spaces();
    c.month = month_of(s.word(3));
    s.spaces();
    if (!day_first) c.day = s.digits(1, 2);
    if (day_first) c.year = s.digits(4, 4);
    s.spaces();
    read_clock(s, c);
    s.spaces();
    if (s.next() == 'A' || s.next() == 'P') {
        const bool afternoon = s.next() == 'P';
        if (const auto half = s.word(2); (half != "AM" && half != "PM") || c.hour < 1 || c.hour > 12)
            s.fail();
        c.hour = c.hour % 12 + (afternoon ? 12 : 0);
        s.spaces();
    }
    if (day_first) {
        c.offset = s.zone();
    } else {
        if (s.next() < '0' || s.next() > '9') c.offset = s.zone(), s.spaces();
        c.year = s.digits(4, 4);
    }
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
    for (const auto parse : {parse_iso, parse_article, parse_mail, parse_date_output})
        if (auto wall = parse(text)) return wall;
    return std::nullopt;
}

}  // namespace davenport::base
