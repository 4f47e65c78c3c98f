#include "tests/couchmock/mock_client.hpp"

/// The API beside what the recorded exchanges hold: what no single exchange shows.
namespace davenport::couchmock::test {
namespace {

std::string rev_of(const Seen& answer) { return answer.text("rev"); }

TEST(Store, WritesReadsAndRefusesASecondFirstWrite) {
    MockClient mock;
    EXPECT_EQ(mock.put("/db", "").status, 201);
    EXPECT_EQ(mock.put("/db/a", R"({"n":1})").status, 201);
    EXPECT_EQ(mock.put("/db/a", R"({"n":1})").status, 409);
    EXPECT_EQ(mock.get("/db/a").body,
              "{\"_id\":\"a\",\"_rev\":\"1-731bef401491606a3b246ed178e697c1\",\"n\":1}\n");
}

TEST(Store, TheSameWritesMakeTheSameBytesWhateverElseThereWas) {
    std::string first;
    for (int run = 0; run < 2; ++run) {
        MockClient mock{{.seed = 7, .default_shards = 1}};
        mock.put("/db", "");
        for (int i = 0; i < 50; ++i)
            mock.put("/db/d" + std::to_string(i * 37 % 50), R"({"n":)" + std::to_string(i) + "}");
        const auto all = mock.get("/db/_changes?include_docs=true").body + mock.get("/_uuids?count=3").body +
                         mock.get("/db").body;
        if (run == 0) first = all;
        EXPECT_EQ(all, first);
    }
}

TEST(Store, AnotherSeedMakesOtherSequences) {
    std::vector<std::string> bodies;
    for (const std::uint64_t seed : {1u, 2u}) {
        MockClient mock{{.seed = seed, .default_shards = 1}};
        mock.put("/db", "");
        mock.put("/db/a", "{}");
        bodies.push_back(mock.get("/db/_changes").body);
    }
    EXPECT_NE(bodies[0], bodies[1]);
}

TEST(Store, BulkRowsOfOneIdAreJudgedAgainstWhatWasThereBefore) {
    MockClient mock;
    mock.put("/db", "");
    const auto rev = rev_of(mock.put("/db/a", R"({"n":1})"));
    const auto answer = mock.ask("POST", "/db/_bulk_docs",
                                 R"({"docs":[{"_id":"a","_rev":")" + rev + R"(","n":2},{"_id":"a","_rev":")" +
                                     rev + R"(","n":3},{"_id":"b"},{"_id":"b","n":4}]})");
    const auto rows = answer.value();
    ASSERT_EQ(rows.get_array().size(), 4u);
    EXPECT_TRUE(base::member(rows.get_array()[0], "ok"));
    EXPECT_EQ(base::string_member(rows.get_array()[1], "error"), "conflict");
    EXPECT_TRUE(base::member(rows.get_array()[2], "ok"));
    EXPECT_EQ(base::string_member(rows.get_array()[3], "error"), "conflict");
}

TEST(Store, ADeletedDocumentComesBackUnderTheNextRevision) {
    MockClient mock;
    mock.put("/db", "");
    const auto first = rev_of(mock.put("/db/a", "{}"));
    const auto gone = rev_of(mock.ask("DELETE", "/db/a?rev=" + first));
    EXPECT_TRUE(gone.starts_with("2-"));
    EXPECT_EQ(mock.put("/db/a?rev=" + gone, "{}").status, 409) << "on the tombstone itself";
    EXPECT_TRUE(rev_of(mock.put("/db/a", "{}")).starts_with("3-"));
}

TEST(Store, ConflictsAreTheSameOnBothSidesOfAReplication) {
    MockClient mock;
    mock.put("/one", "");
    mock.put("/two", "");
    mock.put("/one/a", R"({"side":1})");
    mock.put("/two/a", R"({"side":2})");
    for (const auto* pair : {R"({"source":"one","target":"two"})", R"({"source":"two","target":"one"})"})
        EXPECT_EQ(mock.ask("POST", "/_replicate", pair).status, 200);
    const auto one = mock.get("/one/a?conflicts=true").body;
    EXPECT_NE(one.find("_conflicts"), std::string::npos);
    EXPECT_EQ(one, mock.get("/two/a?conflicts=true").body);
}

TEST(Store, ShardsKeepTheirOwnOrderAndTheFeedIsAnyMixOfThem) {
    MockClient mock{{.default_shards = 4}};
    mock.put("/db", "");
    std::vector<std::string> written;
    for (int i = 0; i < 60; ++i) {
        written.push_back("d" + std::to_string(i));
        mock.put("/db/" + written.back(), "{}");
    }
    const auto answer = mock.get("/db/_changes").value();
    std::vector<std::string> shown;
    std::string middle;
    for (const auto& row : base::member(answer, "results")->get_array()) {
        shown.emplace_back(base::string_member(row, "id").value());
        if (shown.size() == 30) middle = base::string_member(row, "seq").value();
    }
    EXPECT_NE(shown, written) << "with four shards the order is partial";
    auto sorted = shown;
    std::ranges::sort(sorted);
    std::ranges::sort(written);
    EXPECT_EQ(sorted, written);
    // From the middle on come the others, all of them.
    const auto rest = mock.get("/db/_changes?since=" + base::percent_encode(middle)).value();
    std::vector<std::string> later;
    for (const auto& row : base::member(rest, "results")->get_array())
        later.emplace_back(base::string_member(row, "id").value());
    std::vector<std::string> expected{shown.begin() + 30, shown.end()};
    std::ranges::sort(expected);
    std::ranges::sort(later);
    EXPECT_EQ(later, expected);
}

TEST(Store, AllDocsPagesBackwardsThroughARoom) {
    MockClient mock;
    mock.put("/db", "");
    for (const auto* room : {"a", "b", "c"})
        for (int i = 0; i < 9; ++i) mock.put("/db/" + std::string{room} + "%3A" + std::to_string(i), "{}");
    const auto page = mock.get(
                              "/db/"
                              "_all_docs?startkey=%22b:%EF%BF%B0%22&endkey=%22b:%22&descending=true&limit=3&"
                              "include_docs=true")
                          .value();
    const auto& rows = base::member(page, "rows")->get_array();
    ASSERT_EQ(rows.size(), 3u);
    EXPECT_EQ(base::string_member(rows[0], "id"), "b:8");
    EXPECT_EQ(base::string_member(rows[2], "id"), "b:6");
    EXPECT_EQ(base::int_member(page, "offset"), 9);
}

/// As CouchDB 3.5.0 answered these.
TEST(Store, AllDocsTakesKeysTogetherWithARangeOnlyWhereBothAreOneKey) {
    MockClient mock;
    mock.put("/db", "");
    for (const auto* id : {"0", "1", "2"}) mock.put(std::string{"/db/"} + id, "{}");
    const auto status = [&](const std::string& query, const std::string& body = {}) {
        const auto target = "/db/_all_docs?" + query;
        const auto answer = body.empty() ? mock.get(target) : mock.ask("POST", target, body);
        if (answer.status == 400) {
            EXPECT_EQ(answer.text("error"), "query_parse_error");
            EXPECT_EQ(answer.text("reason"), "`keys` is incompatible with `key`, `start_key` and `end_key`");
        }
        return answer.status;
    };
    EXPECT_EQ(status("keys=[%221%22]&key=%222%22"), 400);
    EXPECT_EQ(status("keys=[%221%22]&startkey=%220%22"), 400);
    EXPECT_EQ(status("keys=[%221%22]&endkey=%221%22"), 200);
    EXPECT_EQ(status("key=%222%22&keys=[%221%22]"), 200)
        << "one key alone is a `key`, and the later one counts";
    EXPECT_EQ(status("keys=[%221%22,%222%22]&key=%221%22"), 400);
    EXPECT_EQ(status("keys=[]&key=%221%22"), 200);
    EXPECT_EQ(status("key=%221%22", R"({"keys":["1"]})"), 200);
    EXPECT_EQ(status("endkey=%220%22", R"({"keys":["1"]})"), 400);
    EXPECT_EQ(status("keys=[%220%22]", R"({"keys":["1"]})"), 400);
    EXPECT_EQ(status("", R"({"keys":["1"],"startkey":"0"})"), 400);
}

TEST(Store, LocalDocumentsInABulkRequestKnowNoConflictAndAreInNoFeed) {
    MockClient mock;
    mock.put("/db", "");
    const auto bulk = [&](const char* body) { return mock.ask("POST", "/db/_bulk_docs", body).body; };
    EXPECT_EQ(
        bulk(
            R"({"docs":[{"_id":"_local/h","b":1},{"_id":"_local/g","_rev":"0-5"},{"_id":"n"},{"_id":"_local/q","_rev":"1-abc"}]})"),
        R"([{"ok":true,"id":"_local/h","rev":"0-1"},{"ok":true,"id":"_local/g","rev":"0-6"},)"
        R"({"ok":true,"id":"n","rev":"1-967a00dff5e02add41819138abb3284d"},)"
        R"({"id":"_local/q","error":"error","reason":"Invalid rev format"}])"
        "\n");
    EXPECT_EQ(mock.get("/db/_local/h").body, "{\"_id\":\"_local/h\",\"_rev\":\"0-1\",\"b\":1}\n");
    EXPECT_EQ(bulk(R"({"new_edits":false,"docs":[{"_id":"_local/h","_rev":"0-9","_deleted":true}]})"),
              "[]\n");
    EXPECT_EQ(mock.get("/db/_local/h").status, 404);
    EXPECT_EQ(base::member(mock.get("/db/_changes").value(), "results")->get_array().size(), 1u);
}

TEST(Store, AnAttachmentsRevposIsOfTheRevisionThatBroughtItsBytes) {
    MockClient mock;
    mock.put("/db", "");
    const auto revpos = [&](const char* document, const char* attachment) {
        const auto answer = mock.get(std::string{"/db/"} + document).value();
        const auto* all = base::member(answer, "_attachments");
        return all ? base::int_member(*base::member(*all, attachment), "revpos").value_or(-1) : -1;
    };
    auto rev = mock.put("/db/a", R"({"_attachments":{"x":{"revpos":7,"data":"b25l"},"y":{"data":"dHdv"}}})")
                   .text("rev");
    EXPECT_EQ(revpos("a", "x"), 1) << "whatever it was said to be";
    rev = mock.put("/db/a",
                   R"({"_rev":")" + rev +
                       R"(","_attachments":{"x":{"stub":true,"revpos":1},"y":{"revpos":1,"data":"bmV3"}}})")
              .text("rev");
    EXPECT_EQ(revpos("a", "x"), 1);
    EXPECT_EQ(revpos("a", "y"), 2);
    const auto wrong =
        mock.put("/db/a", R"({"_rev":")" + rev + R"(","_attachments":{"x":{"stub":true,"revpos":2}}})");
    EXPECT_EQ(wrong.status, 412);
    EXPECT_EQ(wrong.text("error"), "missing_stub");
    mock.ask(
        "POST", "/db/_bulk_docs",
        R"({"new_edits":false,"docs":[{"_id":"b","_rev":"5-a","_attachments":{"x":{"revpos":2,"data":"b25l"},"y":{"data":"b25l"}}}]})");
    EXPECT_EQ(revpos("b", "x"), 2) << "a copy keeps what it was said";
    EXPECT_EQ(revpos("b", "y"), 0);
}

TEST(Store, ALongListGoesOutInPiecesOneAtATime) {
    MockClient mock;
    mock.put("/db", "");
    for (int i = 0; i < 300; ++i)
        mock.put("/db/d" + std::to_string(i), "{\"t\":\"" + std::string(1000, 'x') + "\"}");
    mock.reads = false;
    mock.data_effects = 0;
    const auto list = mock.send("GET", "/db/_all_docs?include_docs=true");
    EXPECT_EQ(mock.data_effects, 1u);
    EXPECT_FALSE(mock.seen(list).ended);
    mock.read_again();
    EXPECT_TRUE(mock.seen(list).ended);
    EXPECT_EQ(base::member(mock.seen(list).value(), "rows")->get_array().size(), 300u);
}

TEST(Store, ACookieIsWorthItsTimeAndNoLonger) {
    MockClient mock{{.admin_user = "admin", .admin_password = "secret"}};
    const auto login = mock.ask("POST", "/_session", R"({"name":"admin","password":"secret"})");
    ASSERT_EQ(login.status, 200);
    auto cookie = std::string{base::header(login.headers, "set-cookie")};
    cookie = cookie.substr(0, cookie.find(';'));
    const auto whoami = [&] { return mock.ask("GET", "/_session", {}, {{"Cookie", cookie}}).body; };
    EXPECT_NE(whoami().find("\"admin\""), std::string::npos);
    mock.pass(599s);
    EXPECT_NE(whoami().find("\"admin\""), std::string::npos);
    mock.pass(2s);
    EXPECT_EQ(whoami().find("\"admin\""), std::string::npos);
    cookie.back() = cookie.back() == 'A' ? 'B' : 'A';
    EXPECT_EQ(whoami().find("\"admin\""), std::string::npos) << "a forged one";
}

TEST(Store, AsksForAPasswordOnlyWhenItHasOne) {
    MockClient open;
    EXPECT_EQ(open.put("/db", "").status, 201);
    MockClient closed{{.admin_user = "admin", .admin_password = "secret"}};
    EXPECT_EQ(closed.put("/db", "").status, 401);
    EXPECT_EQ(
        closed.ask("PUT", "/db", {}, {{"Authorization", base::basic_authorization("admin", "wrong")}}).status,
        401);
    EXPECT_EQ(closed.ask("PUT", "/db", {}, {{"Authorization", base::basic_authorization("admin", "secret")}})
                  .status,
              201);
}

TEST(Store, SaysWhatItCannotDoInsteadOfDoingItWrong) {
    MockClient mock{MockConfig{.javascript = false}};
    mock.put("/db", "");
    mock.put("/db/_design/d",
             R"({"views":{"v":{"map":"function(d){emit("}},"filters":{"f":"function(d){return true}"}})");
    EXPECT_EQ(mock.get("/db/_design/d/_view/v").status, 501);
    EXPECT_EQ(mock.get("/db/_changes?filter=d/f").status, 501);
    EXPECT_EQ(mock.put("/db/a", "{}").status, 201);
    mock.put("/db/_design/v", R"({"validate_doc_update":"function(n,o,u){}"})");
    EXPECT_EQ(mock.put("/db/b", "{}").status, 501) << "a validation that is not run would be a lie";
}

/// Whatever comes in is answered, once and to the end.
TEST(Store, AnswersAnything) {
    MockClient mock;
    mock.put("/db", "");
    mock.put("/db/a", R"({"n":1})");
    const std::vector<std::string> methods{"GET",  "HEAD",    "PUT", "POST", "DELETE",
                                           "COPY", "OPTIONS", "x",   ""};
    const std::vector<std::string> targets{"/",
                                           "",
                                           "//",
                                           "/db",
                                           "/db/",
                                           "/db/a",
                                           "/db/a/b/c",
                                           "/db/_design",
                                           "/db/_design/",
                                           "/db/_local",
                                           "/db/_local/x",
                                           "/db/_changes?since=%00",
                                           "/db/_changes?limit=-5&heartbeat=99999999999999999999",
                                           "/db/_all_docs?startkey=[&limit=1",
                                           "/db/_all_docs?skip=999999999999",
                                           "/db/_all_docs?descending=true&startkey=1&skip=3",
                                           "/db/_all_docs/queries",
                                           "/db/_bulk_docs",
                                           "/db/_bulk_get",
                                           "/db/_find",
                                           "/db/_index",
                                           "/db/_index/a/b/c/d/e",
                                           "/db/_explain",
                                           "/db/_purge",
                                           "/db/_revs_diff",
                                           "/db/_missing_revs",
                                           "/db/_security",
                                           "/db/_partition/x/_all_docs",
                                           "/%",
                                           "/%zz",
                                           "/db/%ff",
                                           "/_session",
                                           "/_users",
                                           "/_node/_local/_config/a/b",
                                           "/_all_dbs?startkey=[]",
                                           "/_dbs_info",
                                           "/_replicate",
                                           "/_mock",
                                           "/_mock/faults/x/y",
                                           "/_mock/journal",
                                           "/_mock/store/crash",
                                           "/_mock/store/nothing",
                                           "/db/a?open_revs=[\"x\"]",
                                           "/db/a?rev=1-",
                                           "/db/a?attachments=true&open_revs=all"};
    const std::vector<std::string> bodies{"",
                                          "{}",
                                          "[]",
                                          "null",
                                          "\"x\"",
                                          "{\"docs\":[{}]}",
                                          "{\"docs\":{}}",
                                          "{\"selector\":{\"$and\":[{}]},\"limit\":0}",
                                          "{\"a\":[\"1-x\"]}",
                                          "{\"_attachments\":{\"x\":{\"stub\":true}}}",
                                          "{\"_revisions\":{\"start\":-1,\"ids\":[]}}",
                                          "{\"_revisions\":{\"start\":2,\"ids\":[\"a\"]},\"_rev\":\"2-a\"}",
                                          "{\"fault\":\"store.slow\",\"delay_ms\":-1}",
                                          "\xff\xfe",
                                          "{"};
    for (const auto& method : methods)
        for (const auto& target : targets)
            for (const auto& body : bodies) {
                if (target == "/db" && method == "DELETE") continue;
                SCOPED_TRACE(method + ' ' + target + ' ' + body);
                const auto exchange = mock.send(method, target, body);
                ASSERT_NE(mock.seen(exchange).status, 0);
                if (!mock.seen(exchange).ended) mock.abandon(exchange);
            }
    EXPECT_EQ(mock.get("/_up").status, 200);
}

TEST(Databases, ANumberOfShardsIsBounded) {
    MockClient mock;
    for (const auto* q : {"0", "-1", "x", "1025", "999999999", "99999999999999"}) {
        const auto answer = mock.put("/many?q=" + std::string{q}, "");
        EXPECT_EQ(answer.status, 400) << q;
        EXPECT_EQ(answer.text("reason"), "The `q` value should be a positive integer.");
    }
    EXPECT_EQ(mock.put("/many?q=1024", "").status, 201);
}

}  // namespace
}  // namespace davenport::couchmock::test
