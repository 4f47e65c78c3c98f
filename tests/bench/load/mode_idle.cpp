#include "modes.hpp"
#include "tally.hpp"

#include <cstdio>
#include <stdexcept>

#include <fcntl.h>
#include <unistd.h>

namespace davenport::load {

namespace {

constexpr Nanos stage_patience = 120 * second;

}  // namespace

void wait_for_line(Crowd& crowd) {
    fcntl(STDIN_FILENO, F_SETFL, fcntl(STDIN_FILENO, F_GETFL) | O_NONBLOCK);
    char line[16];
    for (const auto end = now() + stage_patience; now() < end;) {
        if (read(STDIN_FILENO, line, sizeof line) >= 0) return;
        crowd.poll(20 * millisecond);
    }
}

boost::json::object run_idle(const Options& options) {
    Tally tally;
    Crowd crowd{options.crowd, tally};
    for (const auto stage : options.stages) {
        while (crowd.size() < stage) crowd.add(0);
        crowd.gather(stage, stage_patience);
        std::printf("ready %zu\n", crowd.ready_count());
        std::fflush(stdout);
        wait_for_line(crowd);
    }
    return {{"mode", "idle"}, {"ready", crowd.ready_count()}, {"disconnects", crowd.disconnects()}};
}

void assemble(Crowd& crowd, const Options& options) {
    for (std::size_t server = 0; server < options.crowd.servers.size(); ++server)
        for (std::size_t i = 0; i < options.clients; ++i) crowd.add(server);
    if (!crowd.gather(crowd.size(), 30 * second))
        throw std::runtime_error("only " + std::to_string(crowd.ready_count()) + " of " +
                                 std::to_string(crowd.size()) + " clients came in; " + crowd.first_refusal());
    if (!crowd.warm_up(20 * second))
        throw std::runtime_error("not everybody was reached; " + crowd.first_refusal());
}

}  // namespace davenport::load
