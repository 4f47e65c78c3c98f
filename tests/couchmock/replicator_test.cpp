#include "tests/couchmock/mock_client.hpp"

#include <algorithm>
#include <vector>

#include <gmock/gmock.h>

/// Documents of `_replicator`, and what `_scheduler` tells of them.
namespace davenport::couchmock::test {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

class Replicator : public testing::Test {
protected:
    Replicator() {
        mock.put("/from", "");
        mock.put("/to", "");
        mock.put("/from/a", "{}");
    }
    Seen put(const std::string& id, const std::string& source, const std::string& target,
             const std::string& more = "") {
        return mock.ask("PUT", "/_replicator/" + id,
                        R"({"source":"http://u:hush@mock/)" + source + R"(","target":"http://mock/)" +
                            target + "\"" + more + "}",
                        {{"Host", "mock"}, {"Content-Type", "application/json"}});
    }
    std::string state(const std::string& id) {
        return mock.get("/_scheduler/docs/_replicator/" + id).text("state");
    }
    std::string error(const std::string& id) {
        const auto value = mock.get("/_scheduler/docs/_replicator/" + id).value();
        const auto* info = base::member(value, "info");
        return info && info->is_object() ? base::text_member(*info, "error") : "";
    }
    void remove(const std::string& id) {
        const auto rev = mock.get("/_replicator/" + id).text("_rev");
        EXPECT_EQ(mock.ask("DELETE", "/_replicator/" + id + "?rev=" + rev).status, 200);
    }
    MockClient mock;
};

TEST_F(Replicator, RunsOnceAndWritesDownThatItIsDone) {
    EXPECT_EQ(put("once", "from", "to").status, 201);
    EXPECT_EQ(mock.get("/to/a").status, 200);
    const auto document = mock.get("/_replicator/once");
    EXPECT_THAT(document.text("_rev"), HasSubstr("2-"));
    EXPECT_EQ(document.text("_replication_state"), "completed");
    EXPECT_EQ(base::int_member(document.value().at("_replication_stats"), "docs_written"), 1);
    EXPECT_TRUE(document.value().at("owner").is_null()) << "nobody in particular";
    EXPECT_EQ(state("once"), "completed");
    mock.put("/from/b", "{}");
    EXPECT_EQ(mock.get("/to/b").status, 404);
}

TEST_F(Replicator, GoesOnUntilItsDocumentIsDeleted) {
    put("on", "from", "to", R"(,"continuous":true)");
    EXPECT_EQ(state("on"), "running");
    EXPECT_THAT(mock.get("/_active_tasks").body,
                HasSubstr(R"("database":"_replicator","doc_id":"on","user":null)"));
    EXPECT_EQ(mock.get("/_replicator/on").text("_replication_state"), "") << "as CouchDB has it since 2.2";
    const auto jobs = mock.get("/_scheduler/jobs");
    EXPECT_THAT(jobs.body, HasSubstr(R"("doc_id":"on")"));
    EXPECT_EQ(jobs.body.find("hush"), std::string::npos);
    mock.put("/from/b", "{}");
    EXPECT_EQ(mock.get("/to/b").status, 200);
    remove("on");
    EXPECT_EQ(mock.get("/_scheduler/docs/_replicator/on").status, 404);
    EXPECT_EQ(base::int_member(mock.get("/_scheduler/jobs").value(), "total_rows"), 0);
    mock.put("/from/c", "{}");
    EXPECT_EQ(mock.get("/to/c").status, 404);
}

TEST_F(Replicator, ADocumentThatIsChangedBeginsAnew) {
    put("on", "from", "to", R"(,"continuous":true)");
    mock.put("/other", "");
    const auto rev = mock.get("/_replicator/on").text("_rev");
    put("on", "from", "other", R"(,"continuous":true,"_rev":")" + rev + "\"");
    mock.put("/from/b", "{}");
    EXPECT_EQ(mock.get("/to/b").status, 404);
    EXPECT_EQ(mock.get("/other/b").status, 200);
    EXPECT_EQ(base::int_member(mock.get("/_scheduler/jobs").value(), "total_rows"), 1);
}

TEST_F(Replicator, TheSameOneTwiceFails) {
    put("one", "from", "to", R"(,"continuous":true)");
    put("two", "from", "to", R"(,"continuous":true)");
    EXPECT_EQ(state("two"), "failed");
    EXPECT_THAT(mock.get("/_replicator/two").text("_replication_state_reason"),
                EndsWith("specified by document `two` already started, triggered by document `one` from db "
                         "`_replicator`"));
}

TEST_F(Replicator, CrashesAndIsTriedAgainLaterAndLater) {
    put("bad", "nope", "to");
    EXPECT_EQ(state("bad"), "crashing");
    EXPECT_EQ(error("bad"), "db_not_found: could not open http://mock/nope/");
    EXPECT_EQ(mock.get("/_scheduler/docs/_replicator/bad").text("source"), "http://mock/nope/");
    mock.pass(30s);
    EXPECT_EQ(base::int_member(mock.get("/_scheduler/docs/_replicator/bad").value(), "error_count"), 1);
    EXPECT_EQ(base::int_member(mock.get("/_scheduler/docs/_replicator/bad").value(), "error_count"), 2)
        << "the request before was the occasion";
    mock.put("/nope", "");
    mock.put("/nope/x", "{}");
    mock.pass(59s);
    mock.get("/");
    EXPECT_EQ(state("bad"), "crashing");
    mock.pass(1s);
    mock.get("/");
    EXPECT_EQ(state("bad"), "completed");
    EXPECT_EQ(mock.get("/to/x").status, 200);
}

TEST_F(Replicator, SaysThatItReachesNoOtherServer) {
    const std::string reason =
        "This store runs without a network of its own: it replicates only between its own databases, not "
        "with "
        "http://far/x/";
    const std::string wanted = R"({"source":"http://u:hush@far/x","target":"http://mock/to"})";
    EXPECT_EQ(mock.put("/_replicator/far", wanted).status, 201);
    EXPECT_EQ(state("far"), "failed");
    EXPECT_EQ(error("far"), reason);
    const auto asked = mock.ask("POST", "/_replicate", wanted);
    EXPECT_EQ(asked.status, 501);
    EXPECT_EQ(asked.text("reason"), reason);
}

TEST_F(Replicator, AFilterThatIsNotThereMayComeYet) {
    put("filtered", "from", "to", R"(,"filter":"d/f")");
    EXPECT_EQ(state("filtered"), "error");
    EXPECT_EQ(error("filtered"),
              "Couldn't open document `_design/d` from source database `http://mock/from/`: "
              "{error,<<\"not_found\">>}");
    mock.put("/from/_design/d", R"({"filters":{"f":"function(doc) { return doc._id == 'a'; }"}})");
    mock.pass(30s);
    mock.get("/");
    EXPECT_EQ(state("filtered"), "completed");
    EXPECT_EQ(mock.get("/to/a").status, 200);
    EXPECT_EQ(mock.get("/to/_design/d").status, 404);
}

TEST_F(Replicator, RefusesDocumentsThatAreNone) {
    const auto refusal = [&](const std::string& body) {
        const auto answer = mock.put("/_replicator/x", body);
        EXPECT_EQ(answer.status, 403) << answer.body;
        return answer.text("reason");
    };
    const std::string ends = R"("source":"http://mock/from","target":"http://mock/to")";
    EXPECT_EQ(refusal(R"({"x":1})"), "Missing replicator database");
    EXPECT_EQ(refusal(R"({"source":"http://mock/from"})"), "Missing replicator database");
    EXPECT_EQ(refusal(R"({"source":"from","target":"to"})"), "local_endpoints_not_supported");
    EXPECT_EQ(refusal("{" + ends + R"(,"selector":1})"),
              R"({throw,{bad_request,<<"parameter `selector` must be a JSON object">>}})");
    EXPECT_EQ(refusal("{" + ends + R"(,"doc_ids":"a"})"),
              R"({throw,{bad_request,<<"parameter `doc_ids` must be an array">>}})");
    EXPECT_EQ(mock.put("/_replicator/_design/d", "{}").status, 201);
}

TEST_F(Replicator, ListsDocumentsByTheirStates) {
    put("a", "from", "to");
    put("b", "from", "to", R"(,"continuous":true)");
    put("c", "nope", "to");
    const auto ids = [&](const std::string& query) {
        std::string out;
        const auto value = mock.get("/_scheduler/docs" + query).value();
        for (const auto& row : base::member(value, "docs")->get_array())
            out += base::text_member(row, "doc_id");
        return out;
    };
    EXPECT_EQ(ids(""), "abc");
    EXPECT_EQ(ids("/_replicator"), "abc");
    EXPECT_EQ(ids("?states=completed,crashing"), "ac");
    EXPECT_EQ(ids("?limit=1&skip=1"), "b");
    EXPECT_EQ(
        mock.get("/_scheduler/docs?states=x").text("reason"),
        "Unknown states [x]. Choose from: [initializing,error,running,pending,crashing,completed,failed]");
    EXPECT_EQ(mock.get("/_scheduler/docs/nope").text("reason"), "Invalid path");
    EXPECT_EQ(mock.get("/_scheduler/docs/_replicator/nope").status, 404);
}

class KeptRecords final : public RecordKeeper {
public:
    void put(const Record& record) override {
        const auto same = std::ranges::find_if(records, [&](const Record& other) {
            return other.database == record.database && other.kind == record.kind && other.id == record.id;
        });
        if (same == records.end())
            records.push_back(record);
        else
            *same = record;
    }
    void erase(Record::Kind, const std::string&, const std::string&) override {}
    void drop(const std::string&) override {}
    void wipe() override {}
    std::vector<Record> records;
};

TEST(ReplicatorAfterARestart, GoesOnWithWhatItsDocumentsSay) {
    const std::string ends = R"({"source":"http://mock/from","target":"http://mock/to")";
    const base::Headers headers{{"Host", "mock"}, {"Content-Type", "application/json"}};
    KeptRecords shelf;
    {
        MockClient before;
        before.restore({}, shelf);
        before.put("/from", "");
        before.put("/to", "");
        before.ask("PUT", "/_replicator/on", ends + R"(,"continuous":true})", headers);
        before.ask("PUT", "/_replicator/once", ends + R"(,"doc_ids":["a"]})", headers);
    }
    KeptRecords later;
    MockClient after;
    after.restore(shelf.records, later);
    after.ask("PUT", "/from/a", "{}", headers);
    EXPECT_EQ(after.get("/to/a").status, 200);
    EXPECT_EQ(after.get("/_scheduler/docs/_replicator/on").text("state"), "running");
    EXPECT_EQ(after.get("/_scheduler/docs/_replicator/once").text("state"), "completed");
}

TEST_F(Replicator, ADroppedReplicatorEndsWhatItAskedFor) {
    put("on", "from", "to", R"(,"continuous":true)");
    EXPECT_EQ(mock.ask("DELETE", "/_replicator").status, 200);
    mock.put("/from/b", "{}");
    EXPECT_EQ(mock.get("/to/b").status, 404);
}

}  // namespace
}  // namespace davenport::couchmock::test
