#include "tests/couchmock/mock_client.hpp"

/// The control API: what it takes, and what it tells of all that happened.
namespace davenport::couchmock::test {
namespace {

class Control : public testing::Test {
protected:
    Control() { mock.put("/db", ""); }
    MockClient mock;
};

TEST_F(Control, IsNeverFaultedAndSaysWhatItDoesNotUnderstand) {
    mock.fault(R"({"name":"f","fault":"store.refuse"})");
    EXPECT_EQ(mock.get("/_mock/faults").status, 200);
    for (const auto* bad :
         {"", "1", "[1]", "{}", R"({"fault":"store.nothing"})", R"({"fault":"store.slow","delay":1})",
          R"({"fault":"store.error","status":199})", R"({"fault":"store.error","probability":2})",
          R"({"fault":"store.error","match":{"color":"red"}})", R"({"fault":"store.error","count":-1})"})
        EXPECT_EQ(mock.ask("POST", "/_mock/faults", bad).status, 400) << bad;
    EXPECT_EQ(mock.ask("DELETE", "/_mock/faults/none").status, 404);
    EXPECT_EQ(mock.ask("DELETE", "/_mock/faults").status, 200);
    EXPECT_EQ(mock.get("/db").status, 200);
}

TEST_F(Control, TheJournalHasEveryRequestAndWhatBecameOfIt) {
    mock.ask("DELETE", "/_mock/journal");
    mock.fault(R"({"name":"lost","fault":"store.lose_reply","probability":1,"count":1})");
    mock.put("/db/a", "{}");
    mock.get("/db/a");
    const auto journal = mock.get("/_mock/journal").value();
    const auto& requests = base::member(journal, "requests")->get_array();
    ASSERT_EQ(requests.size(), 2u);
    EXPECT_EQ(base::string_member(requests[0], "status"), "reset");
    EXPECT_EQ(base::string_member(requests[0], "faults"), "lost");
    EXPECT_EQ(base::int_member(requests[1], "status"), 200);
    EXPECT_EQ(base::string_member(requests[1], "target"), "/db/a");
}

TEST_F(Control, TheObservationsHaveEveryWriteAcknowledgedAndEveryRowGiven) {
    mock.ask("PUT", "/_mock/observations", R"({"recording":true})");
    mock.send("GET", "/db/_changes?feed=continuous&heartbeat=1000");
    mock.put("/db/a", "{}");
    mock.fault(R"({"name":"lost","fault":"store.lose_reply","probability":1,"count":1})");
    mock.put("/db/b", "{}");
    mock.ask("POST", "/db/_bulk_docs", R"({"docs":[{"_id":"c"},{"_id":"a"}]})");
    const auto observations = mock.get("/_mock/observations").value();
    std::string writes;
    std::string rows;
    for (const auto& entry : base::member(observations, "entries")->get_array())
        (base::string_member(entry, "what") == "row" ? rows : writes) +=
            base::string_member(entry, "id").value();
    EXPECT_EQ(writes, "ac") << "b was stored, and nobody was told; a was a conflict the second time";
    EXPECT_EQ(rows, "abc");
    EXPECT_EQ(mock.get("/_mock/oracle").value(), observations) << "its name in earlier versions";
}

TEST_F(Control, TheJournalHasTheNewestTenThousandInTheirOrder) {
    mock.ask("DELETE", "/_mock/journal");
    for (int i = 0; i < 10'005; ++i) mock.get("/db/d" + std::to_string(i));
    const auto journal = mock.get("/_mock/journal").value();
    const auto& all = base::member(journal, "requests")->get_array();
    ASSERT_EQ(all.size(), 10'000u);
    EXPECT_EQ(base::string_member(all.front(), "target"), "/db/d5");
    EXPECT_EQ(base::string_member(all.back(), "target"), "/db/d10004");
    const auto after = base::int_member(all[9'997], "number").value();
    const auto last = mock.get("/_mock/journal?limit=1&after=" + std::to_string(after)).value();
    ASSERT_EQ(base::member(last, "requests")->get_array().size(), 1u);
    EXPECT_EQ(base::string_member(base::member(last, "requests")->get_array()[0], "target"), "/db/d10003");
}

/// With no rule a request goes round the injector, which takes it on only when its answer is not there at
/// once.
TEST_F(Control, KnowsAnAnswerThatIsUnderWayWhenARuleBegins) {
    for (int i = 0; i < 300; ++i)
        mock.put("/db/d" + std::to_string(i), "{\"t\":\"" + std::string(1000, 'x') + "\"}");
    mock.reads = false;
    const auto list = mock.send("GET", "/db/_all_docs?include_docs=true");
    EXPECT_FALSE(mock.seen(list).ended);
    mock.fault(R"({"name":"f","fault":"store.down"})");
    EXPECT_TRUE(mock.seen(list).reset);
    const auto journal = mock.get("/_mock/journal").value();
    const auto& last = base::member(journal, "requests")->get_array().back();
    EXPECT_EQ(base::string_member(last, "target"), "/db/_all_docs?include_docs=true");
    EXPECT_EQ(base::int_member(last, "status"), 200) << "its head went out";
}

}  // namespace
}  // namespace davenport::couchmock::test
