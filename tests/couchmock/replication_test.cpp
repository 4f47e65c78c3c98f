#include "couchmock/core/replication_id.hpp"
#include "couchmock/core/replication_log.hpp"
#include "tests/couchmock/mock_client.hpp"

#include <algorithm>
#include <vector>

#include <gmock/gmock.h>

/// Replications with another server: the mock asks by Fetch, and a second mock answers.
namespace davenport::couchmock::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class Replication : public testing::Test {
protected:
    Replication() {
        near.put("/from", "");
        near.put("/to", "");
        far.put("/db", "");
        for (const auto* id : {"a", "b", "c"}) {
            near.put("/from/" + std::string{id}, R"({"n":1.0})");
            far.put("/db/" + std::string{id} + "-far", R"({"big":123456789012345678901234567890})");
        }
    }

    /// Lets the far server answer until nothing more is asked, or `stop_after` answers; tells how many.
    int serve(int stop_after = 10'000) {
        int served = 0;
        while (!near.fetches().empty() && served < stop_after) {
            EXPECT_EQ(near.fetches().front().host, "far");
            EXPECT_EQ(near.fetches().front().port, 5984);
            near.answer_fetch(answer());
            ++served;
        }
        return served;
    }
    /// What the far server says to the oldest request.
    base::HttpResponse answer() {
        auto request = near.fetches().front().request;
        asked.push_back(request.method + ' ' + request.target.substr(0, request.target.find('?')));
        const auto exchange = far.send(request.method, request.target, request.body, request.headers);
        const auto& seen = far.seen(exchange);
        if (!seen.ended) {  // a feed that waits: it may
            far.pass(10s);
        }
        return {seen.status, seen.headers, seen.body};
    }

    ExchangeId begin(const std::string& source, const std::string& target, const std::string& more = "") {
        return near.send("POST", "/_replicate",
                         R"({"source":")" + source + R"(","target":")" + target + '"' + more + '}');
    }
    static constexpr auto remote = "http://ann:hush@far:5984/db";
    std::string state(const std::string& id) {
        return near.get("/_scheduler/docs/_replicator/" + id).text("state");
    }

    MockClient near{MockConfig{.reaches_others = true, .default_shards = 1}};
    MockClient far{MockConfig{.seed = 2, .default_shards = 1}};
    std::vector<std::string> asked;
};

TEST_F(Replication, PullsOnceAndGoesOnWhereItStopped) {
    const auto first = begin(remote, "to");
    EXPECT_EQ(near.seen(first).status, 0) << "not before it is over";
    serve();
    const auto done = near.seen(first).value();
    EXPECT_EQ(near.seen(first).status, 200) << near.seen(first).body;
    EXPECT_EQ(base::int_member(done.at("history").at(0), "docs_written"), 3);
    EXPECT_EQ(near.get("/to/a-far").body, far.get("/db/a-far").body) << "numbers too";
    EXPECT_THAT(asked,
                ElementsAre("GET /db", HasSubstr("GET /db/_local/"), "GET /db/_changes", "POST /db/_bulk_get",
                            "POST /db/_ensure_full_commit", HasSubstr("PUT /db/_local/")));
    const auto again = begin(remote, "to");
    serve();
    EXPECT_TRUE(base::bool_member(near.seen(again).value(), "no_changes"));
    far.put("/db/later", "{}");
    const auto third = begin(remote, "to");
    serve();
    EXPECT_EQ(base::int_member(near.seen(third).value().at("history").at(0), "docs_written"), 1);
    EXPECT_EQ(near.seen(third).value().at("history").get_array().size(), 2);
}

TEST_F(Replication, APushSurvivesOneFailureOfAnyKindAtAnyRequest) {
    for (int failing_at = 0; failing_at < 9; ++failing_at) {
        for (const bool done_though : {false, true}) {
            SCOPED_TRACE(failing_at);
            near.put("/from/x" + std::to_string(failing_at) + (done_though ? "y" : "n"), "{}");
            const auto exchange = begin("from", remote);
            serve(failing_at);
            if (!near.fetches().empty()) {
                if (done_though) static_cast<void>(answer());  // and the answer is lost
                near.fail_fetch(FetchFailure::lost);
                near.pass(300ms);
            }
            serve();
            EXPECT_EQ(near.seen(exchange).status, 200) << near.seen(exchange).body;
            EXPECT_EQ(far.get("/db").value().at("doc_count"),
                      near.get("/from").value().at("doc_count").as_int64() + 3);
        }
    }
}

TEST_F(Replication, TellsWhatFailedAfterItsTriesAndNoPassword) {
    const auto exchange = begin(remote, "to");
    for (int i = 0; i < 6; ++i) {
        ASSERT_EQ(near.fetches().size(), 1) << i;
        near.fail_fetch(FetchFailure::refused);
        near.pass(8s);
    }
    EXPECT_EQ(near.seen(exchange).status, 500);
    EXPECT_EQ(near.seen(exchange).text("reason"),
              "{http_request_failed,\"GET\",\"http://far:5984/db/\",\n                     "
              "{error,{error,{conn_failed,{error,econnrefused}}}}}");
    const auto nowhere = begin("http://ann:hush@far:5984/none", "to");
    serve();
    EXPECT_EQ(near.seen(nowhere).text("error"), "db_not_found");
    EXPECT_EQ(near.seen(nowhere).text("reason"), "could not open http://far:5984/none/");
    const auto stranger = begin(remote, "to");
    near.answer_fetch({401, {}, R"({"error":"unauthorized"})"});
    EXPECT_EQ(near.seen(stranger).text("reason"),
              R"({session_request_unauthorized,"http://far:5984/_session","ann"})");
}

TEST_F(Replication, ACrashedDocumentIsTriedAgainLaterAndLater) {
    near.ask("PUT", "/_replicator/r", R"({"source":"http://ann:hush@far:5984/db","target":"http://mock/to"})",
             {{"Host", "mock"}});
    EXPECT_EQ(state("r"), "running");
    const auto crash = [&] {
        for (int i = 0; i < 6; ++i) {
            near.fail_fetch(FetchFailure::refused);
            near.pass(std::min(250ms * (1 << i), 8000ms));
        }
        return near.now().time;
    };
    crash();
    EXPECT_EQ(state("r"), "crashing");
    EXPECT_THAT(near.get("/_scheduler/jobs").body,
                HasSubstr(R"("type":"crashed","reason":"{http_request_failed)"));
    near.pass(21s);
    EXPECT_EQ(near.fetches().size(), 0);
    near.pass(9s);
    EXPECT_EQ(near.fetches().size(), 1) << "after 30 s";
    EXPECT_EQ(state("r"), "running");
    crash();
    EXPECT_EQ(base::int_member(near.get("/_scheduler/docs/_replicator/r").value(), "error_count"), 2);
    near.pass(40s);
    EXPECT_EQ(near.fetches().size(), 0);
    near.pass(20s);
    serve();
    EXPECT_EQ(state("r"), "completed") << "after 60 s";
    const auto document = near.get("/_replicator/r");
    EXPECT_EQ(document.text("_replication_state"), "completed");
    EXPECT_EQ(base::int_member(document.value().at("_replication_stats"), "docs_written"), 3);
    for (const auto* path : {"/_scheduler/docs", "/_scheduler/jobs", "/_active_tasks"})
        EXPECT_THAT(near.get(path).body, Not(HasSubstr("hush"))) << path;
}

TEST_F(Replication, ContinuousPushSendsWhatChangesAndKeepsItsPlaceNowAndThen) {
    const auto answer = near.seen(begin("from", remote, R"(,"continuous":true)"));
    EXPECT_EQ(answer.status, 202);
    serve();
    EXPECT_EQ(far.get("/db/a").status, 200);
    near.put("/from/later", "{}");
    serve();
    EXPECT_EQ(far.get("/db/later").status, 200);
    EXPECT_THAT(asked, Not(testing::Contains(HasSubstr("PUT /db/_local")))) << "every 30 s is enough";
    near.pass(30s);
    serve();
    EXPECT_THAT(asked, testing::Contains(HasSubstr("PUT /db/_local")));
    EXPECT_EQ(
        near.ask("POST", "/_replicate", R"({"cancel":true,"id":")" + answer.text("_local_id") + "\"}").status,
        200);
    near.put("/from/after", "{}");
    EXPECT_TRUE(near.fetches().empty());
}

TEST_F(Replication, CancellingAPullHangsUp) {
    const auto answer = near.seen(begin(remote, "to", R"(,"continuous":true)"));
    serve(4);
    ASSERT_EQ(near.fetches().size(), 1);
    EXPECT_EQ(
        near.ask("POST", "/_replicate",
                 R"({"cancel":true,"continuous":true,"source":"http://ann:other@far:5984/db","target":"to"})")
            .text("_local_id"),
        answer.text("_local_id"))
        << "a password is no part of its name";
    EXPECT_TRUE(near.fetches().empty());
    EXPECT_EQ(near.get("/_scheduler/jobs").value().at("total_rows"), 0);
}

TEST_F(Replication, AsksForLessWhenAnAnswerIsTooLarge) {
    const auto exchange = begin(remote, "to");
    while (near.fetches().front().request.target.find("_bulk_get") == std::string::npos) serve(1);
    near.fail_fetch(FetchFailure::too_large);
    EXPECT_EQ(base::parse_json(near.fetches().front().request.body)->at("docs").get_array().size(), 1);
    near.fail_fetch(FetchFailure::too_large);  // one alone is too large
    serve();
    const auto entry = near.seen(exchange).value().at("history").at(0);
    EXPECT_EQ(base::int_member(entry, "docs_written"), 2);
    EXPECT_EQ(base::int_member(entry, "doc_write_failures"), 1);
}

TEST_F(Replication, MakesItsTargetWhenItIsToldTo) {
    const auto exchange =
        begin("from", "http://far:5984/made", R"(,"create_target":true,"create_target_params":{"q":"4"})");
    serve();
    EXPECT_EQ(near.seen(exchange).status, 200);
    EXPECT_EQ(far.get("/made").value().at("cluster").at("q"), 4);
    EXPECT_EQ(far.get("/made").value().at("doc_count"), 3);
}

TEST_F(Replication, ServesOnlyMembersOfItsOwnDatabases) {
    near.put("/from/_security", R"({"members":{"names":["ann"]}})");
    near.put("/_node/_local/_config/admins/root", "\"secret\"");
    EXPECT_EQ(near.seen(begin("from", remote)).status, 401);
    EXPECT_TRUE(near.fetches().empty());
}

// The names that a real CouchDB 3.5.0 gave.
TEST(ReplicationId, IsTheOneThatCouchDBMakes) {
    Effects none;
    const base::HttpRequest request{"POST", "/_replicate", {{"Host", "mock"}}, {}};
    const Call call{1, request, {}, none};
    const auto id = [&](std::string_view wanted) {
        const auto value = *base::parse_json(wanted);
        return replication_id("fake_uuid_for_dev", read_replication_end(call, &value.at("source")),
                              read_replication_end(call, &value.at("target")), value);
    };
    EXPECT_EQ(
        id(R"({"source":"http://admin:secret@127.0.0.1:15984/ga","target":"http://admin:secret@127.0.0.1:15984/gb"})"),
        "25a8644ccde14935706c467754baadae");
    EXPECT_EQ(
        id(R"({"source":"http://admin:secret@127.0.0.1:15984/ga","target":{"url":"http://127.0.0.1:15984/gb/",)"
           R"("headers":{"X-A":"b"},"auth":{"basic":{"username":"admin","password":"secret"}}},)"
           R"("selector":{"n":{"$gt":0}}})"),
        "eaba13fbb11eb9284e64b086ea24647e");
}

TEST(ReplicationLog, GoesOnFromTheNewestSessionThatBothRemember) {
    const auto log = [](std::string_view text) { return base::parse_json(text)->get_object(); };
    const auto place = common_place(
        log(R"({"session_id":"d","source_last_seq":"9-d","history":[{"session_id":"d","recorded_seq":"9-d"},)"
            R"({"session_id":"b","recorded_seq":"5-b"},{"session_id":"a","recorded_seq":"2-a"}]})"),
        log(R"({"session_id":"c","source_last_seq":"7-c","history":[{"session_id":"c","recorded_seq":"7-c"},)"
            R"({"session_id":"b","recorded_seq":"5-b"}]})"));
    EXPECT_EQ(place.seq, "5-b");
    EXPECT_EQ(place.history.size(), 1);
    EXPECT_EQ(common_place(log(R"({"session_id":"a"})"), log(R"({"session_id":"b"})")).seq, 0);
    EXPECT_EQ(common_place({}, {}).seq, 0);
}

}  // namespace
}  // namespace davenport::couchmock::test
