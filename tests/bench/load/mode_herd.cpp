#include "modes.hpp"
#include "tally.hpp"

#include <algorithm>
#include <cstdio>
#include <vector>

namespace davenport::load {
namespace {

constexpr Nanos patience = 60 * second;

}  // namespace

boost::json::object run_herd(const Options& options) {
    Tally tally;
    Crowd crowd{options.crowd, tally};
    for (std::size_t i = 0; i < options.clients; ++i) crowd.add(0);
    crowd.gather(options.clients, patience);
    const auto gathered = crowd.ready_count();
    std::printf("ready %zu\n", gathered);
    std::fflush(stdout);
    wait_for_line(crowd);

    const auto cut_off = crowd.disconnects();
    const auto heard_before = tally.deliveries();
    crowd.send_to(1);
    const auto start = now();
    std::vector<Nanos> back;  // since the start, of each who is in the room again, in order
    while (back.size() < gathered && now() - start < patience) {
        crowd.revive();
        crowd.poll(millisecond);
        back.resize(std::max(back.size(), crowd.ready_count()), now() - start);
    }
    const auto at = [&](std::size_t percent) {
        return back.empty() ? 0.0
                            : static_cast<double>(back[(back.size() - 1) * percent / 100]) / millisecond;
    };
    return {{"mode", "herd"},
            {"clients", gathered},
            {"cut_off", cut_off},
            {"back", back.size()},
            {"back_ms_p50", at(50)},
            {"back_ms_p99", at(99)},
            {"back_ms_max", at(100)},
            {"messages", tally.deliveries() - heard_before},
            {"refusals", crowd.refusals()},
            {"first_refusal", crowd.first_refusal()}};
}

}  // namespace davenport::load
