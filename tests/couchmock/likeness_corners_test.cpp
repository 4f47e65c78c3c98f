#include "tests/couchmock/mock_client.hpp"

#include <algorithm>

/// Corners that the generated pairs (pairs/pairs.py) found different from CouchDB 3.5.0, kind by kind.
namespace davenport::couchmock::test {
namespace {

std::string told(const Seen& answer) {
    return std::to_string(answer.status) + ' ' + answer.text("error") + ": " + answer.text("reason");
}

class Corners : public testing::Test {
protected:
    Corners() { mock.put("/db", ""); }
    std::string write(const std::string& id, const std::string& body) {
        return mock.put("/db/" + id, body).text("rev");
    }
    Seen post(const std::string& path, const std::string& body) {
        return mock.ask("POST", "/db" + path, body);
    }
    std::string number(const std::string& name) {
        const auto text = mock.get("/db").text(name);
        return text.substr(0, text.find('-'));
    }
    MockClient mock;
};

// ---- what CouchDB's own suite found

TEST_F(Corners, AFormWithFilesIsTakenFromThePageThatItIsOn) {
    const auto rev = write("form", R"({"n":1})");
    const std::string form =
        "--TF\r\nContent-Disposition: form-data; name=\"_rev\"\r\n\r\n" + rev +
        "\r\n--TF\r\nContent-Disposition: form-data; name=\"_attachments\"; filename=\"file.txt\"\r\n"
        "Content-Type: text/plain\r\n\r\ncontents of file.txt\r\n--TF--";
    const auto send = [&](const std::string& referer, const std::string& type) {
        return mock.ask("POST", "/db/form", form, {{"Referer", referer}, {"Content-Type", type}});
    };
    EXPECT_EQ(told(send("http://elsewhere/", "multipart/form-data; boundary=TF")),
              "400 bad_request: Referer header must match host.");
    EXPECT_EQ(told(send("http://mock/page", "application/x-www-form-urlencoded")),
              "415 bad_content_type: Content-Type must be multipart/form-data");
    EXPECT_EQ(send("http://mock/page", "multipart/form-data; boundary=TF").status, 201);
    EXPECT_EQ(mock.get("/db/form/file.txt").body, "contents of file.txt");
    EXPECT_EQ(mock.get("/db/form").value().at("n"), 1);
    EXPECT_EQ(send("http://mock/page", "multipart/form-data; boundary=TF").status, 409)
        << "once more over the old one";
}

TEST_F(Corners, TheConfigurationSaysWhatIsCompressedAndWhatAPlusMeans) {
    const auto set = [&](const std::string& key, const std::string& value) {
        EXPECT_EQ(mock.put("/_node/_local/_config/" + key, '"' + value + '"').status, 200) << key;
    };
    const auto coded = [&](const std::string& id, const std::string& type) {
        mock.ask("PUT", "/db/" + id + "/f", std::string(200, 'x'), {{"Content-Type", type}});
        return mock.get("/db/" + id + "?att_encoding_info=true").body.find("\"encoding\"") !=
               std::string::npos;
    };
    EXPECT_TRUE(coded("a", "text/plain"));
    EXPECT_FALSE(coded("b", "image/x"));
    set("attachments/compressible_types", "image/*, application/zip");
    EXPECT_FALSE(coded("c", "text/plain"));
    EXPECT_TRUE(coded("d", "image/x"));
    set("attachments/compression_level", "0");
    EXPECT_FALSE(coded("e", "image/x"));
    set("chttpd/decode_plus_to_space", "false");
    write("a+b", "{}");
    EXPECT_EQ(mock.get("/db/a%2Bb").text("_id"), "a+b");
}

TEST_F(Corners, AccountsMayBeKeptInAnotherDatabase) {
    mock.put("/accounts", "");
    mock.put("/_node/_local/_config/chttpd_auth/authentication_db", "\"accounts\"");
    mock.put("/_node/_local/_config/chttpd_auth/iterations", "\"3\"");
    mock.put("/accounts/org.couchdb.user:ann",
             R"({"name":"ann","type":"user","roles":[],"password":"hush"})");
    const auto account = mock.get("/accounts/org.couchdb.user:ann").value();
    EXPECT_EQ(base::member(account, "password"), nullptr);
    EXPECT_EQ(account.at("iterations"), 3);
    EXPECT_EQ(mock.ask("POST", "/_session", R"({"name":"ann","password":"hush"})").status, 200);
}

TEST_F(Corners, LocationsNameWhatAProxyWasCalled) {
    const auto location = [&](base::Headers headers) {
        const auto answer = mock.ask("POST", "/db", "{}", std::move(headers));
        const std::string text{base::header(answer.headers, "Location")};
        return text.substr(0, text.find("/db/"));
    };
    EXPECT_EQ(location({{"X-Forwarded-Host", "chat.example"}}), "http://chat.example");
    EXPECT_EQ(location({{"X-Forwarded-Host", "chat.example"}, {"X-Forwarded-Proto", "https"}}),
              "https://chat.example");
}

// ---- documents and revisions

TEST_F(Corners, ARevisionAskedForByNameIsShownWithoutItsSiblings) {
    const auto first = write("a", "{}");
    post("/_bulk_docs", R"({"new_edits":false,"docs":[{"_id":"a","_rev":"1-abc"}]})");
    const auto named = mock.get("/db/a?rev=" + first + "&meta=true&local_seq=true");
    EXPECT_EQ(named.body, "{\"_id\":\"a\",\"_rev\":\"" + first + "\"}\n");
    EXPECT_EQ(base::header(named.headers, "ETag"), '"' + first + '"');
    EXPECT_NE(mock.get("/db/a?meta=true").body.find("_revs_info"), std::string::npos);
    EXPECT_NE(mock.get("/db/a?rev=" + first + "&latest=true&meta=true").body.find("_revs_info"),
              std::string::npos);
    EXPECT_EQ(mock.get("/db/a?open_revs=all&revs_info=true").body.find("_revs_info"), std::string::npos);
    EXPECT_EQ(post("/_bulk_get?revs_info=true", R"({"docs":[{"id":"a"}]})").body.find("_revs_info"),
              std::string::npos);
}

TEST_F(Corners, OpenRevsComeInTheOrderOfTheirRevisionsAndThoseThatAreMissingLast) {
    const auto rev = write("a", "{}");
    const auto answer = mock.ask("GET", "/db/a?open_revs=%5B%222-aa%22,%221-bb%22,%22" + rev + "%22%5D", "",
                                 {{"Accept", "application/json"}});
    EXPECT_EQ(answer.body, "[{\"ok\":{\"_id\":\"a\",\"_rev\":\"" + rev +
                               R"("}},{"missing":"1-bb"},{"missing":"2-aa"}])" + "\n");
}

TEST_F(Corners, ARevisionNamedTwiceIsMissingOnce) {
    const auto rev = write("a", "{}");
    EXPECT_EQ(post("/_missing_revs", "{\"a\":[\"" + rev + "\",\"" + rev + "\"]}").body,
              "{\"missing_revs\":{\"a\":[\"" + rev + "\"]}}\n");
}

TEST_F(Corners, ARequestWithADesignDocumentLooksUpAllThatItBrings) {
    write("x", "{}");
    const auto answer = post("/_bulk_docs", R"({"docs":[{"_id":"e","_rev":"2-abc"},{"_id":"_design/d"}]})");
    EXPECT_NE(answer.body.find(R"({"id":"e","error":"conflict")"), std::string::npos) << answer.body;
    EXPECT_EQ(mock.put("/db/f", R"({"_rev":"2-abc"})").status, 409)
        << "the shard has to learn again who validates";
    write("y", "{}");
    EXPECT_EQ(mock.put("/db/f", R"({"_rev":"2-abc"})").status, 201);
}

TEST_F(Corners, WhatIsWrongWithADocumentIsToldInTheOrderOfTheDocuments) {
    const auto answer =
        post("/_bulk_docs", R"({"new_edits":false,"docs":[{"_id":"a"},{"_id":"b","_rev":"1-a","_foo":1}]})");
    EXPECT_EQ(
        told(answer),
        "400 bad_request: When `new_edits: false`, the document needs `_rev` or `_revisions` specified");
}

// ---- _local

TEST_F(Corners, ALocalDocumentIsLocalHoweverItComes) {
    EXPECT_EQ(post("", R"({"_id":"_local/p","n":1})").text("rev"), "0-1");
    write("a", R"({"n":2})");
    EXPECT_EQ(mock.ask("COPY", "/db/a", "", {{"Destination", "_local/q"}}).text("rev"), "0-1");
    EXPECT_EQ(mock.ask("COPY", "/db/_local/p", "", {{"Destination", "b"}}).status, 201);
    EXPECT_EQ(mock.get("/db").value().at("doc_count").to_number<int>(), 2);
    EXPECT_EQ(mock.get("/db/_local/q").body, "{\"_id\":\"_local/q\",\"_rev\":\"0-1\",\"n\":2}\n");
}

TEST_F(Corners, ALocalDocumentHasNoTreeOfRevisions) {
    mock.put("/db/_local/a", "{}");
    EXPECT_EQ(mock.get("/db/_local/a?rev=0-1").status, 404);
    EXPECT_EQ(told(mock.get("/db/_local/a?open_revs=x")), "400 bad_request: invalid UTF-8 JSON");
    EXPECT_EQ(mock.get("/db/_local/a?revs=true").body,
              "{\"_id\":\"_local/a\",\"_rev\":\"0-1\",\"_revisions\":{\"start\":0,\"ids\":[\"1\"]}}\n");
    EXPECT_EQ(mock.put("/db/_local/a?batch=ok", "{}").body, "{\"ok\":true,\"id\":\"_local/a\"}\n");
    EXPECT_EQ(mock.put("/db/_local/a?rev=0-1", R"({"_rev":"0-2"})").status, 400);
    EXPECT_GE(mock.put("/db/_local/a?rev=2-", "{}").status, 400);
    EXPECT_EQ(post("/_bulk_docs", R"({"docs":[{"_id":"_local/a","_rev":"2-abc","_deleted":true}]})").body,
              "[{\"ok\":true,\"id\":\"_local/a\",\"rev\":\"0-0\"}]\n");
}

TEST_F(Corners, ListsOfLocalDocumentsKnowNoOthers) {
    mock.put("/db/_local/a", "{}");
    EXPECT_EQ(post("/_local_docs", R"({"keys":["_local/zz","a"]})").value().at("rows").as_array().size(), 1u);
    EXPECT_EQ(post("/_local_docs", R"({"keys":["_local/zz"]})").value().at("rows").as_array().size(), 0u);
}

// ---- attachments

TEST_F(Corners, AttachmentsThatAreNoObjectsArePassedOver) {
    EXPECT_EQ(mock.put("/db/a", R"({"_attachments":{"start":1}})").status, 201);
    EXPECT_EQ(mock.get("/db/a").body.find("_attachments"), std::string::npos);
    EXPECT_GE(mock.put("/db/b", R"({"_attachments":{"x":{"data":"aGk=","content_type":1}}})").status, 400);
    EXPECT_EQ(mock.put("/db/b", R"({"_attachments":{"_x":{}}})").text("reason"),
              "Invalid attachment data for _x");
    EXPECT_GE(mock.put("/db/c", R"({"_attachments":{"x":{"follows":true,"length":2}}})").status, 400);
}

TEST_F(Corners, RangesAndCodingsAreReadToTheirEnd) {
    const auto rev = mock.ask("PUT", "/db/a/f", "hello", {{"Content-Type", "x/y"}}).text("rev");
    EXPECT_EQ(mock.ask("GET", "/db/a/f", "", {{"Range", "bytes=abc-2"}}).status, 200);
    EXPECT_EQ(mock.ask("GET", "/db/a/f", "", {{"Range", "bytes=1-2"}}).body, "el");
    mock.ask("PUT", "/db/e/f", "", {{"Content-Type", "x/y"}});
    EXPECT_EQ(mock.ask("GET", "/db/e/f", "", {{"Range", "bytes=0-0,2-3"}}).status, 416)
        << "there is no first byte";
    mock.ask("PUT", "/db/a/t?rev=" + rev, "hello", {{"Content-Type", "text/plain"}});
    EXPECT_EQ(mock.ask("GET", "/db/a/t", "", {{"Accept-Encoding", "gzip;q=0"}}).body, "hello");
    EXPECT_NE(mock.ask("GET", "/db/a/t", "", {{"Accept-Encoding", "gzip;q=0.5"}}).body, "hello");
    const auto all_known =
        mock.ask("GET", "/db/a?atts_since=%5B%22" + mock.get("/db/a").text("_rev") + "%22%5D", "",
                 {{"Accept", "multipart/related"}});
    EXPECT_EQ(base::header(all_known.headers, "Content-Type"), "application/json")
        << "there is nothing to send behind it";
}

TEST_F(Corners, ManyDocumentsInPartsSayWhoseAttachmentsComeAndNothingElse) {
    write("a", "{}");
    write("b", R"({"_attachments":{"x":{"data":"aGk="}}})");
    const auto ask = [&](const std::string& body) {
        return mock.ask("POST", "/db/_bulk_get", body,
                        {{"Content-Type", "application/json"}, {"Accept", "multipart/related"}});
    };
    EXPECT_EQ(ask(R"({"docs":[]})").body, "");
    const auto answer = ask(R"({"docs":[{"id":"a"},{"id":"b"},{"id":"a","rev":"1-abc"}]})");
    EXPECT_TRUE(base::header(answer.headers, "Content-Type").starts_with("multipart/related; boundary=\"--"));
    EXPECT_EQ(answer.body.find("X-Doc-Id: a"), std::string::npos);
    EXPECT_NE(answer.body.find("X-Doc-Id: b"), std::string::npos);
    EXPECT_NE(answer.body.find(R"({"rev":"1-abc","error":"not_found","reason":"missing"})"),
              std::string::npos);
    EXPECT_EQ(
        post("/_bulk_get", R"({"docs":[{"id":"a","atts_since":"x"}]})").body,
        R"({"results":[{"id":"a","docs":[{"error":{"rev":"x","reason":"att_since value must be array of revs.",)"
        R"("id":"a","error":"bad_request"}}]}]})"
        "\n");
}

// ---- seqs

TEST_F(Corners, EveryPurgeCountsAndIsOnRecordWhateverItFound) {
    write("a", "{}");
    EXPECT_EQ(post("/_purge", R"({"a":["1-abc"],"zz":["1-abc"]})").body,
              "{\"purge_seq\":null,\"purged\":{\"a\":[],\"zz\":[]}}\n");
    EXPECT_EQ(number("purge_seq"), "2");
    EXPECT_EQ(number("update_seq"), "3");
    EXPECT_EQ(mock.get("/db/_purged_infos").value().at("purged_infos").as_array().size(), 2u);
    EXPECT_EQ(mock.get("/db/_changes").text("last_seq").substr(0, 2), "1-") << "the last row's";
}

TEST_F(Corners, SettingsOfADatabaseMoveItsSeq) {
    mock.put("/db/_security", "{}");
    mock.put("/db/_revs_limit", "9");
    mock.put("/db/_purged_infos_limit", "9");
    EXPECT_EQ(number("update_seq"), "3");
}

// ---- lists

TEST_F(Corners, KeysThatAreNoTextStandBeforeAllIds) {
    write("a", "{}");
    for (const auto* key : {"%7B%7D", "%5B%5D", "null", "1"}) {
        EXPECT_NE(mock.get(std::string{"/db/_all_docs?startkey="} + key).body.find("\"id\":\"a\""),
                  std::string::npos)
            << key;
        EXPECT_EQ(mock.get(std::string{"/db/_all_docs?endkey="} + key).body.find("\"id\":\"a\""),
                  std::string::npos)
            << key;
    }
}

TEST_F(Corners, AnIdWithoutAKeyIsTheRange) {
    write("a", "{}");
    write("b", "{}");
    EXPECT_EQ(mock.get("/db/_all_docs?startkey_docid=b").value().at("rows").as_array().size(), 1u);
    EXPECT_EQ(mock.get("/db/_all_docs?end_key_doc_id=a").value().at("rows").as_array().size(), 1u);
    EXPECT_EQ(
        mock.get("/db/_all_docs?startkey=%22a%22&startkey_docid=b").value().at("rows").as_array().size(), 2u);
}

TEST_F(Corners, OffsetsCountWhatIsSkipped) {
    for (const auto* id : {"a", "b", "c"}) write(id, "{}");
    EXPECT_EQ(mock.get("/db/_all_docs?key=%22bb%22&skip=1").value().at("offset").to_number<int>(), 3);
    EXPECT_EQ(mock.get("/db/_all_docs?skip=20").value().at("offset").to_number<int>(), 3);
}

TEST_F(Corners, DesignDocumentsByKeyAreDesignDocuments) {
    write("a", "{}");
    write("_design/x", "{}");
    const auto answer = post("/_design_docs", R"({"keys":["a","_design/x","_design/y"]})").value();
    EXPECT_EQ(answer.at("total_rows").to_number<int>(), 1);
    EXPECT_EQ(answer.at("rows").as_array().size(), 2u);
    EXPECT_TRUE(mock.get("/db/_all_docs?keys=%5B%22a%22,%22b%22%5D&update_seq=true")
                    .value()
                    .at("update_seq")
                    .is_null());
}

TEST_F(Corners, WhatIsNoNumberIsNamedAsErlangPrintsIt) {
    const auto of_body = [&](const std::string& body) { return post("/_all_docs", body).text("reason"); };
    EXPECT_EQ(of_body(R"({"limit":"1"})"), R"(Invalid value for integer: <<"1">>)");
    EXPECT_EQ(of_body(R"({"limit":-1})"), "Invalid value for positive integer: -1");
    EXPECT_EQ(of_body(R"({"skip":{}})"), "Invalid value for integer: {[]}");
    EXPECT_EQ(of_body(R"({"descending":0})"), "Invalid boolean parameter: 0");
    EXPECT_EQ(mock.get("/db/_all_docs?limit=").text("reason"), "Invalid value for integer: []");
    EXPECT_EQ(mock.get("/db/_all_docs?descending=").text("reason"), "Invalid boolean parameter: []");
    EXPECT_EQ(mock.ask("POST", "/db/_all_docs?keys=1", "{}").text("reason"),
              "`keys` must be an array of strings.");
}

TEST_F(Corners, AFilterIsLookedAtBeforeTheKindOfFeed) {
    EXPECT_EQ(mock.get("/db/_changes?feed=x&filter=f").text("reason"),
              "`filter` must be of the form `designname/filtername`");
    EXPECT_EQ(mock.get("/db/_changes?style=x&filter=f").status, 400);
    EXPECT_EQ(mock.get("/db/_changes?style=x").status, 500);
    EXPECT_EQ(mock.get("/db/_changes?feed=x").status, 400);
}

TEST_F(Corners, DesignDocumentsAreLookedAtByASearchThatHasNoIndex) {
    for (int i = 0; i < 9; ++i) write("d" + std::to_string(i), "{}");
    write("_design/a", "{}");
    write("_design/b", "{}");
    const auto found = post("/_find", R"({"selector":{"b":1},"execution_stats":true})");
    EXPECT_EQ(found.value().at("execution_stats").at("total_docs_examined").to_number<int>(), 11);
    EXPECT_NE(found.text("warning").find("high in proportion"), std::string::npos);
    EXPECT_TRUE(post("/_explain", R"({"selector":{}})").value().at("mrargs").at("start_key").is_null());
}

TEST_F(Corners, ADescendingFeedAsksForNoPlace) {
    write("a", "{}");
    EXPECT_EQ(mock.get("/db/_changes?descending=true&since=x").value().at("results").as_array().size(), 1u);
    EXPECT_EQ(mock.get("/db/_changes?since=x").status, 400);
}

TEST_F(Corners, KeysOfAPartitionHaveToBeIdsOfOne) {
    mock.put("/parts?partitioned=true", "");
    EXPECT_EQ(told(mock.get("/parts/_partition/p/_all_docs?keys=%5B%22b%22,%22c%22%5D")),
              "400 illegal_docid: Doc id must be of form partition:id");
}

// ---- the server

TEST_F(Corners, PathsThatAreNotThereSayItAsCouchDBDoes) {
    EXPECT_EQ(mock.get("/_scheduler/x").body, "{\"error\":\"not found\"}\n");
    EXPECT_EQ(mock.get("/_utils").status, 301);
    EXPECT_EQ(mock.ask("HEAD", "/_uuids").status, 200);
    EXPECT_EQ(mock.ask("DELETE", "/db/a", "", {{"If-Match", ""}}).status, 404);
    write("a", "{}");
    EXPECT_EQ(told(mock.ask("DELETE", "/db/a", "", {{"If-Match", ""}})),
              "400 bad_request: Invalid rev format");
}

TEST_F(Corners, AUsersPasswordIsLookedAtBeforeAConflictAndTheRestBehindIt) {
    const auto put = [&](const std::string& more) {
        return mock.put("/_users/org.couchdb.user:u", R"({"name":"u","type":"user","roles":[])" + more + "}");
    };
    EXPECT_EQ(put(R"(,"password":"x")").status, 201);
    EXPECT_EQ(told(put(R"(,"password":["a"])")),
              R"(403 forbidden: Password value of '[<<"a">>]' is invalid.)");
    EXPECT_EQ(put(R"(,"password_scheme":1)").status, 409);
}

TEST_F(Corners, FullTextSearchIsNotThereAsInAPlainCouchDB) {
    write("_design/d", "{}");
    EXPECT_EQ(told(mock.get("/db/_design/d/_search/x")), "503 service unavailable: Search is not available");
    EXPECT_EQ(mock.get("/db/_design/d/_nouveau/x").status, 404);
    EXPECT_EQ(mock.get("/db/_design/nope/_search/x").status, 404);
    EXPECT_EQ(mock.ask("POST", "/_search_analyze", "{}").status, 503);
    EXPECT_EQ(mock.ask("DELETE", "/_db_updates", "").status, 405);
}

TEST_F(Corners, JsonOfAFunctionMustBeRevalidatedAndAnythingIsJsonUnlessItSaysSo) {
    write("_design/d", R"({"shows":{"j":"function() { return {json: 1}; }","n":"function() {}"}})");
    EXPECT_EQ(base::header(mock.get("/db/_design/d/_show/j").headers, "Cache-Control"), "must-revalidate");
    EXPECT_EQ(base::header(mock.get("/db/_design/d/_show/n").headers, "Content-Type"), "application/json");
}

TEST_F(Corners, ALoginSendsNobodyElsewhere) {
    mock.put("/_users/org.couchdb.user:u", R"({"name":"u","type":"user","roles":[],"password":"p"})");
    const auto log_in = [&](const std::string& next) {
        return mock.ask("POST", "/_session?next=" + next, "name=u&password=p",
                        {{"Content-Type", "application/x-www-form-urlencoded"}});
    };
    EXPECT_EQ(told(log_in("http://x")), "400 bad_request: path must begin with a /.");
    EXPECT_EQ(log_in("/x").status, 302);
}

TEST(RevsLimit, ShowsNoMoreRevisionsThanItKeeps) {
    MockClient mock;
    mock.put("/db", "");
    std::string rev;
    for (int i = 0; i < 6; ++i)
        rev = mock.put("/db/a" + (rev.empty() ? "" : "?rev=" + rev), "{}").text("rev");
    mock.put("/db/_revs_limit", "4");
    const auto shown = [&](const Seen& seen) {
        const auto& text = seen.body;
        const auto list = text.substr(text.find("\"ids\":[") + 7);
        return std::ranges::count(list.substr(0, list.find(']')), ',') + 1;
    };
    EXPECT_EQ(shown(mock.get("/db/a?revs=true")), 4) << "before anything is written, too";
    EXPECT_EQ(shown(mock.ask("GET", "/db/a?open_revs=all&revs=true", {}, {{"Accept", "application/json"}})),
              4);
    EXPECT_EQ(shown(mock.ask("POST", "/db/_bulk_get?revs=true", R"({"docs":[{"id":"a"}]})")), 4);
    const auto info = mock.get("/db/a?revs_info=true").value();
    EXPECT_EQ(base::member(info, "_revs_info")->get_array().size(), 6) << "all that is known";
}

TEST_F(Corners, BulkGetNamesTheRevisionThatItWasAskedFor) {
    const auto got = [&](const std::string& docs, const std::string& query = {}) {
        const auto seen = mock.ask("POST", "/db/_bulk_get" + query, R"({"docs":)" + docs + '}');
        return seen.status == 200 ? seen.body : told(seen);
    };
    const auto row = [](const std::string& rev, const std::string& reason, const std::string& error) {
        return R"({"results":[{"id":"no","docs":[{"error":{"rev":)" + rev + R"(,"reason":")" + reason +
               R"(","id":"no","error":")" + error + "\"}}]}]}\n";
    };
    EXPECT_EQ(got(R"([{"id":"no"}])"), row("\"undefined\"", "missing", "not_found"));
    EXPECT_EQ(got(R"([{"id":"no","rev":"1-abc"}])"), row("\"1-abc\"", "missing", "not_found"));
    EXPECT_EQ(got(R"([{"id":"no","rev":"1-abc","atts_since":["1-a","y"]}])"),
              row("\"y\"", "Invalid rev format", "bad_request"));
    EXPECT_EQ(got(R"([{"id":"no","atts_since":[1]}])"), row("1", "Invalid rev format", "bad_request"));
    const std::string clause = "500 unknown_error: function_clause";
    for (const auto* docs : {"1", "null", "{}", R"([{"id":1}])", R"([{"id":"a"},{"id":null}])"})
        EXPECT_EQ(got(docs), clause) << docs;
    EXPECT_EQ(got("1", "?w=1&rev=2"), "400 bad_request: \"w\" query parameter is not acceptable");
    EXPECT_EQ(got("[]", "?rev=2&w=1"), "400 bad_request: \"rev\" query parameter is not acceptable");
    EXPECT_EQ(told(mock.ask("POST", "/db/_bulk_get?w=1", "{}")),
              "400 bad_request: Missing JSON list of 'docs'.");
}

}  // namespace
}  // namespace davenport::couchmock::test
