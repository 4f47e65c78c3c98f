#include "tests/couchmock/mock_client.hpp"

#include <fmt/format.h>

/// Each fault of the store, as a client notices it, and what the store holds afterwards.
namespace davenport::couchmock::test {
namespace {

class Faults : public testing::Test {
protected:
    Faults() { mock.put("/db", ""); }
    void clear(const std::string& name) {
        EXPECT_EQ(mock.ask("DELETE", "/_mock/faults/" + name).status, 200);
    }
    bool holds(const std::string& id) { return mock.get("/db/" + id).status == 200; }
    MockClient mock;
};

TEST_F(Faults, DownRefusesConnectionsAndCutsThoseThatAreOpen) {
    const auto feed = mock.send("GET", "/db/_changes?feed=continuous&heartbeat=1000");
    mock.fault(R"({"name":"outage","fault":"store.down"})");
    EXPECT_FALSE(mock.listening);
    EXPECT_TRUE(mock.seen(feed).reset);
    EXPECT_TRUE(mock.put("/db/a", "{}").reset) << "a request that was on its way";
    EXPECT_EQ(mock.hits("outage"), 2);
    clear("outage");
    EXPECT_TRUE(mock.listening);
    EXPECT_FALSE(holds("a"));
    EXPECT_EQ(mock.put("/db/a", "{}").status, 201);
}

TEST_F(Faults, TwoOutagesThatOverlapEndWithTheLater) {
    mock.fault(R"([{"name":"one","fault":"store.down"},{"name":"two","fault":"store.down"}])");
    clear("one");
    EXPECT_FALSE(mock.listening);
    clear("two");
    EXPECT_TRUE(mock.listening);
}

TEST_F(Faults, AnOutageWithATimeEndsByItself) {
    mock.fault(R"({"name":"outage","fault":"store.down","for_ms":5000})");
    mock.pass(4999ms);
    EXPECT_FALSE(mock.listening);
    mock.pass(1ms);
    EXPECT_TRUE(mock.listening);
    EXPECT_EQ(mock.put("/db/a", "{}").status, 201);
}

TEST_F(Faults, RefuseResetsBeforeAnythingIsStored) {
    mock.fault(R"({"name":"f","fault":"store.refuse"})");
    EXPECT_TRUE(mock.put("/db/a", "{}").reset);
    clear("f");
    EXPECT_FALSE(holds("a"));
}

TEST_F(Faults, SlowAcceptHoldsUpNewConnectionsOnlyAndStoresNothingMeanwhile) {
    mock.fault(R"({"name":"f","fault":"store.slow_accept","delay_ms":300})");
    EXPECT_EQ(mock.put("/db/open", "{}").status, 201) << "on a connection that is open";
    mock.connects_anew = true;
    const auto write = mock.send("PUT", "/db/a", "{}");
    mock.connects_anew = false;
    mock.pass(299ms);
    EXPECT_EQ(mock.seen(write).status, 0);
    EXPECT_FALSE(holds("a"));
    mock.pass(1ms);
    EXPECT_EQ(mock.seen(write).status, 201);
    EXPECT_EQ(mock.hits("f"), 1);
}

TEST_F(Faults, SlowAcceptAndHangEndWithTheLater) {
    mock.fault(
        R"([{"name":"h","fault":"store.hang"},{"name":"f","fault":"store.slow_accept","delay_ms":300}])");
    mock.connects_anew = true;
    const auto first = mock.send("PUT", "/db/a", "{}");
    mock.pass(1s);
    EXPECT_EQ(mock.seen(first).status, 0) << "accepted, and it hangs";
    clear("h");
    EXPECT_EQ(mock.seen(first).status, 201);
    mock.fault(R"({"name":"h","fault":"store.hang"})");
    const auto second = mock.send("PUT", "/db/b", "{}");
    clear("h");
    EXPECT_EQ(mock.seen(second).status, 0) << "nothing hangs, and it is not accepted yet";
    mock.pass(300ms);
    EXPECT_EQ(mock.seen(second).status, 201);
}

TEST_F(Faults, AClockThatIsWrongDatesAnswersAndEndsCookies) {
    MockClient closed{MockConfig{.admin_user = "admin", .admin_password = "secret"}};
    const auto date = [&](const Seen& answer) { return std::string{base::header(answer.headers, "date")}; };
    const auto session = closed.ask("POST", "/_session", R"({"name":"admin","password":"secret"})");
    ASSERT_EQ(session.status, 200);
    const std::string cookie{base::header(session.headers, "set-cookie")};
    const base::Headers signed_in{{"Cookie", cookie.substr(0, cookie.find(';'))}};
    EXPECT_EQ(closed.ask("GET", "/_all_dbs", {}, signed_in).status, 200);

    closed.ask("POST", "/_mock/faults", R"({"name":"f","fault":"store.clock_skew","offset_ms":601000})");
    const auto late = closed.ask("GET", "/_all_dbs", {}, signed_in);
    EXPECT_EQ(late.status, 401) << "ten minutes are what CouchDB gives a cookie";
    EXPECT_EQ(date(late), base::http_date(closed.now().wall + 601s));
    EXPECT_EQ(closed.ask("DELETE", "/_mock/faults/f").status, 200);
    EXPECT_EQ(closed.ask("GET", "/_all_dbs", {}, signed_in).status, 200)
        << "right again, and so is the cookie";

    closed.ask("POST", "/_mock/faults", R"({"name":"f","fault":"store.clock_skew","offset_ms":-5000})");
    EXPECT_EQ(date(closed.get("/")), base::http_date(closed.now().wall - 5s));
    EXPECT_EQ(closed.set_fault(R"({"fault":"store.clock_skew","offset_ms":"soon"})").status, 400);
}

TEST_F(Faults, AClockThatDriftsIsMoreWrongWithTime) {
    const auto off = [&] {
        const std::string date{base::header(mock.get("/").headers, "date")};
        for (int s = -5; s <= 5; ++s)
            if (date == base::http_date(mock.now().wall + std::chrono::seconds{s})) return s;
        return 99;
    };
    mock.fault(R"({"name":"f","fault":"store.clock_drift","per_second_ms":-200})");
    mock.pass(10s);
    EXPECT_EQ(off(), -2);
    mock.pass(10s);
    EXPECT_EQ(off(), -4);
}

TEST_F(Faults, LockedOutSaysSoInCouchDbsWords) {
    mock.fault(R"({"name":"f","fault":"store.locked_out"})");
    const auto answer = mock.get("/db/a");
    EXPECT_EQ(answer.status, 403);
    EXPECT_NE(answer.body.find("Account is temporarily locked"), std::string::npos);
    EXPECT_EQ(mock.hits("f"), 1);
}

TEST_F(Faults, AFunctionMaySayUnauthorizedOfADocument) {
    mock.fault(R"({"name":"f","fault":"store.reject","probability":1,"error":"unauthorized"})");
    EXPECT_EQ(mock.ask("PUT", "/db/a", "{}").status, 401);
    const auto bulk = mock.ask("POST", "/db/_bulk_docs", R"({"docs":[{"_id":"b"}]})");
    EXPECT_EQ(bulk.status, 201);
    EXPECT_NE(bulk.body.find(R"("error":"unauthorized")"), std::string::npos) << bulk.body;
    EXPECT_EQ(mock.get("/db").status, 200) << "the password is right";
}

TEST_F(Faults, AReplicaThatLagsFindsNothingOfWhatIsNew) {
    mock.ask("PUT", "/db/old", "{}");
    mock.fault(R"({"name":"f","fault":"store.stale","delay_ms":500})");
    EXPECT_EQ(mock.ask("PUT", "/db/a", "{}").status, 201);
    mock.ask("POST", "/db/_bulk_docs", R"({"docs":[{"_id":"b"}]})");
    EXPECT_EQ(mock.get("/db/a").status, 404);
    EXPECT_EQ(mock.get("/db/old").status, 200);
    const auto both = mock.ask("POST", "/db/_all_docs", R"({"keys":["a","b"]})");
    EXPECT_EQ(both.body.find("value"), std::string::npos) << both.body;
    EXPECT_NE(both.body.find(R"({"key":"b","error":"not_found"})"), std::string::npos) << both.body;
    EXPECT_NE(mock.ask("POST", "/db/_all_docs", R"({"keys":["a","old"]})").body.find("value"),
              std::string::npos);
    mock.pass(500ms);
    EXPECT_EQ(mock.get("/db/a").status, 200);
    EXPECT_EQ(mock.hits("f"), 2);
}

TEST_F(Faults, HangAnswersWhenItIsOver) {
    const auto feed = mock.send("GET", "/db/_changes?feed=continuous&heartbeat=1000");
    mock.forget_body(feed);
    mock.fault(R"({"name":"f","fault":"store.hang"})");
    const auto write = mock.send("PUT", "/db/a", "{}");
    mock.pass(30s);
    EXPECT_EQ(mock.seen(write).status, 0);
    EXPECT_EQ(mock.seen(feed).body, "") << "no heartbeat either: the process stands still";
    clear("f");
    EXPECT_EQ(mock.seen(write).status, 201);
    EXPECT_EQ(mock.seen(feed).ids(), std::vector<std::string>{"a"});
}

TEST_F(Faults, SlowStoresAtOnceAndAnswersLate) {
    mock.fault(R"({"name":"f","fault":"store.slow","delay_ms":250})");
    const auto write = mock.send("PUT", "/db/a", "{}");
    mock.pass(249ms);
    EXPECT_EQ(mock.seen(write).status, 0);
    mock.pass(1ms);
    EXPECT_EQ(mock.seen(write).status, 201);
    const auto list = mock.send("GET", "/db/_all_docs");
    EXPECT_EQ(mock.seen(list).status, 0);
    mock.pass(250ms);
    EXPECT_TRUE(mock.seen(list).ended);
}

TEST_F(Faults, ErrorsComeInCouchDBsWords) {
    mock.fault(R"({"name":"f","fault":"store.error","status":503,"retry_after_s":3})");
    const auto answer = mock.put("/db/a", "{}");
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.text("error"), "service unavailable");
    EXPECT_EQ(base::header(answer.headers, "retry-after"), "3");
    clear("f");
    EXPECT_FALSE(holds("a"));
    for (const auto& [fault, status] :
         std::initializer_list<std::pair<const char*, int>>{{"store.full", 507},
                                                            {"store.unauthorized", 401},
                                                            {"store.forgotten", 404},
                                                            {"store.read_only", 403}}) {
        mock.fault(R"({"name":"f","fault":")" + std::string{fault} + "\"}");
        EXPECT_EQ(mock.put("/db/a", "{}").status, status) << fault;
        clear("f");
    }
    EXPECT_FALSE(holds("a"));
}

TEST_F(Faults, AFullDiskStillReads) {
    mock.put("/db/a", "{}");
    mock.fault(R"({"name":"f","fault":"store.full"})");
    EXPECT_EQ(mock.get("/db/a").status, 200);
    EXPECT_EQ(mock.ask("POST", "/db/_bulk_get", R"({"docs":[{"id":"a"}]})").status, 200);
    EXPECT_EQ(mock.ask("POST", "/db/_bulk_docs", R"({"docs":[{"_id":"b"}]})").status, 507);
}

TEST_F(Faults, ALostReplyIsStoredAndTheRetryIsAConflict) {
    mock.fault(R"({"name":"f","fault":"store.lose_reply","probability":1,"count":1})");
    EXPECT_TRUE(mock.put("/db/a", "{}").reset);
    EXPECT_EQ(mock.put("/db/a", "{}").status, 409);
    EXPECT_TRUE(holds("a")) << "reads are never lost by this one";
}

/// The exhaustive sweep that a writer's tests are made of: the reply lost at the nth write, for each n in
/// turn.
TEST_F(Faults, TheReplyOfTheNthWriteIsLostForEachN) {
    for (int n = 1; n <= 5; ++n) {
        SCOPED_TRACE(n);
        mock.fault(R"({"name":"f","fault":"store.lose_reply","at":)" + std::to_string(n) + "}");
        for (int i = 1; i <= 5; ++i) {
            mock.get("/db");
            const auto answer = mock.put("/db/" + std::to_string(n) + "-" + std::to_string(i), "{}");
            EXPECT_EQ(answer.reset, i == n);
        }
        EXPECT_EQ(mock.hits("f"), 1);
    }
}

TEST_F(Faults, EveryThirdReplyIsLost) {
    mock.fault(R"({"name":"f","fault":"store.lose_reply","every":3})");
    std::string pattern;
    for (int i = 0; i < 9; ++i) pattern += mock.put("/db/d" + std::to_string(i), "{}").reset ? 'x' : '.';
    EXPECT_EQ(pattern, "..x..x..x");
}

TEST_F(Faults, TheSameSeedAndNameThrowTheSameDiceWhateverElseIsDrawn) {
    const auto pattern = [](bool with_others) {
        MockClient own{{.seed = 5, .default_shards = 1}};
        own.put("/db", "");
        if (with_others) own.fault(R"({"name":"other","fault":"store.slow","delay_ms":1,"probability":0.5})");
        own.fault(R"({"name":"f","fault":"store.refuse","probability":0.3,"match":{"method":"PUT"}})");
        std::string out;
        for (int i = 0; i < 60; ++i) {
            if (with_others) own.get("/db");
            const auto put = own.send("PUT", "/db/d" + std::to_string(i), "{}");
            own.pass(1ms);
            out += own.seen(put).reset ? 'x' : '.';
        }
        return out;
    };
    const auto alone = pattern(false);
    EXPECT_EQ(alone, pattern(true));
    const auto struck = std::ranges::count(alone, 'x');
    EXPECT_GT(struck, 8);
    EXPECT_LT(struck, 30);
}

TEST_F(Faults, ABulkThatDiesHasItsFirstRowsStored) {
    mock.fault(R"({"name":"f","fault":"store.partial_bulk","rows":2})");
    EXPECT_TRUE(
        mock.ask("POST", "/db/_bulk_docs", R"({"docs":[{"_id":"a"},{"_id":"b"},{"_id":"c"}]})").reset);
    EXPECT_EQ(mock.put("/db/d", "{}").status, 201) << "single writes are none of its business";
    clear("f");
    EXPECT_TRUE(holds("a"));
    EXPECT_TRUE(holds("b"));
    EXPECT_FALSE(holds("c"));
}

TEST_F(Faults, ABulkWithErrorsHasARowForEachDocumentWhereItStood) {
    mock.fault(R"({"name":"f","fault":"store.bulk_errors","every":2,"error":"timeout"})");
    const auto bulk =
        mock.ask("POST", "/db/_bulk_docs",
                 R"({"docs":[{"_id":"a"},{"_id":"b"},{"_id":"c"},{"_id":"d"}],"new_edits":true})");
    EXPECT_EQ(bulk.status, 201);
    const auto answer = bulk.value();
    std::string rows;
    for (const auto& row : answer.get_array())
        rows += fmt::format("{} {} ", base::text_member(row, "id"),
                            base::member(row, "rev") ? "ok" : base::text_member(row, "error"));
    EXPECT_EQ(rows, "a ok b timeout c ok d timeout ");
    mock.fault(R"({"name":"g","fault":"store.bulk_errors","every":2,"error":"unauthorized"})");
    const auto both =
        mock.ask("POST", "/db/_bulk_docs", R"({"docs":[{"_id":"p"},{"_id":"q"},{"_id":"r"},{"_id":"s"}]})")
            .value();
    std::string two_rules;
    for (const auto& row : both.get_array())
        two_rules += fmt::format("{} {} ", base::text_member(row, "id"), base::text_member(row, "error"));
    EXPECT_EQ(two_rules, "p  q timeout r unauthorized s timeout ") << "one rule sees what the other has left";
    EXPECT_EQ(mock.put("/db/e", "{}").status, 201) << "single writes are none of its business";
    EXPECT_EQ(base::member(mock.get("/db").value(), "doc_count")->as_int64(), 4);  // and e
}

TEST_F(Faults, ARejectedDocumentIsRefusedHoweverItComes) {
    mock.fault(R"({"name":"f","fault":"store.reject","probability":0.5})");
    std::string alone, together, again;
    for (int i = 0; i < 30; ++i) {
        const auto id = fmt::format("d{}", i);
        const auto put = mock.put("/db/" + id, "{}");
        alone += put.status == 403 ? 'x' : '.';
        again += mock.put("/db/" + id, "{}").status == 403 ? 'x' : '.';
        const auto rows =
            mock.ask("POST", "/db/_bulk_docs", fmt::format(R"({{"docs":[{{"_id":"{}"}}]}})", id)).value();
        together += base::text_member(rows.get_array()[0], "error") == "forbidden" ? 'x' : '.';
    }
    EXPECT_EQ(alone, again);
    EXPECT_EQ(alone, together);
    EXPECT_GT(std::ranges::count(alone, 'x'), 5);
    EXPECT_LT(std::ranges::count(alone, 'x'), 25);
    EXPECT_EQ(mock.put("/db/_local/x", "{}").status, 201);
}

TEST_F(Faults, AcceptedIsA202InBothForms) {
    mock.fault(R"({"name":"f","fault":"store.accepted"})");
    EXPECT_EQ(mock.put("/db/a", "{}").status, 202);
    const auto bulk = mock.ask("POST", "/db/_bulk_docs", R"({"docs":[{"_id":"b"}]})");
    EXPECT_EQ(bulk.status, 202);
    EXPECT_TRUE(bulk.body.starts_with("[{\"ok\":true,\"id\":\"b\",")) << bulk.body;
    EXPECT_TRUE(bulk.body.ends_with(",\"accepted\":true}]\n")) << bulk.body;
}

TEST_F(Faults, ACutReplyIsHalfAnAnswer) {
    mock.put("/db/a", R"({"text":"hello"})");
    mock.fault(R"({"name":"f","fault":"store.cut_reply"})");
    const auto read = mock.get("/db/a");
    EXPECT_TRUE(read.reset);
    EXPECT_TRUE(read.partial.starts_with("HTTP/1.1 200 OK\r\n")) << read.partial;
    EXPECT_NE(read.partial.find("\r\n\r\n{\"_id\":\"a\""), std::string::npos);
    EXPECT_EQ(read.partial.find("hello"), std::string::npos);
    const auto list = mock.get("/db/_all_docs");
    EXPECT_TRUE(list.reset);
    EXPECT_TRUE(list.body.starts_with("{\"total_rows\":1"));
    EXPECT_FALSE(base::parse_json(list.body).has_value());
}

TEST_F(Faults, ADrippingAnswerComesInPiecesAndWhole) {
    mock.put("/db/a", R"({"text":"hello"})");
    const auto whole = mock.get("/db/a").body;
    mock.fault(R"({"name":"f","fault":"store.drip","delay_ms":100})");
    const auto read = mock.send("GET", "/db/a");
    const auto first = mock.seen(read).body.size();
    EXPECT_GT(first, 0u);
    EXPECT_LT(first, whole.size());
    mock.pass(100ms);
    EXPECT_GT(mock.seen(read).body.size(), first);
    mock.pass(10s);
    EXPECT_TRUE(mock.seen(read).ended);
    EXPECT_EQ(mock.seen(read).body, whole);
}

TEST_F(Faults, ADrippingAnswerHasAboutEightPiecesWhateverItsSize) {
    mock.put("/db/a", R"({"text":")" + std::string(4000, 'x') + R"("})");
    mock.fault(R"({"name":"f","fault":"store.drip","delay_ms":100,"count":1})");
    const auto read = mock.send("GET", "/db/a");
    mock.pass(699ms);
    EXPECT_FALSE(mock.seen(read).ended) << "though the rule is spent";
    mock.pass(201ms);
    EXPECT_TRUE(mock.seen(read).ended);
}

TEST_F(Faults, AFeedDripsNoLongerThanItsRuleLasts) {
    mock.fault(R"({"name":"f","fault":"store.drip","delay_ms":1000,"for_ms":3000})");
    const auto feed = mock.send("GET", "/db/_changes?feed=continuous&heartbeat=60000");
    for (int i = 0; i < 20; ++i) mock.put("/db/d" + std::to_string(i), "{}");
    mock.pass(2s);
    EXPECT_LT(mock.seen(feed).ids().size(), 20u);
    mock.pass(2s);
    EXPECT_EQ(mock.seen(feed).ids().size(), 20u);
    mock.put("/db/more", "{}");
    EXPECT_EQ(mock.seen(feed).ids().size(), 21u);
}

TEST_F(Faults, ARuleKeepsToWhatItMatches) {
    mock.put("/other", "");
    mock.fault(
        R"({"name":"f","fault":"store.error","match":{"database":"db","method":"PUT","path":"/db/x*","not_feed":true}})");
    EXPECT_EQ(mock.put("/db/x1", "{}").status, 500);
    EXPECT_EQ(mock.put("/db/y1", "{}").status, 201);
    EXPECT_EQ(mock.get("/db/x1").status, 404);
    EXPECT_EQ(mock.put("/other/x1", "{}").status, 201);
    mock.fault(R"({"name":"c","fault":"store.refuse","match":{"client":"10.0.0.2"}})");
    EXPECT_EQ(mock.get("/db").status, 200);
    mock.client = "10.0.0.2:99";
    EXPECT_TRUE(mock.get("/db").reset);
}

TEST_F(Faults, ACountIsSpentAndItsRuleListedWithWhatItHit) {
    mock.fault(R"({"name":"f","fault":"store.error","count":2})");
    EXPECT_EQ(mock.get("/db").status, 500);
    EXPECT_EQ(mock.get("/db").status, 500);
    EXPECT_EQ(mock.get("/db").status, 200);
    const auto row = base::member(mock.get("/_mock/faults/f").value(), "faults")->get_array()[0];
    EXPECT_FALSE(base::bool_member(row, "active"));
    EXPECT_EQ(base::int_member(row, "hits"), 2);
    EXPECT_EQ(base::string_member(row, "fault"), "store.error");
}

}  // namespace
}  // namespace davenport::couchmock::test
