#include "modes.hpp"
#include "tally.hpp"

#include <cstdio>

namespace davenport::load {
namespace {

constexpr Nanos patience = 30 * second;

}  // namespace

boost::json::object run_joins(const Options& options) {
    Tally tally;
    Crowd crowd{options.crowd, tally};
    for (std::size_t i = 0; i < options.clients; ++i) crowd.add(0);
    crowd.gather(options.clients, patience);
    std::printf("ready %zu\n", crowd.ready_count());
    std::fflush(stdout);
    std::uint64_t joined = 0, waited = 0;
    const auto begin = now();
    const auto gap = static_cast<double>(second) / options.rate;
    const auto end = begin + static_cast<Nanos>(options.seconds * second);
    for (std::size_t next = 0; now() < end;) {
        const auto due = static_cast<std::uint64_t>(static_cast<double>(now() - begin) / gap);
        for (; joined + waited < due; ++next) {
            auto& member = crowd.at(next % crowd.size());
            ++(member.state == Member::State::ready ? joined : waited);  // its last join is not answered yet
            crowd.renew(member);
        }
        crowd.revive();
        crowd.poll(millisecond);
    }
    return {{"mode", "joins"},
            {"joins_per_s", static_cast<double>(joined) / options.seconds},
            {"skipped", waited},
            {"disconnects", crowd.disconnects()},
            {"refusals", crowd.refusals()},
            {"first_refusal", crowd.first_refusal()}};
}

}  // namespace davenport::load
