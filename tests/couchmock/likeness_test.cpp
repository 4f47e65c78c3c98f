#include "tests/couchmock/mock_client.hpp"

/// What a client or a suite could tell this store from CouchDB 3.5.0 by, path by path.
namespace davenport::couchmock::test {
namespace {

std::string words(const Seen& answer) {
    return std::to_string(answer.status) + ' ' + answer.text("error") + ": " + answer.text("reason");
}

class Likeness : public testing::Test {
protected:
    Likeness() { mock.put("/db", ""); }
    std::string write(const std::string& id, const std::string& body) {
        return mock.put("/db/" + id, body).text("rev");
    }
    MockClient mock;
};

// ---- seqs

TEST_F(Likeness, LastSeqIsThatOfTheLastRowAndAskedAgainTheSame) {
    MockClient sharded{{.default_shards = 4}};
    sharded.put("/db", "");
    for (int i = 0; i < 40; ++i) sharded.put("/db/d" + std::to_string(i), "{}");
    const auto first = sharded.get("/db/_changes");
    const auto value = first.value();
    const auto& rows = base::member(value, "results")->get_array();
    EXPECT_EQ(first.text("last_seq"), base::text_member(rows.back(), "seq"));
    EXPECT_EQ(sharded.get("/db/_changes").body, first.body);
    EXPECT_EQ(sharded.get("/db").text("update_seq"), first.text("last_seq"));
    EXPECT_NE(base::text_member(rows[0], "seq"), base::text_member(rows[1], "seq"));
}

TEST_F(Likeness, ASeqMayHaveSomethingBehindIt) {
    write("a", "{}");
    const auto seq = mock.get("/db").text("update_seq");
    write("b", "{}");
    EXPECT_EQ(mock.get("/db/_changes?since=" + seq + "xyz").value().at("results").as_array().size(), 1u);
    EXPECT_EQ(mock.get("/db/_changes?since=" + seq.substr(0, seq.size() - 4)).status, 400);
}

TEST_F(Likeness, AFeedThatWasDrainedStandsBehindPurges) {
    const auto rev = write("a", "{}");
    write("b", "{}");
    mock.ask("POST", "/db/_purge", R"({"a":[")" + rev + "\"]}");
    const auto last = mock.get("/db/_changes").text("last_seq");
    const auto none = mock.get("/db/_changes?since=" + last);
    EXPECT_EQ(none.value().at("results").as_array().size(), 0u);
    EXPECT_EQ(none.text("last_seq"), mock.get("/db").text("update_seq"));
}

// ---- revisions

TEST_F(Likeness, ARevisionThatNeverWasIsAParentOnceTheShardKnowsThatNobodyValidates) {
    EXPECT_EQ(mock.put("/db/q", R"({"_rev":"1-abc"})").status, 409) << "before the first write";
    write("other", "{}");
    const auto stored = mock.put("/db/q", R"({"_rev":"1-abc","n":1})");
    EXPECT_EQ(stored.status, 201);
    EXPECT_TRUE(stored.text("rev").starts_with("2-"));
    EXPECT_NE(mock.get("/db/q?revs=true").body.find(R"(,"abc"]})"), std::string::npos);
    EXPECT_EQ(mock.put("/db/other", R"({"_rev":"1-abc"})").status, 409) << "of a document that is there";
    EXPECT_EQ(mock.put("/db/_design/x", R"({"_rev":"1-abc"})").status, 409);
    write("_design/y", "{}");
    EXPECT_EQ(mock.put("/db/r", R"({"_rev":"1-abc"})").status, 409) << "a design document might validate";
}

TEST_F(Likeness, AttsSinceOfAnotherBranchSaysNothing) {
    const std::string attachment =
        R"("_attachments":{"f":{"content_type":"text/x","revpos":2,"data":"aGk="}})";
    const auto first = write("d", "{\"n\":1}");
    const auto put = [&](const std::string& rev, const std::string& body) {
        return mock.ask("PUT", "/db/d?new_edits=false",
                        R"({"_rev":")" + rev + R"(","_revisions":{"start":2,"ids":[")" + rev.substr(2) +
                            "\",\"" + first.substr(2) + "\"]}," + body + "}");
    };
    put("2-aa", attachment);
    put("2-bb", "\"n\":2");
    const auto json = [&](const std::string& target) {
        return mock.ask("GET", target, {}, {{"Accept", "application/json"}}).body;
    };
    const auto data = [&](const std::string& query) {
        return json("/db/d?rev=2-aa&atts_since=" + base::percent_encode(query)).find("\"data\"") !=
               std::string::npos;
    };
    EXPECT_TRUE(data(R"(["2-bb"])"));
    EXPECT_FALSE(data(R"(["2-aa"])"));
    EXPECT_TRUE(data("[\"" + first + "\"]")) << "the ancestor is older than the attachment";
    const auto open = [&](const std::string& known) {
        return json("/db/d?open_revs=%5B%222-aa%22%5D&atts_since=" +
                    base::percent_encode("[\"" + known + "\"]"));
    };
    EXPECT_NE(open("2-bb").find("aGk="), std::string::npos);
    const auto bulk = [&](const std::string& known) {
        return mock.ask("POST", "/db/_bulk_get",
                        R"({"docs":[{"id":"d","rev":"2-aa","atts_since":[")" + known + "\"]}]}",
                        {{"Accept", "application/json"}, {"Content-Type", "application/json"}});
    };
    EXPECT_NE(bulk("2-bb").body.find("aGk="), std::string::npos);
    EXPECT_EQ(bulk("2-aa").body.find("aGk="), std::string::npos);
}

TEST_F(Likeness, AllOrNothingIsRefusedDocumentByDocument) {
    const auto answer = mock.ask("POST", "/db/_bulk_docs", R"({"all_or_nothing":true,"docs":[{"_id":"a"}]})");
    EXPECT_EQ(answer.status, 417);
    EXPECT_EQ(answer.body,
              "[{\"id\":\"a\",\"rev\":\"0-\",\"error\":\"not_implemented\","
              "\"reason\":\"all_or_nothing is not supported\"}]\n");
}

// ---- attachments

TEST_F(Likeness, Base64MayHaveLineBreaksAndADeclaredLengthHasToBeRight) {
    EXPECT_EQ(mock.put("/db/a", R"({"_attachments":{"f":{"data":"aG\r\nVs bG8="}}})").status, 201);
    EXPECT_EQ(mock.get("/db/a/f").body, "hello");
    const auto related = [&](int length) {
        return mock.ask(
            "PUT", "/db/r" + std::to_string(length),
            "--b\r\nContent-Type: application/json\r\n\r\n{\"_attachments\":{\"f\":{\"follows\":true,"
            "\"content_type\":\"x/y\",\"length\":" +
                std::to_string(length) + "}}}\r\n--b\r\n\r\nhello\r\n--b--",
            {{"Content-Type", "multipart/related;boundary=\"b\""}});
    };
    EXPECT_EQ(related(5).status, 201);
    EXPECT_EQ(words(related(6)), "400 bad_request: attachment shorter than expected");
    EXPECT_EQ(words(related(4)), "400 bad_request: attachment longer than expected");
}

// ---- headers

TEST_F(Likeness, AnswersNameTheServerAndTheRequest) {
    const auto answer = mock.get("/db");
    EXPECT_EQ(base::header(answer.headers, "server"), "CouchDB/3.5.0 (Erlang OTP/25)");
    EXPECT_EQ(base::header(answer.headers, "x-couch-request-id").size(), 10u);
    EXPECT_EQ(base::header(answer.headers, "x-couchdb-body-time"), "0");
    const auto named = mock.ask("GET", "/db", {}, {{"X-Couch-Request-ID", "mine-1"}});
    EXPECT_EQ(base::header(named.headers, "x-couch-request-id"), "mine-1");
    const auto bad = mock.ask("GET", "/db", {}, {{"X-Couch-Request-ID", "no spaces"}});
    EXPECT_NE(base::header(bad.headers, "x-couch-request-id"), "no spaces");
    EXPECT_FALSE(base::has_header(mock.get("/_session").headers, "x-couch-request-id"));
}

TEST_F(Likeness, ETagsAreComparedWeaklyAndAStarIsNone) {
    const auto rev = write("a", "{}");
    const auto status = [&](const std::string& value) {
        return mock.ask("GET", "/db/a", {}, {{"If-None-Match", value}}).status;
    };
    EXPECT_EQ(status('"' + rev + '"'), 304);
    EXPECT_EQ(status("\"x\", W/\"" + rev + '"'), 304);
    EXPECT_EQ(status("*"), 200);
    EXPECT_EQ(words(mock.ask("PUT", "/db/a", "{}", {{"If-Match", "*"}})),
              "400 bad_request: Invalid rev format");
}

// ---- feeds

TEST_F(Likeness, ASelectorJudgesEachLeafAndItsFieldsAreAllThatIsShown) {
    write("d", R"({"n":1})");
    mock.ask(
        "POST", "/db/_bulk_docs",
        R"({"new_edits":false,"docs":[{"_id":"d","_rev":"1-bb","keep":true},{"_id":"d","_rev":"1-aa","keep":true}]})");
    const auto ask = [&](const std::string& query, const std::string& body) {
        return mock.ask("POST", "/db/_changes?filter=_selector&" + query, body).body;
    };
    const std::string selector = R"({"selector":{"keep":true},"fields":["_id"]})";
    EXPECT_NE(ask("style=all_docs", selector).find(R"("changes":[{"rev":"1-bb"},{"rev":"1-aa"}])"),
              std::string::npos);
    EXPECT_NE(ask("style=all_docs&include_docs=true", selector).find(R"("doc":{"_id":"d"})"),
              std::string::npos);
    EXPECT_NE(ask("", R"({"selector":{},"fields":1})").find("fields must be JSON array"), std::string::npos);
}

TEST_F(Likeness, AFilterOfAnOddFormIsRefusedInCouchDbsWords) {
    EXPECT_EQ(words(mock.get("/db/_changes?filter=_nope")), "400 bad_request: unknown builtin filter name");
    EXPECT_EQ(words(mock.get("/db/_changes?filter=a")),
              "400 bad_request: `filter` must be of the form `designname/filtername`");
    EXPECT_EQ(mock.get("/db/_changes?filter=/").status, 200);
    EXPECT_EQ(words(mock.get("/db/_changes?filter=_view&view=/")),
              "400 bad_request: `view` must be of the form `designname/viewname`");
}

// ---- paths

TEST_F(Likeness, PathsThatAreNoneAreDocumentsThatAreMissing) {
    for (const auto* path : {"/db/_bulk_docs/x", "/db/_security/x", "/db/_all_docs/x", "/db/_revs_diff/x"})
        EXPECT_EQ(words(mock.get(path)), "404 not_found: missing") << path;
    EXPECT_EQ(words(mock.get("/db/_design/none/_view/v")), "404 not_found: missing");
    EXPECT_EQ(words(mock.ask("POST", "/db/_temp_view", "{}")),
              "410 gone: Temporary views are not supported in CouchDB");
    EXPECT_EQ(words(mock.get("/_node")), "400 bad_request: Incomplete path to _node request");
    EXPECT_EQ(mock.get("/_membership/x").status, 404);
    EXPECT_EQ(mock.get("/_node/_local/_versions").status, 200);
    EXPECT_EQ(mock.get("/_node/_local/_prometheus").status, 200);
}

TEST_F(Likeness, ADesignDocumentWithAnEncodedSlashIsFoundWithoutIt) {
    write("_design/d", "{}");
    const auto answer = mock.get("/db/_design%2Fd?rev=1");
    EXPECT_EQ(answer.status, 301);
    EXPECT_EQ(base::header(answer.headers, "location"), "http://mock/db/_design/d?rev=1");
    EXPECT_EQ(mock.put("/db/_design%2Fe", "{}").status, 201);
}

TEST_F(Likeness, DesignDocumentsAreChecked) {
    const auto put = [&](const std::string& body) { return words(mock.put("/db/_design/d", body)); };
    EXPECT_EQ(put(R"({"views":{"v":{}}})"), "400 invalid_design_doc: View `v` must contain map function");
    EXPECT_EQ(put(R"({"views":1})"), "400 invalid_design_doc: `views` field must have object type");
    EXPECT_EQ(put(R"({"views":{"v":{"map":1}}})"),
              "400 invalid_design_doc: `views.v.map` field must have string type");
    EXPECT_EQ(put(R"({"filters":{"f":1}})"),
              "400 invalid_design_doc: `filters.f` field must have object or string type");
    EXPECT_EQ(put(R"({"views":{"v":{"map":"x","reduce":"_nope"}}})"),
              "400 invalid_design_doc: `_nope` is not a supported reduce function.");
    EXPECT_EQ(put(R"({"options":{"partitioned":true}})"),
              "400 invalid_design_doc: partitioned option cannot be true in a non-partitioned database.");
    EXPECT_EQ(put(R"({"views":{"v":{"map":"function() {}","reduce":"_sum"}}})"), "201 : ");
}

TEST_F(Likeness, ListsTakeTheParametersOfViews) {
    for (const auto* id : {"a", "b", "c"}) mock.put("/db/_local/" + std::string{id}, "{}");
    const auto ids = [&](const std::string& target) {
        std::string out;
        const auto value = mock.get(target).value();
        for (const auto& row : base::member(value, "rows")->get_array())
            out += base::text_member(row, "id").back();
        return out;
    };
    EXPECT_EQ(ids("/db/_local_docs"), "abc");
    EXPECT_EQ(ids("/db/_local_docs?descending=true&limit=2"), "cb");
    EXPECT_EQ(ids("/db/_local_docs?startkey=%22_local/b%22&skip=1"), "c");
    EXPECT_EQ(ids("/db/_local_docs?keys=%5B%22_local/c%22,%22_local/a%22%5D"), "ca");
    EXPECT_EQ(words(mock.get("/db/_local_docs?limit=x")),
              "400 query_parse_error: Invalid value for integer: \"x\"");
    EXPECT_EQ(words(mock.get("/_all_dbs?limit=-1")),
              "400 query_parse_error: Invalid value for positive integer: \"-1\"");
    EXPECT_EQ(mock.get("/_all_dbs?startkey=%7B%7D&limit=1").body, "[\"_replicator\"]\n");
    EXPECT_EQ(mock.get("/_all_dbs?endkey=%7B%7D&limit=1").body, "[]\n");
    EXPECT_EQ(words(mock.get("/db/_all_docs?group=true")),
              "400 query_parse_error: Invalid use of grouping on a map view.");
    write("_design/x", "{}");
    write("z", "{}");
    EXPECT_EQ(base::int_member(mock.get("/db/_design_docs").value(), "total_rows"), 1);
    EXPECT_EQ(mock.ask("POST", "/db/_local_docs/queries", R"({"queries":[{"limit":1},{"skip":2}]})").status,
              200);
}

TEST_F(Likeness, UuidsRiseWithinOnePrefix) {
    const auto value = mock.get("/_uuids?count=3").value();
    const auto& uuids = base::member(value, "uuids")->get_array();
    const auto text = [&](std::size_t i) { return std::string{uuids[i].get_string()}; };
    EXPECT_EQ(text(0).substr(0, 26), text(2).substr(0, 26));
    EXPECT_LT(text(0), text(1));
    EXPECT_LT(text(1), text(2));
    EXPECT_EQ(text(0).size(), 32u);
    EXPECT_EQ(words(mock.get("/_uuids?count=1001")), "400 bad_request: count parameter too large");
}

TEST_F(Likeness, AShardIsToldOfADocument) {
    MockClient sharded{{.default_shards = 2}};
    sharded.put("/db", "");
    const auto range = sharded.get("/db/_shards/a").text("range");
    EXPECT_TRUE(range == "00000000-7fffffff" || range == "80000000-ffffffff") << range;
}

// ---- replication

TEST_F(Likeness, AReplicationCopiesWhatIsAskedForAndRemembersWhereItGot) {
    mock.put("/to", "");
    for (const auto* id : {"a", "b", "c"}) write(id, R"({"n":1})");
    const auto run = [&](const std::string& more) {
        return mock.ask("POST", "/_replicate", R"({"source":"db","target":"to")" + more + "}");
    };
    EXPECT_EQ(run(R"(,"doc_ids":["a"])").value().at("history").at(0).at("docs_written").as_int64(), 1);
    EXPECT_EQ(mock.get("/to/b").status, 404);
    write("d", R"({"n":2})");
    EXPECT_EQ(run(R"(,"selector":{"n":2})").value().at("history").at(0).at("docs_written").as_int64(), 1);
    EXPECT_EQ(mock.get("/to/d").status, 200);
    EXPECT_EQ(mock.get("/to/b").status, 404);
    run("");
    EXPECT_EQ(mock.get("/to/b").status, 200);
    EXPECT_TRUE(base::bool_member(run("").value(), "no_changes"));
    EXPECT_EQ(run(R"(,"doc_ids":["a"],"selector":{})").text("reason"),
              "`doc_ids`,`filter`,`selector` are mutually exclusive");
    EXPECT_EQ(run(R"(,"continuous":1)").text("reason"), "parameter `continuous` must be a boolean");
}

TEST_F(Likeness, AContinuousReplicationGoesOnUntilItIsCancelled) {
    mock.put("/to", "");
    mock.put("/third", "");
    const std::string there = R"({"source":"db","target":"to","continuous":true)";
    const auto started = mock.ask("POST", "/_replicate", there + "}");
    EXPECT_EQ(started.status, 202);
    EXPECT_TRUE(started.text("_local_id").ends_with("+continuous"));
    mock.ask("POST", "/_replicate", R"({"source":"to","target":"third","continuous":true})");
    const auto feed = mock.send("GET", "/third/_changes?feed=continuous&heartbeat=9000");
    write("a", "{}");
    EXPECT_EQ(mock.seen(feed).ids(), std::vector<std::string>{"a"}) << "through both, before anybody is told";
    EXPECT_EQ(base::int_member(mock.get("/_scheduler/jobs").value(), "total_rows"), 2);
    EXPECT_EQ(mock.ask("POST", "/_replicate", there + R"(,"cancel":true})").status, 200);
    EXPECT_EQ(words(mock.ask("POST", "/_replicate", there + R"(,"cancel":true})")), "404 not_found: missing");
    write("b", "{}");
    EXPECT_EQ(mock.get("/to/b").status, 404);
}

TEST_F(Likeness, NoReasonOfAReplicationShowsAPassword) {
    const auto gone =
        mock.ask("POST", "/_replicate", R"({"source":"http://u:hush@mock/none","target":"db"})");
    EXPECT_EQ(words(gone), "500 db_not_found: could not open http://mock/none/");
    const auto far = mock.ask("POST", "/_replicate", R"({"source":"http://u:hush@far/x","target":"db"})");
    EXPECT_EQ(far.status, 501) << "this one has no network";
    EXPECT_NE(far.text("reason").find("http://far/x/"), std::string::npos) << far.body;
    EXPECT_EQ(far.body.find("hush"), std::string::npos);
}

}  // namespace
}  // namespace davenport::couchmock::test
