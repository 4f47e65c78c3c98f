#include "couchmock/core/uuids.hpp"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

namespace davenport::couchmock {
namespace {

constexpr std::uint64_t step_max = 0xffd;
constexpr std::uint64_t number_max = 0xfff000;

}  // namespace

std::string UuidMaker::next(std::string_view algorithm, std::string_view utc_id_suffix, base::WallTime wall) {
    if (algorithm == "random") return random_.uuid();
    if (algorithm == "utc_random") return utc(random_.uuid().substr(0, 18), wall);
    if (algorithm == "utc_id") return utc(utc_id_suffix, wall);
    return sequential();
}

std::string UuidMaker::sequential() {
    if (prefix_.empty() || number_ >= number_max) {
        prefix_ = random_.uuid().substr(0, 26);
        number_ = 0;
    }
    number_ += 1 + random_.below(step_max);
    return fmt::format("{}{:06x}", prefix_, number_);
}

std::string UuidMaker::utc(std::string_view suffix, base::WallTime wall) {
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(wall.time_since_epoch()).count();
    last_us_ = std::max<std::int64_t>(last_us_ + 1, us);
    return fmt::format("{:014x}{}", last_us_, suffix);
}

}  // namespace davenport::couchmock
