#include "tests/couchmock/mock_client.hpp"

/// Who may do what, and what the configuration changes.
namespace davenport::couchmock::test {
namespace {

const std::string admin = base::basic_authorization("admin", "secret");

class Access : public testing::Test {
protected:
    Seen as(const std::string& who, std::string method, std::string target, std::string body = {}) {
        base::Headers headers;
        if (!who.empty())
            headers.emplace_back("Authorization",
                                 who == "admin" ? admin : base::basic_authorization(who, "pw"));
        return mock.ask(std::move(method), std::move(target), std::move(body), std::move(headers));
    }
    Seen set(const std::string& key, const std::string& value) {
        return as("admin", "PUT", "/_node/_local/_config/" + key, '"' + value + '"');
    }
    Seen try_password(const std::string& user, const std::string& password) {
        return mock.ask("GET", "/_all_dbs", {},
                        {{"Authorization", base::basic_authorization(user, password)}});
    }
    static std::string words(const Seen& answer) {
        return std::to_string(answer.status) + ' ' + answer.text("error") + ": " + answer.text("reason");
    }
    static std::string user(const std::string& name, const std::string& more = {}) {
        return R"({"name":")" + name + R"(","type":"user","roles":[],"password":"pw")" + more + "}";
    }
    MockClient mock{{.admin_user = "admin", .admin_password = "secret", .default_shards = 1}};
};

constexpr auto locked =
    "403 forbidden: Account is temporarily locked due to multiple authentication failures";

TEST_F(Access, FiveWrongPasswordsLockAnAddressOutForFiveMinutes) {
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(words(try_password("admin", "wrong")), "401 unauthorized: Name or password is incorrect.");
        mock.pass(30s);
    }
    EXPECT_EQ(words(try_password("admin", "secret")), locked) << "the right one too";
    EXPECT_EQ(words(mock.ask("POST", "/_session", R"({"name":"admin","password":"secret"})")), locked);
    mock.client = "10.0.0.1:999";
    EXPECT_EQ(words(try_password("admin", "secret")), locked) << "whatever port it comes from";
    mock.client = "10.0.0.2:4711";
    EXPECT_EQ(try_password("admin", "secret").status, 200) << "another address is not meant";
    mock.client = "10.0.0.1:4711";
    mock.pass(149s);
    EXPECT_EQ(words(try_password("admin", "secret")), locked);
    mock.pass(1s);
    EXPECT_EQ(try_password("admin", "secret").status, 200) << "five minutes after the first failure";
}

TEST_F(Access, TheLockoutIsConfigured) {
    EXPECT_EQ(set("chttpd_auth_lockout/mode", "off").status, 200);
    for (int i = 0; i < 9; ++i) try_password("admin", "wrong");
    EXPECT_EQ(try_password("admin", "secret").status, 200);
    set("chttpd_auth_lockout/mode", "enforce");
    set("chttpd_auth_lockout/threshold", "2");
    for (int i = 0; i < 2; ++i) try_password("admin", "wrong");
    EXPECT_EQ(words(try_password("admin", "secret")), locked);
}

TEST_F(Access, ASuccessBetweenDoesNotForgiveAndAnUnknownUserIsNotCounted) {
    for (int i = 0; i < 3; ++i) try_password("admin", "wrong");
    EXPECT_EQ(try_password("admin", "secret").status, 200);
    for (int i = 0; i < 2; ++i) try_password("admin", "wrong");
    EXPECT_EQ(words(try_password("admin", "secret")), locked);
    for (int i = 0; i < 9; ++i)
        EXPECT_EQ(words(try_password("nobody", "x")), "401 unauthorized: Name or password is incorrect.");
}

TEST_F(Access, UsersAreCheckedAsTheirDesignDocumentSays) {
    EXPECT_EQ(as("admin", "GET", "/_users/_design/_auth").status, 200);
    const auto put = [&](const std::string& who, const std::string& name, const std::string& body) {
        return words(as(who, "PUT", "/_users/org.couchdb.user:" + name, body));
    };
    EXPECT_EQ(put("admin", "a", "{}"), "403 forbidden: doc.type must be user");
    EXPECT_EQ(put("admin", "a", R"({"type":"user"})"), "403 forbidden: doc.name is required");
    EXPECT_EQ(put("admin", "a", R"({"type":"user","name":"a"})"), "403 forbidden: doc.roles must exist");
    EXPECT_EQ(put("admin", "a", R"({"type":"user","name":"b","roles":[]})"),
              "403 forbidden: Doc ID must be of the form org.couchdb.user:name");
    EXPECT_EQ(put("admin", "_a", R"({"type":"user","name":"_a","roles":[]})"),
              "403 forbidden: Username may not start with underscore.");
    EXPECT_EQ(put("admin", "a", R"({"type":"user","name":"a","roles":["_x"]})"),
              "403 forbidden: No system roles (starting with underscore) in users db.");
    EXPECT_EQ(put("admin", "a", user("a")), "201 : ");
    const auto kept = as("admin", "GET", "/_users/org.couchdb.user:a").value();
    EXPECT_EQ(base::text_member(kept, "pbkdf2_prf"), "sha256");
    EXPECT_FALSE(base::member(kept, "password"));
    EXPECT_EQ(
        as("admin", "POST", "/_users/_bulk_docs", R"({"docs":[{"_id":"org.couchdb.user:z"}]})").body,
        "[{\"id\":\"org.couchdb.user:z\",\"error\":\"forbidden\",\"reason\":\"doc.type must be user\"}]\n");
}

TEST_F(Access, WhoIsNotAnAdminIsToldSoInTheWordsOfEachPath) {
    as("admin", "PUT", "/_users/org.couchdb.user:u", user("u"));
    as("admin", "PUT", "/db");
    as("admin", "PUT", "/db/_security", R"({"members":{"names":["u"]}})");
    EXPECT_EQ(words(as("u", "POST", "/db/_compact", "{}")),
              "401 unauthorized: You are not a server or db admin.");
    EXPECT_EQ(words(as("u", "POST", "/db/_purge", "{}")), "401 unauthorized: You are not a server admin.");
    EXPECT_EQ(words(as("", "POST", "/_replicate", "{}")),
              "401 unauthorized: You are not an authenticated user");
    EXPECT_EQ(words(as("", "GET", "/_node/_local/_stats")),
              "401 unauthorized: You are not a server admin or read-only metrics user");
    EXPECT_EQ(words(as("", "GET", "/db")), "401 unauthorized: You are not authorized to access this db.");
}

TEST_F(Access, TheConfigurationHasItsEffectOrIsRefused) {
    as("admin", "PUT", "/db");
    EXPECT_EQ(set("couchdb/max_document_size", "20").body, "\"\"\n");
    EXPECT_EQ(as("admin", "PUT", "/db/a", R"({"text":"more than twenty bytes"})").status, 413);
    EXPECT_EQ(set("couchdb/max_document_size", "8000000").body, "\"20\"\n");
    set("uuids/algorithm", "utc_id");
    set("uuids/utc_id_suffix", "me");
    EXPECT_TRUE(as("admin", "GET", "/_uuids").body.ends_with("me\"]}\n"));
    set("couchdb/maintenance_mode", "true");
    EXPECT_EQ(as("admin", "GET", "/_up").body, "{\"status\":\"maintenance_mode\"}\n");
    EXPECT_EQ(words(as("admin", "GET", "/db/a")), "412 nodedown: progress not possible");
    set("couchdb/maintenance_mode", "false");
    set("chttpd/require_valid_user", "true");
    EXPECT_EQ(words(as("", "GET", "/")), "401 unauthorized: Authentication required.");
    EXPECT_EQ(base::header(as("", "GET", "/").headers, "www-authenticate"), "Basic realm=\"server\"");
    EXPECT_EQ(set("jwt_auth/required_claims", "exp").status, 501);
    EXPECT_EQ(set("my/own", "x").status, 200);
    EXPECT_EQ(words(set("query_servers/x", "y")),
              "403 forbidden: Config section blacklisted for modification over HTTP API.");
    EXPECT_EQ(set("admins/eve", "apple").status, 200);
    EXPECT_TRUE(as("admin", "GET", "/_node/_local/_config/admins/eve").body.starts_with("\"-pbkdf2:sha256-"));
    EXPECT_EQ(try_password("eve", "apple").status, 200);
}

TEST_F(Access, ASessionLeadsWhereItsFormWantsAndIsRenewed) {
    const auto in = mock.ask("POST", "/_session?next=/here", "name=admin&password=secret",
                             {{"Content-Type", "application/x-www-form-urlencoded"}});
    EXPECT_EQ(in.status, 302);
    EXPECT_EQ(base::header(in.headers, "location"), "http://mock/here");
    EXPECT_EQ(mock.ask("POST", "/_session?fail=/no", R"({"name":"admin","password":"x"})").status, 302);
    EXPECT_EQ(words(mock.ask("POST", "/_session", R"({"name":"a","username":"b"})")),
              "400 bad_request: request body contains different usernames");
    EXPECT_EQ(mock.ask("POST", "/_session", "x", {{"Content-Type", "text/plain"}}).status, 415);
    auto cookie = std::string{base::header(in.headers, "set-cookie")};
    cookie = cookie.substr(0, cookie.find(';'));
    const auto renewed = [&] {
        return base::has_header(mock.ask("GET", "/_all_dbs", {}, {{"Cookie", cookie}}).headers, "set-cookie");
    };
    EXPECT_FALSE(renewed());
    mock.pass(61s);
    EXPECT_TRUE(renewed()) << "a tenth of its life is over";
}

TEST_F(Access, APreflightIsAnsweredWhereMethodAndHeadersAreAllowed) {
    set("chttpd/enable_cors", "true");
    set("cors/origins", "https://a.example");
    set("cors/methods", "GET, PUT");
    const auto preflight = [&](const std::string& method, const std::string& headers) {
        return mock.ask("OPTIONS", "/nobody-may-see", {},
                        {{"Origin", "https://a.example"},
                         {"Access-Control-Request-Method", method},
                         {"Access-Control-Request-Headers", headers}});
    };
    EXPECT_EQ(preflight("PUT", "Content-Type").status, 204);
    EXPECT_EQ(base::header(preflight("PUT", "Content-Type").headers, "access-control-allow-methods"),
              "GET, PUT");
    EXPECT_NE(preflight("DELETE", "Content-Type").status, 204);
    EXPECT_NE(preflight("PUT", "X-Mine").status, 204);
}

}  // namespace
}  // namespace davenport::couchmock::test
