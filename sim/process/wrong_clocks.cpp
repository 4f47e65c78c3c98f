#include "sim/process/wrong_clocks.hpp"

#include "sim/world.hpp"

#include <algorithm>
#include <fstream>
#include <stdexcept>
#include <system_error>

#include <fmt/format.h>

namespace davenport::sim::process {
namespace {

namespace fs = std::filesystem;

constexpr auto library_name = "faketime/libfaketimeMT.so.1";

}  // namespace

fs::path find_faketime() {
    std::error_code ignored;
    for (const auto& place : fs::directory_iterator{"/usr/lib", ignored})  // /usr/lib/x86_64-linux-gnu
        if (auto library = place.path() / library_name; fs::exists(library, ignored)) return library;
    const auto library = fs::path{"/usr/lib"} / library_name;
    return fs::exists(library, ignored) ? library : fs::path{};
}

std::vector<std::string> WrongClocks::environment_of(const std::string& node) {
    if (std::ranges::none_of(plan_.faults, [&](const PlannedFault& fault) {
            return fault.node == node && fault.kind.starts_with("node.clock_");
        }))
        return {};
    const auto library = find_faketime();
    if (library.empty()) throw std::runtime_error{"libfaketime is not here: apt install faketime"};
    write(node, {});
    return {"LD_PRELOAD=" + library.string(),
            "FAKETIME_TIMESTAMP_FILE=" + (folder_ / node).string(),
            "FAKETIME_NO_CACHE=1",
            "FAKETIME_DONT_FAKE_MONOTONIC=1",
            "DONT_FAKE_MONOTONIC=1",  // before libfaketime 0.9.9
            "NO_FAKE_STAT=1"};
}

void WrongClocks::set_fault(std::size_t fault, bool on, base::Time now) {
    const auto& planned = plan_.faults[fault];
    auto& clock = clocks_[planned.node];
    on ? clock.begin(fault, planned, now) : clock.end(fault);
    write(planned.node, clock.offset(now));
}

void WrongClocks::drift(base::Time now) {
    for (const auto& [node, clock] : clocks_)
        if (!clock.is_right()) write(node, clock.offset(now));
}

base::Duration WrongClocks::offset_of(const std::string& node, base::Time now) const {
    const auto found = clocks_.find(node);
    return found == clocks_.end() ? base::Duration{0} : found->second.offset(now);
}

/// Renamed into its place, so that nobody reads half of it.
void WrongClocks::write(const std::string& node, base::Duration offset) const {
    const auto made = folder_ / (node + ".new");
    const auto us = offset.count();
    std::ofstream{made} << fmt::format("{}{}.{:06}\n", us < 0 ? '-' : '+', std::abs(us) / 1'000'000,
                                       std::abs(us) % 1'000'000);
    fs::rename(made, folder_ / node);
}

}  // namespace davenport::sim::process

namespace davenport::sim {

bool has_faketime() { return !process::find_faketime().empty(); }

}  // namespace davenport::sim
