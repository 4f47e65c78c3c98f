#include "tests/couchmock/mock_client.hpp"

/// Faults that make the store another one, or one that has less than it had.
namespace davenport::couchmock::test {
namespace {

class StoreLosses : public testing::Test {
protected:
    StoreLosses() { mock.put("/db", ""); }
    bool holds(const std::string& id) { return mock.get("/db/" + id).status == 200; }
    MockClient mock;
};

TEST_F(StoreLosses, AWipeForgetsEverything) {
    mock.put("/db/a", "{}");
    EXPECT_EQ(base::int_member(mock.fault(R"({"name":"w","fault":"store.wipe"})"), "hits"), 1);
    EXPECT_EQ(mock.get("/db").status, 404);
    EXPECT_EQ(mock.put("/db", "").status, 201);
    EXPECT_FALSE(holds("a"));
}

TEST_F(StoreLosses, AmnesiaForgetsTheNewestWritesAndStartsFeedsOver) {
    for (int i = 0; i < 5; ++i) mock.put("/db/d" + std::to_string(i), "{}");
    const auto last = mock.get("/db/_changes").text("last_seq");
    mock.fault(R"({"name":"f","fault":"store.amnesia","rows":2})");
    EXPECT_TRUE(holds("d2"));
    EXPECT_FALSE(holds("d3"));
    EXPECT_FALSE(holds("d4"));
    const auto rows =
        base::member(mock.get("/db/_changes?since=" + base::percent_encode(last)).value(), "results")
            ->get_array();
    EXPECT_EQ(rows.size(), 3u) << "an old seq is one of another store now";
    EXPECT_EQ(mock.put("/db/d4", "{}").status, 201);
}

TEST_F(StoreLosses, AFailoverCutsConnectionsAndForgetsTheNewestDocumentsButNoLocalOnes) {
    for (int i = 0; i < 5; ++i) mock.put("/db/d" + std::to_string(i), "{}");
    mock.put("/db/_local/generation", R"({"of":"the database"})");
    const auto feed = mock.send("GET", "/db/_changes?feed=continuous&heartbeat=1000");
    const auto last = std::string{base::string_member(mock.seen(feed).rows().back(), "seq").value()};
    mock.fault(R"({"name":"f","fault":"store.failover","rows":2})");
    EXPECT_TRUE(mock.seen(feed).reset);
    EXPECT_TRUE(holds("d2"));
    EXPECT_FALSE(holds("d3"));
    EXPECT_EQ(mock.get("/db/_local/generation").text("of"), "the database");
    const auto rows =
        base::member(mock.get("/db/_changes?since=" + base::percent_encode(last)).value(), "results")
            ->get_array();
    EXPECT_EQ(rows.size(), 3u) << "an old seq is one of another copy now";
}

TEST_F(StoreLosses, ACrashCutsConnectionsAndKeepsWhatWasAcknowledged) {
    mock.put("/db/a", "{}");
    const auto feed = mock.send("GET", "/db/_changes?feed=continuous&heartbeat=1000");
    const auto since = std::string{base::string_member(mock.seen(feed).rows()[0], "seq").value()};
    mock.fault(R"({"name":"f","fault":"store.crash","for_ms":2000})");
    EXPECT_TRUE(mock.seen(feed).reset);
    EXPECT_FALSE(mock.listening);
    mock.pass(2s);
    EXPECT_TRUE(mock.listening);
    EXPECT_TRUE(holds("a"));
    EXPECT_EQ(base::member(mock.get("/db/_changes?since=" + base::percent_encode(since)).value(), "results")
                  ->get_array()
                  .size(),
              0u)
        << "seqs of before are good after";
}

TEST_F(StoreLosses, ARestartWithAnotherUuidIsAnotherServer) {
    mock.put("/db/a", "{}");
    const auto last = mock.get("/db/_changes").text("last_seq");
    mock.fault(R"({"name":"f","fault":"store.restart","uuid":"00112233445566778899aabbccddeeff"})");
    EXPECT_EQ(mock.get("/").text("uuid"), "00112233445566778899aabbccddeeff");
    EXPECT_EQ(base::member(mock.get("/db/_changes?since=" + base::percent_encode(last)).value(), "results")
                  ->get_array()
                  .size(),
              1u);
}

}  // namespace
}  // namespace davenport::couchmock::test
