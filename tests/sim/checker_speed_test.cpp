#include "sim/checker/judge.hpp"

#include <chrono>
#include <fstream>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

// A million deliveries are judged in under 2 s and under 200 bytes a delivery: 100 nodes, 10,000 clients in
// 100 rooms, 10,000 messages.
namespace davenport::sim::checker {
namespace {

constexpr int nodes = 100, rooms = 100, clients_of_room = 100, messages = 10'000;

/// The most memory that the process ever held, in bytes.
std::int64_t peak_bytes() {
    std::ifstream status{"/proc/self/status"};
    std::string line;
    while (std::getline(status, line))
        if (line.starts_with("VmHWM:")) return std::stoll(line.substr(6)) * 1024;
    return 0;
}

void tell_join(Judge& judge, int client) {
    Record record{.kind = RecordKind::connected};
    record.client = fmt::format("c{}", client + 1);
    record.node = fmt::format("n{}", 1 + client % nodes);
    record.count = 1;
    judge.add(record);
    record.kind = RecordKind::joined;
    record.room = fmt::format("r{}", 1 + client / clients_of_room);
    judge.add(record);
}

void tell_message(Judge& judge, int number) {
    const auto room = number % rooms;
    const auto sender = room * clients_of_room + number / rooms % clients_of_room;
    Record record{.kind = RecordKind::send};
    record.client = fmt::format("c{}", sender + 1);
    record.node = fmt::format("n{}", 1 + sender % nodes);
    record.room = fmt::format("r{}", 1 + room);
    record.msg = fmt::format("c{}-{}", sender + 1, 1 + number / rooms / clients_of_room);
    record.at_us = record.due_us = 1'000 * number;
    record.count = 1;
    judge.add(record);
    record.id = fmt::format("{}:{:026}", record.room, number);
    record.kind = RecordKind::accepted;
    record.at_us += 2'000;
    judge.add(record);
    record.kind = RecordKind::shown;
    for (int i = 0; i < clients_of_room; ++i) {
        const auto to = room * clients_of_room + i;
        record.client = fmt::format("c{}", to + 1);
        record.node = fmt::format("n{}", 1 + to % nodes);
        record.at_us += 10;
        judge.add(record);
    }
    record.kind = RecordKind::stored;
    record.client = fmt::format("c{}", sender + 1);
    judge.add(record);
}

TEST(JudgeSpeed, AMillionDeliveriesInTwoSecondsAndTwoHundredBytesEach) {
    constexpr std::int64_t deliveries = std::int64_t{messages} * clients_of_room;
    Scenario scenario;
    for (const char* property :
         {"no_loss", "no_duplicates", "no_phantoms", "fifo_per_sender", "canonical_order", "converged"})
        scenario.expect.emplace_back().property = property;
    auto& threshold = scenario.expect.emplace_back();
    threshold.property = std::string{"p99(delivery)"};
    threshold.relation = std::string{"<"};
    threshold.value = 1e6;

    const auto before = peak_bytes();
    const auto start = std::chrono::steady_clock::now();
    Judge judge{scenario, Plan{}};
    for (int client = 0; client < rooms * clients_of_room; ++client) tell_join(judge, client);
    for (int number = 0; number < messages; ++number) tell_message(judge, number);
    Record end{.kind = RecordKind::end};
    end.at_us = 1'000 * messages + 1'000'000;
    judge.add(end);
    const auto verdict = judge.finish();
    const auto took = std::chrono::steady_clock::now() - start;
    const auto bytes = peak_bytes() - before;

    for (const auto& finding : verdict.findings)
        EXPECT_NE(finding.outcome, Outcome::fail) << finding.property << ": " << finding.measured;
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
    RecordProperty("milliseconds", static_cast<int>(ms));
    RecordProperty("bytes_per_delivery", static_cast<int>(bytes / deliveries));
    fmt::print("{} deliveries in {} ms, {} bytes each\n", deliveries, ms, bytes / deliveries);
#if defined(NDEBUG) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    EXPECT_LT(ms, 2'000);
    EXPECT_LT(bytes / deliveries, 200);
#endif
}

}  // namespace
}  // namespace davenport::sim::checker
