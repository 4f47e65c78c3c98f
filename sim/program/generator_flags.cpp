#include "sim/program/generator_flags.hpp"

#include "sim/world.hpp"

#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <string_view>

#include <fmt/format.h>

namespace davenport::sim::program {
namespace {

constexpr int generators_max = 10'000;

bool read_number(std::string_view text, int& into) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
    return error == std::errc{} && end == text.data() + text.size();
}

std::optional<base::WallTime> read_wall_time(const std::string& text) {
    if (const auto time = base::parse_datetime(text)) return time;
    char* end = nullptr;
    const double seconds = std::strtod(text.c_str(), &end);
    constexpr double seconds_max = 1e11;
    if (text.empty() || *end != '\0' || !std::isfinite(seconds) || seconds < 0 || seconds > seconds_max)
        return std::nullopt;
    return base::WallTime{base::Duration{std::llround(seconds * 1e6)}};
}

std::string read_start(const RunRequest& request, GeneratorFlags& flags) {
    flags.start_at = read_wall_time(request.start_at);
    if (!flags.start_at)
        return fmt::format(
            "--start-at '{}' is no time: write 2026-12-01T18:00:00Z, or seconds since 1970, as "
            "`date +%s -d '+30 sec'` prints them",
            request.start_at);
    if (request.world != "process")
        return "--start-at is for the process world: virtual time begins when it is asked for";
    if (request.files.size() > 1)
        return "--start-at is for one scenario: the second of several would begin too late";
    const auto now = std::chrono::time_point_cast<base::Duration>(std::chrono::system_clock::now());
    if (now - *flags.start_at <= start_slack_max) return {};
    return fmt::format(
        "--start-at {} is {:.1f} s past: give all generators one time that is still to come, "
        "as `date +%s -d '+30 sec'` prints it",
        request.start_at, std::chrono::duration<double>(now - *flags.start_at).count());
}

}  // namespace

std::string read_generator_flags(const RunRequest& request, GeneratorFlags& flags) {
    if (!request.start_at.empty())
        if (auto wrong = read_start(request, flags); !wrong.empty()) return wrong;
    if (request.generator.empty()) return {};
    const std::string_view text{request.generator};
    const auto slash = text.find('/');
    int number = 0;
    if (slash == std::string_view::npos || !read_number(text.substr(0, slash), number) ||
        !read_number(text.substr(slash + 1), flags.share.of) || number < 1 || number > flags.share.of ||
        flags.share.of > generators_max)
        return fmt::format(
            "--generator takes K/N, the Kth of N generators, from 1/N to N/N, as 3/10, not '{}'", text);
    if (!flags.start_at)
        return "--generator needs --start-at: generators begin together, and find each other by the time at "
               "which they do";
    if (request.attach.empty())
        return "--generator is for nodes that all generators share: give --attach for each, and --store";
    flags.share.has = {number};
    flags.number = number;
    return {};
}

}  // namespace davenport::sim::program
