#include "core_world.hpp"

#include <benchmark/benchmark.h>

// What one message costs the node's core, from the client's frame to the frames for everybody in the room.
namespace davenport::bench {
namespace {

const std::string text(64, 'x');

void post_to(benchmark::State& state) {
    CoreWorld world;
    const auto people = static_cast<node::SessionId>(state.range(0));
    for (node::SessionId session = 1; session <= people; ++session) world.join(session, "lobby");
    const auto before = world.frames_sent();
    for (auto _ : state) world.post(1, "lobby", text);
    state.SetItemsProcessed(state.iterations());
    state.counters["frames"] =
        benchmark::Counter(static_cast<double>(world.frames_sent() - before), benchmark::Counter::kIsRate);
}
BENCHMARK(post_to)->Arg(1)->Arg(100)->Arg(1000)->ArgName("people");

void read_post_frame_too_long(benchmark::State& state) {  // what rudeness costs us
    CoreWorld world;
    world.join(1, "lobby");
    const std::string long_text(9000, 'x');
    for (auto _ : state) world.post(1, "lobby", long_text);
}
BENCHMARK(read_post_frame_too_long);

}  // namespace
}  // namespace davenport::bench
