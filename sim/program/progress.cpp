#include "sim/program/progress.hpp"

#include "sim/checker/evidence.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

namespace davenport::sim::program {

namespace {

constexpr auto redraw_after = std::chrono::milliseconds{200};
constexpr auto tell_after = std::chrono::seconds{10};  // in a pipe
constexpr std::int64_t window_us = 5'000'000;
constexpr int bar_width = 24;

}  // namespace

Progress::Progress(std::string title, const Plan& plan, bool wanted)
    : title_{std::move(title)}, end_{plan.end}, wanted_{wanted}, terminal_{isatty(STDOUT_FILENO) == 1} {}

void Progress::add(const Record& record) {
    if (!wanted_) return;
    switch (record.kind) {
        case RecordKind::send:
            if (sent_++ == 0 && phase_ == "settling") phase_ = "load";
            break;
        case RecordKind::accepted:
        case RecordKind::stored:  // the only answer, when it is there first
            accepted_.insert(record.msg);
            break;
        case RecordKind::shown:
            ++shown_count_;
            break;
        case RecordKind::backlog:
            backlog_[record.node] = record.count;
            break;
        case RecordKind::fault_on:
            faults_.insert(record.name);
            break;
        case RecordKind::fault_off:
            faults_.erase(record.name);
            phase_ = "after " + record.name;
            break;
        case RecordKind::healed:
            phase_ = "converging";
            break;
        default:
            break;
    }
    if (!terminal_ || (record.kind != RecordKind::send && record.kind != RecordKind::shown)) return;
    if (record.kind == RecordKind::send) due_us_.emplace(record.msg, record.due_us);
    const auto due = due_us_.find(record.msg);
    const bool waited = record.kind == RecordKind::shown && due != due_us_.end();
    window_.push_back({record.at_us, waited ? record.at_us - due->second : -1, record.kind});
    forget_before(record.at_us - window_us);
}

void Progress::forget_before(std::int64_t at_us) {
    while (!window_.empty() && window_.front().at_us < at_us) window_.pop_front();
}

std::string Progress::rates() const {
    std::int64_t sent = 0;
    std::vector<std::int64_t> waited;
    for (const auto& seen : window_) {
        sent += seen.kind == RecordKind::send ? 1 : 0;
        if (seen.waited_us >= 0) waited.push_back(seen.waited_us);
    }
    auto out = fmt::format("{:>5}/s sent  {:>7}/s shown", sent * 1'000'000 / window_us,
                           std::ssize(waited) * 1'000'000 / window_us);
    if (waited.empty()) return out;
    const auto at = waited.begin() + static_cast<std::ptrdiff_t>(waited.size() * 99 / 100);
    std::ranges::nth_element(waited, at);
    return out + "  p99 " + checker::time_text(*at);
}

std::string Progress::backlogs() const {
    std::string out;
    for (const auto& [node, count] : backlog_) out += fmt::format("  {} {}", node, count);
    return out.empty() ? "  none told" : out;
}

void Progress::show(Duration at) {
    if (!wanted_ || (last_ != Duration::min() &&
                     at - last_ < (terminal_ ? Duration{redraw_after} : Duration{tell_after})))
        return;
    last_ = at;
    if (at < Duration{0}) return count_down(-at);
    const auto state = faults_.empty() ? phase_ : fmt::format("{}", fmt::join(faults_, ", "));
    const auto seconds = at.count() / 1'000'000, whole = end_.count() / 1'000'000;
    if (!terminal_) {
        if (at.count() > 0)
            fmt::print("    {:>3} of {} s: {} sent, {} accepted, {} shown; {}\n", seconds, whole, sent_,
                       accepted_.size(), shown_count_, state);
        std::fflush(stdout);
        return;
    }
    const auto filled = static_cast<int>(std::clamp<Duration::rep>(
        at.count() * bar_width / std::max<Duration::rep>(end_.count(), 1), 0, bar_width));
    const auto bar = std::string(static_cast<std::size_t>(filled), '#') +
                     std::string(static_cast<std::size_t>(bar_width - filled), '.');
    if (shown_) fmt::print("\033[2A\r");
    fmt::print("\033[K{} [{}] {} of {} s  {}\n", title_, bar, seconds, whole, state);
    fmt::print("\033[K    {}\n", rates());
    fmt::print("\033[K    {} sent, {} accepted, {} shown; backlog{}\r", sent_, accepted_.size(), shown_count_,
               backlogs());
    std::fflush(stdout);
    shown_ = true;
}

void Progress::count_down(Duration left) {
    const auto seconds = (left + std::chrono::milliseconds{999}) / std::chrono::seconds{1};
    fmt::print("{}{} begins in {} s{}", terminal_ ? "\r\033[K" : "    ", title_, seconds,
               terminal_ ? "\r" : "\n");
    std::fflush(stdout);
}

void Progress::clear() {
    if (!shown_) return;
    fmt::print("\033[2A\r\033[J");
    std::fflush(stdout);
    shown_ = false;
}

}  // namespace davenport::sim::program
