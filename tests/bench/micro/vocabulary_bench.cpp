#include "node/base/chat_message.hpp"
#include "node/base/frame.hpp"
#include "node/core/store/couchdb/feed_parser.hpp"
#include "virtual_clock.hpp"

#include <string>
#include <vector>

#include <benchmark/benchmark.h>

// Ids, documents, feed lines: what is done once for every message.
namespace davenport::bench {
namespace {

base::ChatMessage message(int number) {
    return base::make_message("lobby", "ann", {epoch_ms + number, 0, "c1"}, std::string(64, 'x'), "n1");
}

std::string feed_lines(int count) {
    std::string lines;
    for (int i = 0; i < count; ++i) {
        const auto said = message(i);
        lines +=
            R"({"seq":")" + std::to_string(i + 1) +
            R"(-g1AAAACbeJzLYWBgYMpgTmEQTM4vTc5ISXIwNDLXMwBCwxygFFMiQ5L8____sxKZ8KhLUgCSSfZgpcw","id":")" +
            std::string{said.id()} + R"(","changes":[{"rev":"1-967a00dff5e02add41819138abb3284d"}],"doc":)" +
            base::to_document(said) + "}\n";
    }
    return lines;
}

void make_id(benchmark::State& state) {
    const std::string text(64, 'x');
    std::uint16_t counter = 0;
    for (auto _ : state)
        benchmark::DoNotOptimize(base::make_message_id("lobby", "ann", {epoch_ms, ++counter, "c1"}, text));
}
BENCHMARK(make_id);

void write_document(benchmark::State& state) {
    const auto said = message(1);
    for (auto _ : state) benchmark::DoNotOptimize(base::to_document(said));
}
BENCHMARK(write_document);

void parse_feed(benchmark::State& state) {
    const auto lines = feed_lines(1000);
    const auto piece = static_cast<std::size_t>(state.range(0));
    const auto seen = VirtualClock{}.now().wall;
    std::size_t rows = 0;
    for (auto _ : state) {
        node::FeedParser parser;
        for (std::size_t at = 0; at < lines.size(); at += piece)
            rows += parser.add(std::string_view{lines}.substr(at, piece), seen).rows.size();
    }
    if (rows != 1000 * static_cast<std::size_t>(state.iterations())) state.SkipWithError("rows are missing");
    state.SetItemsProcessed(static_cast<std::int64_t>(rows));
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(lines.size()));
}
BENCHMARK(parse_feed)->Arg(100)->Arg(16 * 1024)->Arg(1 << 20)->ArgName("piece");

void encode_frames(benchmark::State& state) {
    const std::string json(250, 'x');
    for (auto _ : state) {
        base::FrameBatch batch;
        for (int i = 0; i < 10; ++i) batch.add(json);
        benchmark::DoNotOptimize(batch.as_websocket().data());
    }
    state.SetItemsProcessed(state.iterations() * 10);
}
BENCHMARK(encode_frames);

}  // namespace
}  // namespace davenport::bench
