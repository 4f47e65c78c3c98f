#include "tests/couchmock/mock_client.hpp"

#include <string>

/// Partitioned databases: how much a partition takes, and where its name is asked for.
namespace davenport::couchmock::test {
namespace {

class Partitions : public ::testing::Test {
protected:
    Partitions() { mock.put("/parts?partitioned=true", ""); }

    void set(const std::string& key, const std::string& value) {
        EXPECT_EQ(mock.put("/_node/_local/_config/" + key, '"' + value + '"').status, 200) << key;
    }
    std::string told(const Seen& seen) {
        return std::to_string(seen.status) + ' ' + seen.text("error") + ": " + seen.text("reason");
    }
    std::int64_t bytes(const std::string& partition) {
        const auto info = mock.get("/parts/_partition/" + partition).value();
        return base::int_member(*base::member(info, "sizes"), "external").value_or(-1);
    }

    MockClient mock{MockConfig{.default_shards = 2}};
};

TEST_F(Partitions, TakeNoMoreOnceTheyAreFull) {
    const std::string long_text(600, 'x');
    set("couchdb/max_partition_size", "1000");
    const auto body = [&](const std::string& rev = {}) {
        return R"({"t":")" + long_text + '"' + (rev.empty() ? "" : R"(,"_rev":")" + rev + '"') + '}';
    };
    const auto first = mock.put("/parts/a:1", body());
    EXPECT_EQ(mock.put("/parts/a:2", body()).status, 201) << "it was not full before";
    const auto full = "403 partition_overflow: Partition limit exceeded due to update on 'a:3'";
    EXPECT_EQ(told(mock.put("/parts/a:3", "{}")), full);
    EXPECT_EQ(told(mock.ask("POST", "/parts", R"({"_id":"a:3"})")), full);
    const auto bulk = mock.ask("POST", "/parts/_bulk_docs", R"({"docs":[{"_id":"a:3"},{"_id":"b:3"}]})");
    EXPECT_EQ(bulk.status, 201);
    EXPECT_NE(bulk.body.find(R"("error":"partition_overflow")"), std::string::npos) << bulk.body;
    EXPECT_NE(bulk.body.find(R"("ok":true,"id":"b:3")"), std::string::npos) << bulk.body;
    EXPECT_EQ(mock.put("/parts/_design/d", R"({"x":1})").status, 201) << "belongs to no partition";
    EXPECT_EQ(mock.put("/parts/_local/a:3", "{}").status, 201);
    EXPECT_EQ(told(mock.put("/parts/a:1", "{}")), "409 conflict: Document update conflict.");
    EXPECT_EQ(
        mock.ask("POST", "/parts/_bulk_docs", R"({"new_edits":false,"docs":[{"_id":"a:4","_rev":"1-a"}]})")
            .body,
        "[]\n")
        << "what is replicated is always taken";
    EXPECT_EQ(mock.get("/parts/a:4").status, 200);
    const auto smaller = mock.put("/parts/a:1?rev=" + first.text("rev"), R"({"t":"less"})");
    EXPECT_EQ(smaller.status, 201);
    EXPECT_EQ(mock.put("/parts/a:3", "{}").status, 201) << "there is room again";
    set("couchdb/max_partition_size", "-1");
    EXPECT_EQ(mock.put("/parts/a:5", body()).status, 201);
    EXPECT_EQ(mock.put("/parts/a:6", body()).status, 201) << "no bound";
}

TEST_F(Partitions, CountWhatAllBranchesAndAttachmentsTake) {
    mock.put("/parts/a:1", R"({"t":"1234567890"})");
    const auto alone = bytes("a");
    EXPECT_GT(alone, 10);
    mock.ask("POST", "/parts/_bulk_docs",
             R"({"new_edits":false,"docs":[{"_id":"a:1","_rev":"1-a","t":"1234567890"}]})");
    EXPECT_EQ(bytes("a"), 2 * alone);
    mock.put("/parts/a:2", R"({"_attachments":{"f":{"data":"MTIzNDU2Nzg5MA=="}}})");
    EXPECT_EQ(bytes("a"), 2 * alone + 2 + 10);
    EXPECT_EQ(bytes("b"), 0);
}

TEST_F(Partitions, AreAskedForWhereTheyMatter) {
    EXPECT_EQ(told(mock.ask("POST", "/parts/_purge", R"({"none":["1-967a00dff5e02add41819138abb3284d"]})")),
              "400 illegal_docid: Doc id must be of form partition:id");
    mock.put("/whole", "");
    EXPECT_EQ(mock.ask("POST", "/whole/_purge", R"({"none":["1-967a00dff5e02add41819138abb3284d"]})").status,
              201);
    for (const auto* name : {"_users", "a%2F_replicator", "_global_changes"})
        EXPECT_EQ(told(mock.put(std::string{"/"} + name + "?partitioned=true", "")),
                  "400 bad_request: Cannot partition a system database")
            << name;
}

TEST_F(Partitions, MayBoundHowMuchAnybodyIsGiven) {
    for (const auto* id : {"a:1", "a:2", "a:3", "b:1"}) mock.put(std::string{"/parts/"} + id, "{}");
    const auto rows = [&](const std::string& path) {
        const auto seen = mock.get(path).value();
        const auto* list = base::member(seen, "rows");
        return list ? list->get_array().size() : 99;
    };
    set("query_server_config/partition_query_limit", "2");
    EXPECT_EQ(rows("/parts/_partition/a/_all_docs"), 2);
    EXPECT_EQ(rows("/parts/_partition/a/_all_docs?limit=1"), 1);
    EXPECT_EQ(told(mock.get("/parts/_partition/a/_all_docs?limit=3")),
              "400 query_parse_error: Limit is too large, must not exceed 2");
    EXPECT_EQ(rows("/parts/_all_docs"), 4) << "of the whole database there is no bound";
    set("query_server_config/query_limit", "3");
    EXPECT_EQ(rows("/parts/_all_docs"), 3);
}

TEST_F(Partitions, AProxysHeadersMayHaveOtherNames) {
    const auto location = [&](const std::string& id, const base::Headers& headers) {
        return std::string{base::header(mock.ask("PUT", "/parts/" + id, "{}", headers).headers, "location")};
    };
    const base::Headers headers{{"X-Forwarded-Host", "one"}, {"X-Host", "two"}, {"X-Tls", "on"}};
    EXPECT_EQ(location("a:1", headers), "http://one/parts/a:1");
    set("chttpd/x_forwarded_host", "X-Host");
    set("chttpd/x_forwarded_ssl", "X-Tls");
    EXPECT_EQ(location("a:2", headers), "https://two/parts/a:2");
}

}  // namespace
}  // namespace davenport::couchmock::test
