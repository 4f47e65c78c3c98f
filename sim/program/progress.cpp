#include "sim/program/progress.hpp"

#include "sim/scenario/value.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

namespace sim::program {

namespace {

constexpr auto redraw_after = std::chrono::milliseconds{200};
constexpr int bar_width = 24;

}  // namespace

Progress::Progress(std::string title, const Plan& plan)
    : title_{std::move(title)}, end_{plan.end}, terminal_{isatty(STDOUT_FILENO) == 1} {}

void Progress::add(const Record& record) {
    if (!terminal_) return;
    switch (record.what) {
        case What::send:
            if (sent_++ == 0 && phase_ == "settling") phase_ = "load";
            break;
        case What::accepted:
            ++accepted_;
            break;
        case What::shown:
            ++shown_count_;
            break;
        case What::fault_on:
            phase_ = record.name;
            break;
        case What::fault_off:
            phase_ = "after " + record.name;
            break;
        case What::healed:
            phase_ = "converging";
            break;
        default:
            break;
    }
}

void Progress::show(Duration at) {
    if (!terminal_ || (shown_ && at - last_ < redraw_after)) return;
    last_ = at;
    shown_ = true;
    const auto whole = std::max<Duration::rep>(end_.count(), 1);
    const auto filled =
        static_cast<int>(std::clamp<Duration::rep>(at.count() * bar_width / whole, 0, bar_width));
    const auto bar = std::string(static_cast<std::size_t>(filled), '#') +
                     std::string(static_cast<std::size_t>(bar_width - filled), '.');
    fmt::print("\r\033[K{} [{}] {:>3}s  sent {}  accepted {}  shown {}  {}", title_, bar,
               at.count() / 1'000'000, sent_, accepted_, shown_count_, phase_);
    std::fflush(stdout);
}

void Progress::clear() {
    if (!shown_) return;
    fmt::print("\r\033[K");
    std::fflush(stdout);
    shown_ = false;
}

}  // namespace sim::program
