#include "tests/couchmock/mock_client.hpp"

#include <gmock/gmock.h>

/// What a tester aims faults with, and what he makes of them: which requests, where a cut is made, whose
/// words.
namespace davenport::couchmock::test {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

class FaultTool : public testing::Test {
protected:
    FaultTool() { mock.put("/db", ""); }
    std::string refused(const std::string& rule) {
        const auto answer = mock.set_fault(rule);
        EXPECT_EQ(answer.status, 400) << answer.body;
        return answer.text("reason");
    }
    static std::string header(const Seen& answer, std::string_view name) {
        return std::string{base::header(answer.headers, name)};
    }
    MockClient mock;
};

// ---- which requests

TEST_F(FaultTool, MatchesParametersOfTheQuery) {
    mock.fault(R"({"name":"f","fault":"store.error","match":{"query":{"include_docs":"*","limit":"1*"}}})");
    EXPECT_EQ(mock.get("/db/_all_docs").status, 200);
    EXPECT_EQ(mock.get("/db/_all_docs?include_docs=true").status, 200);
    EXPECT_EQ(mock.get("/db/_all_docs?include_docs=false&limit=2").status, 200);
    EXPECT_EQ(mock.get("/db/_all_docs?include_docs=&limit=10").status, 500);
    EXPECT_EQ(mock.get("/db/_all_docs?limit=%31&include%5Fdocs=true").status, 500) << "decoded";
}

TEST_F(FaultTool, MatchesHeadersInAnyCase) {
    mock.fault(
        R"({"name":"f","fault":"store.error","match":{"headers":{"user-agent":"nano*","X-Try":"*"}}})");
    const auto ask = [&](base::Headers headers) {
        return mock.ask("GET", "/db", "", std::move(headers)).status;
    };
    EXPECT_EQ(ask({{"User-Agent", "nano/11"}}), 200);
    EXPECT_EQ(ask({{"User-Agent", "curl"}, {"X-Try", "1"}}), 200);
    EXPECT_EQ(ask({{"User-Agent", "nano/11"}, {"x-try", ""}}), 500);
}

TEST_F(FaultTool, MatchesFeedsThatAreOpenAlready) {
    const auto one = mock.send("GET", "/db/_changes?feed=continuous&heartbeat=60000", "", {{"X-Who", "a"}});
    const auto other = mock.send("GET", "/db/_changes?feed=continuous&heartbeat=60000", "", {{"X-Who", "b"}});
    mock.fault(
        R"({"name":"f","fault":"feed.cut","match":{"headers":{"X-Who":"a"},"query":{"feed":"cont*"}}})");
    mock.put("/db/a", "{}");
    EXPECT_TRUE(mock.seen(one).reset);
    EXPECT_FALSE(mock.seen(other).reset);
}

TEST_F(FaultTool, MatchesManyDocumentsAndDatabases) {
    mock.put("/dc", "");
    mock.fault(R"({"name":"f","fault":"store.error","match":{"document":"room:*","database":"d*"}})");
    EXPECT_EQ(mock.put("/db/room:1", "{}").status, 500);
    EXPECT_EQ(mock.put("/dc/room:2", "{}").status, 500);
    EXPECT_EQ(mock.put("/db/hall:1", "{}").status, 201);
    EXPECT_EQ(mock.get("/db/_all_docs").status, 200) << "about no document";
    mock.fault(R"({"name":"f","fault":"store.error","match":{"document":"*"}})");
    EXPECT_EQ(mock.put("/db/hall:2", "{}").status, 500);
    EXPECT_EQ(mock.get("/db/_all_docs").status, 200);
}

TEST_F(FaultTool, AMatchIsListedAsItWasSaid) {
    const auto rule = mock.fault(
        R"({"fault":"store.slow","match":{"document":"a*","query":{"q":"1"},"headers":{"X":"*"}}})");
    EXPECT_EQ(base::write_json(rule.at("match")),
              R"({"document":"a*","query":{"q":"1"},"headers":{"X":"*"}})");
}

TEST_F(FaultTool, SaysWhatIsWrongWithAMatch) {
    EXPECT_THAT(refused(R"({"fault":"store.error","match":{"query":"feed=continuous"}})"),
                HasSubstr(R"(`query` of `match` must be an object of names and texts, as in {"feed": "*"})"));
    EXPECT_THAT(refused(R"({"fault":"store.error","match":{"headers":{"X":1}}})"),
                HasSubstr(R"(not {"X":1})"));
    EXPECT_THAT(refused(R"({"fault":"store.error","match":{"query":{}}})"), HasSubstr("`query` of `match`"));
    EXPECT_THAT(refused(R"({"fault":"store.error","match":{"header":{}}})"), HasSubstr("query, headers"));
}

// ---- where a cut is made

TEST_F(FaultTool, AReplyIsCutWhereTheRuleSays) {
    mock.put("/db/a", R"({"text":"0123456789"})");
    const auto whole = mock.get("/db/a").body;
    for (const std::size_t bytes : {std::size_t{0}, std::size_t{1}, whole.size() - 1, whole.size() + 9}) {
        mock.fault(R"({"name":"f","fault":"store.cut_reply","bytes":)" + std::to_string(bytes) + "}");
        const auto answer = mock.get("/db/a");
        EXPECT_TRUE(answer.reset);
        EXPECT_THAT(answer.partial, EndsWith("\r\n\r\n" + whole.substr(0, bytes)));
    }
    mock.fault(R"({"name":"f","fault":"store.cut_reply"})");
    EXPECT_THAT(mock.get("/db/a").partial, EndsWith("\r\n\r\n" + whole.substr(0, whole.size() / 2)));
}

TEST_F(FaultTool, AStreamedReplyIsCutThereToo) {
    mock.put("/db/a", "{}");
    const auto whole = mock.get("/db/_all_docs").body;
    for (const std::size_t bytes : {std::size_t{0}, std::size_t{20}, whole.size() + 9}) {
        mock.fault(R"({"name":"f","fault":"store.cut_reply","bytes":)" + std::to_string(bytes) + "}");
        const auto answer = mock.get("/db/_all_docs");
        EXPECT_TRUE(answer.reset) << bytes;
        EXPECT_EQ(answer.body, whole.substr(0, bytes));
    }
}

TEST_F(FaultTool, AFeedIsCutWhereTheRuleSays) {
    for (const std::size_t bytes : {std::size_t{0}, std::size_t{3}}) {
        const auto feed = mock.send("GET", "/db/_changes?feed=continuous&heartbeat=60000&since=now");
        mock.forget_body(feed);
        mock.fault(R"({"name":"f","fault":"feed.cut","bytes":)" + std::to_string(bytes) + "}");
        mock.ask("POST", "/db", "{}", {{"Content-Type", "application/json"}});
        EXPECT_TRUE(mock.seen(feed).reset);
        EXPECT_THAT(mock.seen(feed).body, EndsWith(std::string{R"({"s)"}.substr(0, bytes)));
        EXPECT_LE(mock.seen(feed).body.size(), bytes + 1)
            << "the empty line that woke it up, and so much of the row";
    }
}

TEST_F(FaultTool, SaysWhatABytesMayBe) {
    EXPECT_THAT(refused(R"({"fault":"feed.cut","bytes":-1})"),
                HasSubstr("`bytes` of feed.cut must be a whole number, 0 to"));
    EXPECT_THAT(refused(R"({"fault":"feed.stall","bytes":1})"), HasSubstr("feed.stall takes no `bytes`"));
}

// ---- whose words

TEST_F(FaultTool, AnErrorMayBeAProxysPage) {
    mock.fault(R"({"name":"f","fault":"store.error","status":502,"body":"<html>Bad Gateway</html>"})");
    const auto page = mock.get("/db");
    EXPECT_EQ(page.status, 502);
    EXPECT_EQ(page.body, "<html>Bad Gateway</html>");
    EXPECT_EQ(header(page, "Content-Type"), "text/html");
    mock.fault(R"({"name":"f","fault":"store.error","body":"{\"error\":\"mine\"}"})");
    EXPECT_EQ(header(mock.get("/db"), "Content-Type"), "application/json");
    // A captive portal: everything is found, and nothing is CouchDB's.
    mock.fault(
        R"({"name":"f","fault":"store.error","status":200,"body":"<html>Sign in</html>","content_type":"text/html"})");
    const auto portal = mock.put("/db/portal", "{}");
    EXPECT_EQ(portal.status, 200);
    EXPECT_EQ(portal.body, "<html>Sign in</html>");
    mock.fault(R"({"name":"f","fault":"store.error","content_type":"text/plain; charset=latin-1"})");
    EXPECT_EQ(header(mock.get("/db"), "Content-Type"), "text/plain; charset=latin-1");
    EXPECT_EQ(mock.get("/db").text("error"), "internal_server_error")
        << "CouchDB's words under another's name";
}

TEST_F(FaultTool, RetryAfterIsANumberOrADate) {
    mock.fault(R"({"name":"f","fault":"store.error","status":503,"retry_after_s":7})");
    EXPECT_EQ(header(mock.get("/db"), "Retry-After"), "7");
    mock.fault(R"({"name":"f","fault":"store.error","status":503,"retry_after_date_s":0})");
    const auto now = header(mock.get("/db"), "Retry-After");
    mock.fault(R"({"name":"f","fault":"store.error","status":503,"retry_after_date_s":86400})");
    const auto tomorrow = header(mock.get("/db"), "Retry-After");
    EXPECT_THAT(now, EndsWith(" GMT"));
    EXPECT_EQ(now.substr(17), tomorrow.substr(17)) << "the same time of another day";
    EXPECT_NE(now, tomorrow);
    EXPECT_THAT(refused(R"({"fault":"store.error","retry_after_s":1,"retry_after_date_s":1})"),
                HasSubstr("exclude each other"));
}

TEST_F(FaultTool, ATeapotSaysSo) {
    mock.fault(R"([{"name":"f","fault":"store.error","status":418}])");
    EXPECT_EQ(mock.get("/db").status, 418);
}

// ---- attachments and sessions

TEST_F(FaultTool, AnAttachmentIsWrongByOneBitAndNothingElseIs) {
    mock.ask("PUT", "/db/a/f", "0123456789", {{"Content-Type", "image/png"}});
    const auto etag = header(mock.get("/db/a/f"), "ETag");
    mock.fault(R"({"name":"f","fault":"store.corrupt_attachment","at":1})");
    const auto wrong = mock.get("/db/a/f");
    EXPECT_EQ(wrong.status, 200);
    EXPECT_EQ(wrong.body, "0123446789");
    EXPECT_EQ(header(wrong, "ETag"), etag);
    EXPECT_EQ(mock.get("/db/a/f").body, "0123456789");
    EXPECT_EQ(mock.hits("f"), 1);
    mock.fault(R"({"name":"f","fault":"store.corrupt_attachment"})");
    EXPECT_EQ(mock.get("/db/a").status, 200);
    EXPECT_EQ(mock.get("/db/a/nope").status, 404);
    EXPECT_EQ(mock.ask("PUT", "/db/b/f", "x", {{"Content-Type", "image/png"}}).status, 201);
    mock.put("/db/_design/d", "{}");
    EXPECT_EQ(mock.get("/db/_design/d/_info").status, 200);
    EXPECT_EQ(mock.hits("f"), 1) << "the attachment that is missing was asked for";
}

TEST_F(FaultTool, ASessionIsShort) {
    MockClient safe{{.admin_user = "admin", .admin_password = "secret"}};
    const auto log_in = safe.ask("POST", "/_session", "name=admin&password=secret",
                                 {{"Content-Type", "application/x-www-form-urlencoded"}});
    auto cookie = header(log_in, "Set-Cookie");
    cookie = cookie.substr(0, cookie.find(';'));
    const base::Headers headers{{"Cookie", "x=1; " + cookie}};
    safe.ask("POST", "/_mock/faults", R"({"name":"f","fault":"store.short_sessions","delay_ms":1000})",
             {{"Content-Type", "application/json"}, {"Authorization", "Basic YWRtaW46c2VjcmV0"}});
    EXPECT_EQ(safe.ask("GET", "/_all_dbs", "", headers).status, 200);
    safe.pass(999ms);
    EXPECT_EQ(safe.ask("GET", "/_all_dbs", "", headers).status, 200);
    safe.pass(1ms);
    EXPECT_EQ(safe.ask("GET", "/_all_dbs", "", headers).status, 401);
    EXPECT_EQ(safe.ask("GET", "/_all_dbs", "", {{"Authorization", "Basic YWRtaW46c2VjcmV0"}}).status, 200)
        << "a password is no session";
}

}  // namespace
}  // namespace davenport::couchmock::test
