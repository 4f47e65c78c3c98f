#include "modes.hpp"
#include "tally.hpp"

#include <cstdio>

namespace davenport::load {
namespace {

constexpr Nanos patience = 60 * second;

}  // namespace

boost::json::object run_deaf(const Options& options) {
    Tally tally;
    auto deaf = options.crowd;
    deaf.deaf = true;
    Crowd crowd{deaf, tally};
    for (std::size_t i = 0; i < options.clients; ++i) crowd.add(0);
    crowd.gather(options.clients, patience);
    std::printf("ready %zu\n", crowd.ready_count());
    std::fflush(stdout);
    for (const auto end = now() + static_cast<Nanos>(options.seconds * second); now() < end;) {
        crowd.revive();
        crowd.poll(10 * millisecond);
    }
    return {{"mode", "deaf"},
            {"clients", crowd.size()},
            {"in_the_room", crowd.ready_count()},
            {"cut_off", crowd.disconnects()},
            {"refusals", crowd.refusals()},
            {"first_refusal", crowd.first_refusal()}};
}

}  // namespace davenport::load
