#include "sim/history/history_file.hpp"
#include "sim/record/record.hpp"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

namespace davenport {

namespace {

using sim::Record;
using sim::RecordKind;

struct List : sim::HistorySink {
    std::vector<Record> records;
    void add(const Record& record) override { records.push_back(record); }
};

std::string line_of(const Record& record) {
    std::string out;
    append_line(out, record);
    return out;
}

/// A file that is gone after the test.
struct TemporaryFile {
    std::filesystem::path path;
    explicit TemporaryFile(const std::string& name, const std::string& content = {})
        : path{std::filesystem::path{testing::TempDir()} / name} {
        std::ofstream{path, std::ios::binary} << content;
    }
    ~TemporaryFile() { std::filesystem::remove(path); }
};

TEST(Record, LeavesOutWhatStandsAtItsDefault) {
    Record record;
    record.kind = RecordKind::healed;
    record.at_us = 12;
    EXPECT_EQ(line_of(record), R"({"at":12,"what":"healed"})");
}

TEST(Record, ComesBackFromItsLineAsItWas) {
    for (int i = 0; i <= static_cast<int>(RecordKind::changed); ++i) {
        Record record;
        record.kind = static_cast<RecordKind>(i);
        SCOPED_TRACE(std::string{name_of(record.kind)});
        record.at_us = 1'234'567'890'123;
        record.client = "c3";
        record.node = "n1";
        record.room = "r1";
        record.msg = "c3-17";
        record.id = "r1:ABC";
        record.name = "outage#2";
        record.text = "a \"quoted\"\n line \xc3\xa9";
        record.due_us = 0;
        record.count = -5;
        record.via = sim::DeliveryPath::page;
        record.flag = true;
        const auto back = sim::parse_line(line_of(record));
        ASSERT_TRUE(back);
        EXPECT_EQ(line_of(*back), line_of(record));
        EXPECT_EQ(back->kind, record.kind);
        EXPECT_EQ(back->text, record.text);
        EXPECT_EQ(back->due_us, 0);
        EXPECT_EQ(back->count, -5);
        EXPECT_EQ(back->via, sim::DeliveryPath::page);
        EXPECT_TRUE(back->flag);
    }
}

TEST(Record, IgnoresMembersOfANewerWriter) {
    const auto record = sim::parse_line(R"({"what":"send","at":5,"colour":{"a":[1,2]},"msg":"c1-1"})");
    ASSERT_TRUE(record);
    EXPECT_EQ(record->msg, "c1-1");
    EXPECT_EQ(record->due_us, -1);
}

TEST(Record, IsNotMadeFromAnythingElse) {
    for (const auto* line : {"", "{", "[]", "7", R"({"at":5})", R"({"what":"sent","at":5})", R"({"what":7})",
                             R"({"what":"send","at":"5"})", R"({"what":"send","flag":1})",
                             R"({"what":"shown","via":"post"})", R"({"what":"send"} {"what":"send"})"})
        EXPECT_FALSE(sim::parse_line(line)) << line;
}

TEST(HistoryFile, GivesBackWhatWasWritten) {
    TemporaryFile file{"davenport-history.jsonl"};
    {
        sim::HistoryWriter writer{file.path};
        for (int i = 0; i < 5'000; ++i) {
            Record record;
            record.kind = RecordKind::shown;
            record.at_us = i;
            record.text = std::string(100, 'x');  // more than one block in all
            writer.add(record);
        }
        EXPECT_EQ(writer.error(), "");
    }
    List list;
    EXPECT_EQ(sim::read_history(file.path, list), "");
    ASSERT_EQ(list.records.size(), 5'000u);
    EXPECT_EQ(list.records.back().at_us, 4'999);
}

TEST(HistoryFile, LeavesOutALastLineThatWasTorn) {
    TemporaryFile file{"davenport-torn.jsonl", "{\"at\":1,\"what\":\"healed\"}\n{\"at\":2,\"wha"};
    List list;
    EXPECT_EQ(sim::read_history(file.path, list), "");
    EXPECT_EQ(list.records.size(), 1u);
}

TEST(HistoryFile, NamesTheLineThatIsNoRecord) {
    TemporaryFile file{"davenport-bad.jsonl",
                       "{\"at\":1,\"what\":\"healed\"}\nhello\n{\"at\":2,\"what\":\"end\"}\n"};
    List list;
    EXPECT_EQ(sim::read_history(file.path, list), file.path.string() + ":2: error: not a history record");
}

TEST(HistoryFile, SaysThatItCannotBeReadOrWritten) {
    List list;
    EXPECT_NE(sim::read_history("/nowhere/history.jsonl", list).find("cannot be read"), std::string::npos);
    sim::HistoryWriter writer{"/nowhere/history.jsonl"};
    EXPECT_NE(writer.error().find("cannot be written"), std::string::npos);
}

}  // namespace

}  // namespace davenport
