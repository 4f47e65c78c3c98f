#include "tests/couchmock/mock_client.hpp"

#include <map>
#include <tuple>

/// A mock that is made from what another kept is the same store: revisions, seqs, conflicts, attachments.
namespace davenport::couchmock::test {
namespace {

/// Keeps records in a map, as a file would.
class Shelf final : public RecordKeeper {
public:
    void put(const Record& record) override { records_[{record.database, record.kind, record.id}] = record; }
    void erase(Record::Kind kind, const std::string& database, const std::string& id) override {
        records_.erase({database, kind, id});
    }
    void drop(const std::string& database) override {
        std::erase_if(records_, [&](const auto& entry) { return std::get<0>(entry.first) == database; });
    }
    void wipe() override { ++wipes; }

    int wipes = 0;
    [[nodiscard]] std::vector<Record> all() const {
        std::vector<Record> out;
        for (const auto& [key, record] : records_) out.push_back(record);
        return out;
    }

private:
    std::map<std::tuple<std::string, Record::Kind, std::string>, Record> records_;
};

void fill(MockClient& mock) {
    mock.put("/db?q=2", "");
    mock.put("/gone", "");
    mock.put("/gone/x", "{}");
    for (int i = 0; i < 10; ++i) mock.put("/db/d" + std::to_string(i), R"({"n":1e2,"list":[1,2]})");
    const auto rev = mock.put("/db/edited", R"({"v":1})").text("rev");
    mock.put("/db/edited?rev=" + rev, R"({"v":2})");
    mock.ask("DELETE", "/db/d3?rev=" + mock.get("/db/d3").text("_rev"));
    mock.put("/db/t?new_edits=false", R"({"_rev":"1-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","v":"a"})");
    mock.put("/db/t?new_edits=false", R"({"_rev":"1-bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb","v":"b"})");
    mock.put("/db/att", R"({"_attachments":{"a.txt":{"content_type":"text/plain","data":"aGVsbG8="}}})");
    mock.put("/db/_local/cp", R"({"seq":5})");
    mock.put("/db/_security", R"({"members":{"names":["ann"],"roles":[]}})");
    mock.ask("DELETE", "/gone");
}

/// What a client can see of the whole, but for seqs, which look different every time.
std::string seen(MockClient& mock) {
    std::string out;
    for (const auto* target : {"/_all_dbs", "/db/_all_docs?include_docs=true&conflicts=true&attachments=true",
                               "/db/_local/cp", "/db/_security", "/db/edited?revs_info=true",
                               "/db/t?conflicts=true", "/db/att/a.txt", "/db/d3", "/db/d3?rev=2-0"})
        out += mock.ask("GET", target, {}, {{"Accept", "application/json"}}).body;
    const auto changes = mock.get("/db/_changes?style=all_docs").value();
    for (const auto& row : base::member(changes, "results")->get_array())
        out += base::write_json(*base::member(row, "id")) + base::write_json(*base::member(row, "changes"));
    return out;
}

TEST(Archive, WhatWasKeptIsWhatComesBack) {
    Shelf shelf;
    std::string before;
    std::string since;
    {
        MockClient mock;
        mock.restore({}, shelf);
        fill(mock);
        before = seen(mock);
        since = mock.get("/db/_changes?limit=7").text("last_seq");
    }
    MockClient mock{{.seed = 99, .default_shards = 1}};
    mock.restore(shelf.all(), shelf);
    EXPECT_EQ(seen(mock), before);
    EXPECT_EQ(base::member(mock.get("/db/_changes?since=" + base::percent_encode(since)).value(), "results")
                  ->get_array()
                  .size(),
              6u)
        << "a seq of before is good after";
    EXPECT_EQ(mock.put("/db/d0", "{}").status, 409);
    EXPECT_EQ(mock.put("/db/new", "{}").status, 201);
}

TEST(Archive, EveryWriteIsKeptBeforeItIsAnswered) {
    Shelf shelf;
    MockClient mock;
    mock.restore({}, shelf);
    mock.put("/db", "");
    for (int i = 0; i < 20; ++i) {
        mock.put("/db/d" + std::to_string(i), "{}");
        MockClient other;
        Shelf copy;
        other.restore(shelf.all(), copy);
        EXPECT_EQ(base::int_member(other.get("/db").value(), "doc_count"), i + 1);
    }
}

TEST(Archive, WhatCompactionForgotDoesNotComeBack) {
    Shelf shelf;
    MockClient mock;
    mock.restore({}, shelf);
    mock.put("/db", "");
    const auto rev = mock.put("/db/a", R"({"text":"hunter2"})").text("rev");
    mock.put("/db/a?rev=" + rev, R"({"text":"mended"})");
    EXPECT_EQ(mock.get("/db/a?rev=" + rev).text("text"), "hunter2");
    EXPECT_EQ(mock.ask("POST", "/db/_compact", "{}", {{"Content-Type", "application/json"}}).status, 202);
    EXPECT_EQ(mock.get("/db/a?rev=" + rev).status, 404);
    EXPECT_EQ(shelf.wipes, 1);
    for (const auto& record : shelf.all()) EXPECT_EQ(record.value.find("hunter2"), std::string::npos);
    MockClient other;
    other.restore(shelf.all(), shelf);
    EXPECT_EQ(other.get("/db/a?rev=" + rev).status, 404);
    EXPECT_EQ(other.get("/db/a").text("text"), "mended");
}

TEST(Archive, AStateIsReadOutAndPutBack) {
    MockClient mock;
    fill(mock);
    const auto state = mock.get("/_mock/state").body;
    const auto before = seen(mock);
    mock.put("/db/later", "{}");
    mock.put("/more", "");
    EXPECT_NE(seen(mock), before);
    EXPECT_EQ(mock.ask("PUT", "/_mock/state", state).status, 200);
    EXPECT_EQ(seen(mock), before);
    MockClient other{{.seed = 3}};
    EXPECT_EQ(other.ask("PUT", "/_mock/state", state).status, 200);
    EXPECT_EQ(seen(other), before);
}

TEST(Archive, AStateThatIsNoneIsRefused) {
    MockClient mock;
    for (const auto* bad : {"", "[]", "{\"records\":1}", "{\"records\":[1]}",
                            R"({"records":[{"kind":"document","database":"x","id":"a","value":{}}]})"})
        EXPECT_EQ(mock.ask("PUT", "/_mock/state", bad).status, 400) << bad;
    EXPECT_EQ(mock.put("/db", "").status, 201);
}

TEST(Archive, TheStateShowsNothingThatProvesWhoSomebodyIs) {
    MockClient mock{MockConfig{.admin_user = "admin", .admin_password = "secret"}};
    const base::Headers admin{{"Authorization", base::basic_authorization("admin", "secret")}};
    ASSERT_EQ(mock.ask("PUT", "/_users/org.couchdb.user:ann",
                       R"({"name":"ann","type":"user","roles":["r"],"password":"lemon"})", admin)
                  .status,
              201);
    mock.ask("PUT", "/_node/_local/_config/admins/bob", "\"plum\"", admin);
    const auto state = mock.ask("GET", "/_mock/state", {}, admin).body;
    for (const auto* secret : {"cookie_secret", "derived_key", "salt", "lemon", "plum"})
        EXPECT_EQ(state.find(secret), std::string::npos) << secret;
    EXPECT_NE(state.find("\"roles\":[\"r\"]"), std::string::npos);
    EXPECT_EQ(mock.ask("PUT", "/_mock/state", state, admin).status, 200);
    EXPECT_EQ(mock.ask("GET", "/_users/org.couchdb.user:ann", {}, admin).text("name"), "ann");
}

}  // namespace
}  // namespace davenport::couchmock::test
