#pragma once

#include "sim/checker/judge.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

/// A history written by hand: two nodes, four clients (c1 and c3 on n1, c2 and c4 on n2), one room, ten
/// messages, and nothing wrong. A test spoils it and asks the judge.
namespace davenport::sim::checker::test {

struct Story {
    std::vector<Record> records;
    Scenario scenario;
    Plan plan;

    static constexpr std::int64_t ms = 1'000;
    static constexpr int messages = 10;

    Story() {
        add({.kind = RecordKind::run, .text = "{}"});
        for (const char* node : {"n1", "n2"}) add({.kind = RecordKind::node, .node = node, .text = "up"});
        for (int i = 1; i <= 4; ++i) {
            add({.kind = RecordKind::connected,
                 .at_us = ms,
                 .client = client(i),
                 .node = home(i),
                 .count = 1});
            add({.kind = RecordKind::joined,
                 .at_us = 2 * ms,
                 .client = client(i),
                 .node = home(i),
                 .room = "r1"});
        }
        for (int i = 0; i < messages; ++i) say(1 + i % 4, (1'000 + 100 * i) * ms);
        add({.kind = RecordKind::healed, .at_us = 3'000 * ms});
        for (const char* node : {"n1", "n2"})
            add({.kind = RecordKind::backlog, .at_us = 3'500 * ms, .node = node});
        for (int i = 0; i < messages; ++i)
            add({.kind = RecordKind::document, .at_us = 4'000 * ms, .msg = name(i), .id = id(i)});
        for (const char* node : {"n1", "n2"})
            for (int i = 0; i < messages; ++i)
                add({.kind = RecordKind::history,
                     .at_us = 4'100 * ms,
                     .node = node,
                     .room = "r1",
                     .msg = name(i),
                     .id = id(i)});
        add({.kind = RecordKind::end, .at_us = 5'000 * ms});
        plan.load_end = std::chrono::seconds{2};
        plan.heal_begin = std::chrono::seconds{3};
        plan.end = std::chrono::seconds{5};
    }

    static std::string client(int number) { return fmt::format("c{}", number); }
    static std::string home(int client_number) { return client_number % 2 == 1 ? "n1" : "n2"; }
    /// The i-th message of the story: c1-1, c2-1, c3-1, c4-1, c1-2, ...
    static std::string name(int i) { return fmt::format("c{}-{}", 1 + i % 4, 1 + i / 4); }
    static std::string id(int i) { return fmt::format("r1:{:026}", i); }

    Record& add(Record record) { return records.emplace_back(std::move(record)); }

    /// Sent at once when due, accepted after 2 ms, shown on its own node after 3, stored after 10, shown on
    /// the other after 12.
    void say(int sender, std::int64_t due) {
        const auto i = static_cast<int>(plan.sends.size());
        plan.sends.push_back({Duration{due}, static_cast<std::uint32_t>(sender - 1), "r1", 64});
        const auto about = [&](RecordKind kind, std::int64_t after) {
            return Record{.kind = kind,
                          .at_us = due + after * ms,
                          .client = client(sender),
                          .node = home(sender),
                          .room = "r1",
                          .msg = name(i),
                          .due_us = due};
        };
        auto send = about(RecordKind::send, 0);
        send.count = 1;
        add(send);
        auto accepted = about(RecordKind::accepted, 2);
        accepted.id = id(i);
        add(accepted);
        for (int to = 1; to <= 4; ++to)
            if (home(to) == home(sender)) show(i, to, due + 3 * ms);
        auto stored = about(RecordKind::stored, 10);
        stored.id = id(i);
        add(stored);
        for (int to = 1; to <= 4; ++to)
            if (home(to) != home(sender)) show(i, to, due + 12 * ms);
    }

    void show(int i, int to, std::int64_t at) {
        add({.kind = RecordKind::shown,
             .at_us = at,
             .client = client(to),
             .node = home(to),
             .room = "r1",
             .msg = name(i),
             .id = id(i),
             .count = 1});
    }

    /// The first record for which `is` holds.
    template <typename Is>
    Record& find(Is is) {
        return *std::ranges::find_if(records, is);
    }
    Record& shown(const std::string& msg, const std::string& to) {
        return find(
            [&](const Record& r) { return r.kind == RecordKind::shown && r.msg == msg && r.client == to; });
    }
    template <typename Is>
    void remove(Is is) {
        std::erase_if(records, is);
    }
    void remove_shown(const std::string& msg, const std::string& to) {
        remove(
            [&](const Record& r) { return r.kind == RecordKind::shown && r.msg == msg && r.client == to; });
    }
    /// Puts `record` before the first record that is later, as a world would.
    void insert(Record record) {
        const auto later =
            std::ranges::find_if(records, [&](const Record& r) { return r.at_us > record.at_us; });
        records.insert(later, std::move(record));
    }
    PlannedFault& plan_fault(const std::string& fault_name, const std::string& kind) {
        auto& planned = plan.faults.emplace_back();
        planned.name = fault_name;
        planned.kind = kind;
        return planned;
    }
    /// A fault of the given kind from `on` to `off`, both in ms, planned and performed.
    void fault(const std::string& fault_name, const std::string& kind, std::int64_t on, std::int64_t off,
               std::int64_t touched) {
        plan_fault(fault_name, kind);
        scenario.timeline.emplace_back().name = fault_name;
        insert({.kind = RecordKind::fault_on, .at_us = on * ms, .name = fault_name, .text = kind});
        insert({.kind = RecordKind::fault_off,
                .at_us = off * ms,
                .name = fault_name,
                .text = kind,
                .count = touched});
    }
    void expect(const std::string& property) { scenario.expect.emplace_back().property = property; }
    void expect(const std::string& property, const std::string& phase, const std::string& relation,
                double value) {
        auto& expectation = scenario.expect.emplace_back();
        expectation.property = property;
        expectation.phase = phase;
        expectation.relation = relation;
        expectation.value = value;
    }

    [[nodiscard]] Verdict judge() const {
        Judge judge{scenario, plan};
        for (const auto& record : records) judge.add(record);
        return judge.finish();
    }
    /// The finding for `property`; a failing one with that name when there is none, so that no test passes by
    /// a typing error.
    [[nodiscard]] Finding finding(const std::string& property) const {
        for (auto& found : judge().findings)
            if (found.property == property) return found;
        Finding none;
        none.property = "no such finding: " + property;
        return none;
    }
};

/// Everything that a failing test wants to see of a finding.
inline std::string text_of(const Finding& finding) {
    std::string text = finding.property + ": " + finding.measured;
    for (const auto& line : finding.evidence) text += "\n  " + line;
    return text;
}

inline void expect_caught(const Story& story, const std::string& property, const std::string& evidence) {
    const auto found = story.finding(property);
    EXPECT_EQ(found.outcome, Outcome::fail) << text_of(found);
    EXPECT_THAT(text_of(found), testing::HasSubstr(evidence));
    EXPECT_EQ(story.judge().outcome, Outcome::fail);
}

}  // namespace davenport::sim::checker::test
