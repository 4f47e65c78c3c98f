#include "node/net/wire/http_client.hpp"
#include "tests/net_test.hpp"
#include "tests/node/net_script_server.hpp"

#include <map>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

/// The HTTP client against a server that does what the test says, over real sockets.
namespace davenport::wire {
namespace {

using net_test::ScriptServer;
using testing::HasSubstr;
using testing::StartsWith;
using Answer = HttpClient::Answer;

struct Told {
    std::string what;  ///< "whole", "head", "data", "ended" or "failed"
    RequestId id = 0;
    int status = 0;
    std::string text;
};

class HttpClientTest : public testing::Test {
protected:
    ~HttpClientTest() override {
        thread_.run([this] { client_.reset(); });
    }

    void use(const HttpServer& server, HttpClient::Config config = {}) {
        const auto put = [this](Told told) { told_.put(std::move(told)); };
        HttpClient::Events events{
            .whole =
                [=](RequestId id, base::HttpResponse r) {
                    put({"whole", id, r.status, std::move(r.body)});
                },
            .head =
                [=](RequestId id, int status, const base::Headers&) {
                    put({"head", id, status, {}});
                },
            .data =
                [=, this](RequestId id, std::string bytes) {
                    put({"data", id, 0, std::move(bytes)});
                    if (proceed_at_once_) client_->proceed(id);
                },
            .ended =
                [=](RequestId id) {
                    put({"ended", id, 0, {}});
                },
            .failed =
                [=](RequestId id, std::string reason) {
                    put({"failed", id, 0, std::move(reason)});
                },
        };
        thread_.run([&] { client_.emplace(thread_.loop, server, std::move(config), std::move(events)); });
    }
    void use(const ScriptServer& server, HttpClient::Config config = {}) {
        use(HttpServer{.host = "127.0.0.1", .port = server.port()}, std::move(config));
    }
    void fetch(RequestId id, Answer answer = Answer::whole, std::string method = "GET",
               std::string body = {}) {
        thread_.run([&] { client_->fetch(id, {std::move(method), "/db/a", {}, std::move(body)}, answer); });
    }
    template <class Work>
    void in_loop(Work work) {
        thread_.run([&] { work(*client_); });
    }
    Told next() { return told_.take().value_or(Told{"nothing", 0, 0, {}}); }
    bool is_quiet() { return told_.empty(); }

    bool proceed_at_once_ = false;  ///< the loop's: as soon as a piece has come

private:
    net_test::Inbox<Told> told_;
    net_test::LoopThread thread_;
    std::optional<HttpClient> client_;
};

constexpr auto hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

TEST_F(HttpClientTest, ReadsAnAnswerAndUsesTheConnectionAgain) {
    ScriptServer server;
    use(server);
    fetch(1, Answer::whole, "PUT", "{}");
    auto peer = server.accept();
    EXPECT_THAT(peer.request(), testing::AllOf(StartsWith("PUT /db/a HTTP/1.1\r\nHost: 127.0.0.1:"),
                                               HasSubstr("Content-Length: 2\r\n")));
    peer.send(hello);
    const auto first = next();
    EXPECT_EQ(first.what, "whole");
    EXPECT_EQ(first.status, 200);
    EXPECT_EQ(first.text, "hello");
    fetch(2);
    EXPECT_THAT(peer.request(), StartsWith("GET /db/a HTTP/1.1\r\n"));
    peer.send("HTTP/1.1 404 Object Not Found\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n");
    peer.send("4\r\npe!\n\r\n0\r\n\r\n");
    const auto second = next();
    EXPECT_EQ(second.status, 404);
    EXPECT_EQ(second.text, "nope!\n");
}

TEST_F(HttpClientTest, PassesAStreamOnAsItComes) {
    ScriptServer server;
    use(server);
    fetch(7, Answer::stream);
    auto peer = server.accept();
    peer.request();
    peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    EXPECT_EQ(next().what, "head");
    peer.send("a\r\n{\"seq\"");
    EXPECT_EQ(next().text, "{\"seq\"");  // half a chunk: the rest may be long in coming
    peer.send(":1}\n\r\n");
    EXPECT_EQ(next().text, ":1}\n");
    peer.send("0\r\n\r\n");
    EXPECT_EQ(next().what, "ended");
}

TEST_F(HttpClientTest, StreamsOnlyWhatIsChunkedWhenAskedTo) {
    ScriptServer server;
    use(server);
    fetch(1, Answer::stream_if_chunked);
    auto peer = server.accept();
    peer.request();
    peer.send(hello);
    EXPECT_EQ(next().what, "whole");
    fetch(2, Answer::stream_if_chunked);
    peer.request();
    peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    EXPECT_EQ(next().what, "head");
    EXPECT_EQ(next().what, "ended");
}

TEST_F(HttpClientTest, WaitsToBeToldToGoOnWhenPaced) {
    ScriptServer server;
    use(server);
    fetch(1, Answer::stream);
    auto peer = server.accept();
    peer.request();
    in_loop([](HttpClient& client) { client.pace(1); });
    peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
    EXPECT_EQ(next().what, "head");
    EXPECT_EQ(next().text, "one");
    peer.send("3\r\ntwo\r\n0\r\n\r\n");
    fetch(2);  // something else happens, and nothing of the first comes meanwhile
    auto other = server.accept();
    other.request();
    other.send(hello);
    EXPECT_EQ(next().what, "whole");
    EXPECT_TRUE(is_quiet());
    in_loop([](HttpClient& client) { client.proceed(1); });
    EXPECT_EQ(next().text, "two");
    in_loop([](HttpClient& client) { client.proceed(1); });
    EXPECT_EQ(next().what, "ended");
}

TEST_F(HttpClientTest, GoesOnWhenItIsToldToWhileItHandsAPieceOver) {
    ScriptServer server;
    use(server);
    in_loop([this](HttpClient&) { proceed_at_once_ = true; });
    fetch(1, Answer::stream);
    auto peer = server.accept();
    peer.request();
    in_loop([](HttpClient& client) { client.pace(1); });
    const std::string row(40'000, 'x');
    peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9c40\r\n" + row + "\r\n0\r\n\r\n");
    EXPECT_EQ(next().what, "head");
    std::string got;
    auto told = next();
    for (; told.what == "data"; told = next()) got += told.text;
    EXPECT_EQ(got, row);
    EXPECT_EQ(told.what, "ended");
}

TEST_F(HttpClientTest, TellsEveryWayInWhichAnAnswerCanFail) {
    ScriptServer server;
    use(server);
    const std::map<std::string, std::string> failures{
        {"", "cut off"},
        {"HTTP/1.1 200 OK\r\nContent-Le", "cut off"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", "cut off"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhal", "cut off"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nHTTP/1.1 412 Precondition Failed\r\n\r\n",
         "not HTTP"},
        {"<html>hello</html>\r\n\r\n", "not HTTP"},
        {"HTTP/1.1 100 Continue\r\n\r\n<html>hello</html>\r\n\r\n", "not HTTP"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\nhello", "not HTTP"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;" + std::string(70'000, 'x'),
         "head too large"},
    };
    RequestId id = 0;
    for (const auto& [text, reason] : failures) {
        SCOPED_TRACE(text);
        fetch(++id);
        auto peer = server.accept();
        peer.request();
        peer.send(text);
        peer.close();
        const auto told = next();
        EXPECT_EQ(told.what, "failed");
        EXPECT_EQ(told.id, id);
        EXPECT_THAT(told.text, HasSubstr(reason));
    }
}

TEST_F(HttpClientTest, TellsARefusedConnection) {
    std::uint16_t port = 0;
    {
        ScriptServer server;
        port = server.port();
    }
    use(HttpServer{.host = "127.0.0.1", .port = port});
    fetch(1);
    EXPECT_THAT(next().text, HasSubstr("refused"));
}

TEST_F(HttpClientTest, TakesANewConnectionWhenTheServerClosedAnIdleOne) {
    ScriptServer server;
    use(server);
    fetch(1);
    {
        auto peer = server.accept();
        peer.request();
        peer.send(hello);
        EXPECT_EQ(next().what, "whole");
    }
    // Whether the close was seen before the request went out or not: a PUT by id gets through.
    fetch(2, Answer::whole, "PUT", "{}");
    auto peer = server.accept();
    EXPECT_THAT(peer.request(), StartsWith("PUT"));
    peer.send(hello);
    EXPECT_EQ(next().what, "whole");
}

TEST_F(HttpClientTest, SendsNothingTwiceThatTheServerMayHaveRead) {
    ScriptServer server;
    use(server);
    fetch(1);
    auto peer = server.accept();
    peer.request();
    peer.send(hello);
    EXPECT_EQ(next().what, "whole");
    fetch(2, Answer::whole, "PUT", "{}");
    peer.request();
    peer.close();
    EXPECT_EQ(next().what, "failed");
}

TEST_F(HttpClientTest, IsSilentAboutWhatWasCancelled) {
    ScriptServer server;
    use(server);
    fetch(1, Answer::stream);
    auto peer = server.accept();
    peer.request();
    peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    EXPECT_EQ(next().what, "head");
    in_loop([](HttpClient& client) { client.cancel(1); });
    EXPECT_EQ(peer.request(), "") << "the connection is closed";
    fetch(2);
    auto other = server.accept();
    other.request();
    other.send(hello);
    EXPECT_EQ(next().id, 2u);
}

TEST_F(HttpClientTest, LetsRequestsWaitForAFreeConnection) {
    ScriptServer server;
    use(server, {.connections = 1});
    fetch(1);
    fetch(2);
    fetch(3);
    in_loop([](HttpClient& client) { client.cancel(2); });
    auto peer = server.accept();
    peer.request();
    peer.send(hello);
    EXPECT_EQ(next().id, 1u);
    peer.request();
    peer.send(hello);
    EXPECT_EQ(next().id, 3u);
}

TEST_F(HttpClientTest, ReadsABodyThatEndsWithTheConnection) {
    ScriptServer server;
    use(server);
    fetch(1);
    auto peer = server.accept();
    peer.request();
    peer.send("HTTP/1.0 200 OK\r\n\r\nold fashioned");
    peer.close();
    EXPECT_EQ(next().text, "old fashioned");
}

TEST_F(HttpClientTest, PassesOverInterimAnswers) {
    ScriptServer server;
    use(server);
    fetch(1);
    auto peer = server.accept();
    peer.request();
    peer.send(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: "
        "2\r\n\r\nok");
    const auto told = next();
    EXPECT_EQ(told.status, 200);
    EXPECT_EQ(told.text, "ok");
}

TEST_F(HttpClientTest, TrustsAServerWhoseCertificateItCanCheckOnly) {
    net_test::TlsServer server{"localhost"};
    const HttpServer by_name{.tls = true, .host = "localhost", .port = server.port()};
    const HttpServer by_address{.tls = true, .host = "127.0.0.1", .port = server.port()};

    use(by_name, {.ca_file = server.certificate_file()});
    fetch(1);
    EXPECT_EQ(next().text, "hello");

    use(by_name);
    fetch(2);
    const auto unknown = next();
    EXPECT_EQ(unknown.what, "failed");
    EXPECT_THAT(unknown.text, HasSubstr("certificate verify failed"));

    use(by_address, {.ca_file = server.certificate_file()});
    fetch(3);
    EXPECT_EQ(next().what, "failed") << "the certificate is not for that name";
}

TEST(HttpServerUrl, IsTakenApart) {
    const auto server = parse_http_server("https://ann:se%2Fcret@db.example:6984/chat/");
    EXPECT_TRUE(server.tls);
    EXPECT_EQ(server.host, "db.example");
    EXPECT_EQ(server.port, 6984);
    EXPECT_EQ(server.user, "ann");
    EXPECT_EQ(server.password, "se/cret");
    EXPECT_EQ(server.path, "/chat");
    EXPECT_EQ(server.url(), "https://db.example:6984/chat");
    EXPECT_EQ(parse_http_server("http://[::1]/x").authority(), "[::1]:80");
}

TEST(HttpServerUrl, IsRefusedWithoutRepeatingAPassword) {
    for (const auto* bad : {"", "db.example", "ftp://ann:secret@x/y", "http://ann:secret@/db",
                            "http://ann:secret@x:99999/db", "http://x y/"}) {
        SCOPED_TRACE(bad);
        try {
            parse_http_server(bad);
            ADD_FAILURE() << "it was taken";
        } catch (const std::invalid_argument& error) {
            EXPECT_THAT(error.what(), testing::AllOf(HasSubstr("http://user:password@host:port/path"),
                                                     testing::Not(HasSubstr("secret"))));
        }
    }
}

}  // namespace
}  // namespace davenport::wire
