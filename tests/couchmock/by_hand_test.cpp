#include "tests/couchmock/mock_client.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

/// What a person or a replication does to documents.
namespace davenport::couchmock::test {
namespace {

class ByHand : public testing::Test {
protected:
    ByHand() {
        mock.put("/db", "");
        mock.put("/db/davenport-x", R"({"v":1})");
        for (int i = 0; i < 5; ++i) mock.put("/db/r:" + std::to_string(i), R"({"user":"ann","msg":"said"})");
    }
    std::string act(std::string_view name, std::string_view body = "{}") {
        const auto answer = mock.ask("POST", fmt::format("/_mock/store/{}", name), std::string{body});
        EXPECT_EQ(answer.status, 200) << answer.body;
        return answer.body;
    }
    std::string rev_of(const std::string& id) { return std::string{mock.get("/db/" + id).text("_rev")}; }
    std::string edit(const std::string& id, const std::string& text) {
        const auto answer =
            mock.put("/db/" + id + "?rev=" + rev_of(id), R"({"user":"ann","msg":")" + text + "\"}");
        EXPECT_EQ(answer.status, 201) << answer.body;
        return rev_of(id);
    }
    MockClient mock;
};

TEST_F(ByHand, AnEditChangesTheTextAndLeavesAllElse) {
    EXPECT_THAT(act("document_edit", R"({"document":"r:3","text":"better"})"),
                testing::HasSubstr(R"("id":"r:3","was":"said","rev":"2-)"));
    EXPECT_EQ(mock.get("/db/r:3").text("msg"), "better");
    EXPECT_EQ(mock.get("/db/r:3").text("user"), "ann");
    EXPECT_EQ(mock.get("/db/r:2").text("msg"), "said");
}

TEST_F(ByHand, SomeAreDrawnAmongThoseThatHoldAText) {
    act("document_edit", R"({"rows":5})");
    for (int i = 0; i < 5; ++i)
        EXPECT_EQ(mock.get("/db/r:" + std::to_string(i)).text("msg"), "edited by hand");
    EXPECT_EQ(rev_of("davenport-x").front(), '1');
    EXPECT_THAT(act("document_delete", R"({"rows":9})"), testing::HasSubstr(R"("rows":5)"));
}

TEST_F(ByHand, WhatIsDeletedIsInTheFeedAndWhatIsPurgedIsNot) {
    act("document_delete", R"({"document":"r:1"})");
    act("document_purge", R"({"document":"r:2"})");
    EXPECT_EQ(mock.get("/db/r:1").status, 404);
    EXPECT_EQ(mock.get("/db/r:2").status, 404);
    const auto feed = mock.get("/db/_changes").body;
    EXPECT_THAT(feed, testing::HasSubstr(R"("deleted":true)"));
    EXPECT_THAT(feed, testing::Not(testing::HasSubstr("r:2")));
    EXPECT_THAT(mock.get("/db/_purged_infos").body, testing::HasSubstr("r:2"));
}

TEST_F(ByHand, ALosingLeafIsInConflictWithTheWinner) {
    const auto winner = edit("r:1", "edited");
    act("document_conflict", R"({"text":"elsewhere"})");
    const auto document = mock.get("/db/r:1?conflicts=true");
    EXPECT_EQ(document.text("_rev"), winner);
    EXPECT_EQ(document.text("msg"), "edited");
    EXPECT_THAT(document.body, testing::HasSubstr(R"("_conflicts":["2-00000000)"));
    EXPECT_THAT(mock.get("/db/r:1?open_revs=all").body, testing::HasSubstr("elsewhere"));
    EXPECT_THAT(mock.get("/db/_changes?style=all_docs").body,
                testing::HasSubstr(winner + R"("},{"rev":"2-00)"));
}

TEST_F(ByHand, AWinningLeafTakesThePlaceOfTheOther) {
    const auto loser = edit("r:1", "edited");
    act("document_conflict", R"({"text":"elsewhere","wins":true})");
    const auto document = mock.get("/db/r:1?conflicts=true");
    EXPECT_EQ(document.text("msg"), "elsewhere");
    EXPECT_EQ(document.text("_rev").front(), '3');
    EXPECT_THAT(document.body, testing::HasSubstr("\"_conflicts\":[\"" + loser));
}

TEST_F(ByHand, ANewDocumentIsInConflictWithNothing) {
    EXPECT_THAT(act("document_conflict"), testing::HasSubstr(R"("rows":0)"));
}

TEST_F(ByHand, ARuleCountsWhatItTouched) {
    mock.fault(R"({"name":"f","fault":"store.document_edit","rows":3})");
    const auto listed = mock.get("/_mock/faults/f").value();
    EXPECT_EQ(base::int_member(base::member(listed, "faults")->get_array()[0], "hits"), 3);
    mock.fault(R"({"name":"f","fault":"store.document_delete","document":"nobody"})");
    EXPECT_EQ(
        base::int_member(base::member(mock.get("/_mock/faults/f").value(), "faults")->get_array()[0], "hits"),
        0);
}

}  // namespace
}  // namespace davenport::couchmock::test
