#include "node/core/store/clock_check.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

namespace davenport::node {
namespace {

constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

std::optional<int> number(std::string_view digits) {
    int value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
    return value;
}

}  // namespace

std::optional<base::WallTime> read_http_date(std::string_view text) {
    if (text.size() != 29 || text.substr(3, 2) != ", " || text.substr(25) != " GMT") return std::nullopt;
    const auto month = std::ranges::find(months, text.substr(8, 3));
    const auto day = number(text.substr(5, 2)), year = number(text.substr(12, 4));
    const auto hour = number(text.substr(17, 2)), minute = number(text.substr(20, 2)),
               second = number(text.substr(23, 2));
    if (month == months.end() || !day || !year || !hour || !minute || !second) return std::nullopt;
    const std::chrono::year_month_day date{
        std::chrono::year{*year}, std::chrono::month{static_cast<unsigned>(month - months.begin() + 1)},
        std::chrono::day{static_cast<unsigned>(*day)}};
    if (!date.ok()) return std::nullopt;
    return base::WallTime{std::chrono::sys_days{date}} + std::chrono::hours{*hour} +
           std::chrono::minutes{*minute} + std::chrono::seconds{*second};
}

void ClockCheck::answered(Turn& turn, std::string_view date, base::Time asked_at) {
    // The Date has whole seconds.
    if (const auto said = read_http_date(date)) told(turn, *said, std::chrono::milliseconds{500}, asked_at);
}

void ClockCheck::told(Turn& turn, base::WallTime time, base::Duration rounding, base::Time asked_at) {
    said_ = time;
    heard_at_ = turn.now.time;
    const auto ahead = turn.now.wall - time - rounding;
    const bool far = std::chrono::abs(ahead) > tolerance + rounding + (turn.now.time - asked_at);
    const auto seconds = [](base::Duration d) {
        return std::to_string(std::chrono::abs(std::chrono::duration_cast<std::chrono::seconds>(d)).count());
    };
    if (!far) {
        if (std::exchange(off_, false)) turn.info("clock: it agrees with the store's again");
        suspected_ = false;
        return;
    }
    ahead_ = ahead;
    if (!std::exchange(suspected_, true) || std::exchange(off_, true)) return;
    turn.warn("clock: this machine's is " + seconds(ahead) + " s " +
              (ahead > base::Duration{} ? "ahead of" : "behind") +
              " the store's: messages get wrong places; set the clock right (NTP)");
}

}  // namespace davenport::node
