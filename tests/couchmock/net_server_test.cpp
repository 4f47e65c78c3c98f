#include "couchmock/net/server.hpp"
#include "tests/net_test.hpp"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

/// The mock's HTTP server with a script in place of the store, over real sockets.
namespace davenport::couchmock {
namespace {

using net_test::Client;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

class ServerTest : public testing::Test {
protected:
    ServerTest() {
        const wire::asio::ip::tcp::endpoint loopback{wire::asio::ip::address_v4::loopback(), 0};
        const StoreServer::Config config{
            .listen = loopback, .control = loopback, .limits = {.body_bytes = 100'000}};
        thread_.run([&] {
            server_.emplace(thread_.loop, config, [this](Event event) { events_.put(std::move(event)); });
        });
    }
    ~ServerTest() override { thread_.stop(); }

    /// The next event from the server; an Abandoned that nobody expects when there is none.
    Event next() {
        auto event = events_.take();
        EXPECT_TRUE(event) << "no event came";
        return event ? std::move(*event) : Event{Abandoned{0}};
    }
    Requested next_request() { return std::get<Requested>(next()); }
    bool is_quiet() { return events_.empty(); }

    /// Does `effect` in the loop, and returns when it is done.
    template <class Effect>
    void perform(Effect effect) {
        thread_.run([&] { server_->perform(std::move(effect)); });
    }
    void answer(const Requested& request, std::string body = "ok", int status = 200) {
        perform(Respond{request.exchange, {status, {}, std::move(body)}});
    }

    [[nodiscard]] std::uint16_t port() const { return server_->port(); }
    [[nodiscard]] std::uint16_t control_port() const { return server_->control_port(); }

private:
    net_test::Inbox<Event> events_;
    net_test::LoopThread thread_;
    std::optional<StoreServer> server_;
};

TEST_F(ServerTest, AnswersPipelinedRequestsOneAfterTheOther) {
    Client client{port()};
    client.send(
        "GET /first HTTP/1.1\r\nHost: x\r\n\r\nPUT /second HTTP/1.1\r\nHost: x\r\nContent-Length: "
        "3\r\n\r\nabcGET /third HTTP/1.1\r\n\r\n");
    const auto first = next_request();
    EXPECT_EQ(first.request.target, "/first");
    EXPECT_TRUE(first.first);
    EXPECT_TRUE(is_quiet()) << "the second must wait for the end of the first";
    answer(first, "one");
    const auto second = next_request();
    EXPECT_FALSE(second.first) << "on a connection that is open";
    EXPECT_EQ(second.request.method, "PUT");
    EXPECT_EQ(second.request.body, "abc");
    answer(second, "two");
    answer(next_request(), "three");
    EXPECT_THAT(client.until("three"),
                testing::AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("Content-Length: 3\r\n"),
                               HasSubstr("one"), HasSubstr("two")));
}

TEST_F(ServerTest, GathersAChunkedBody) {
    Client client{port()};
    client.send("PUT /db/a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    client.send("4;note=x\r\ndefg\r\n0\r\n\r\n");
    EXPECT_EQ(next_request().request.body, "abcdefg");
}

TEST_F(ServerTest, InvitesABodyThatWaitsToBeInvited) {
    Client client{port()};
    client.send("PUT /db/a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    EXPECT_EQ(client.until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("{}");
    const auto request = next_request();
    EXPECT_EQ(request.request.body, "{}");
    answer(request);
    EXPECT_THAT(client.until("ok"), StartsWith("HTTP/1.1 200"));
}

TEST_F(ServerTest, SendsNoBodyToHeadAndGoesOn) {
    Client client{port()};
    client.send("HEAD /db HTTP/1.1\r\n\r\n");
    answer(next_request(), "twelve bytes");
    EXPECT_THAT(client.until("\r\n\r\n"), HasSubstr("Content-Length: 12\r\n"));
    client.send("GET /db HTTP/1.1\r\n\r\n");
    answer(next_request(), "body");
    EXPECT_THAT(client.until("body"), StartsWith("HTTP/1.1 200"));
}

TEST_F(ServerTest, StreamsAChunkedAnswerPieceByPiece) {
    Client client{port()};
    client.send("GET /db/_changes HTTP/1.1\r\n\r\n");
    const auto id = next_request().exchange;
    perform(RespondHead{id, 200, {{"Content-Type", "application/json"}}});
    EXPECT_THAT(client.until("\r\n\r\n"), HasSubstr("Transfer-Encoding: chunked\r\n"));
    perform(RespondData{id, "{\"seq\":1}\n"});
    EXPECT_EQ(client.until("}\n\r\n"), "a\r\n{\"seq\":1}\n\r\n");
    EXPECT_EQ(std::get<Written>(next()).exchange, id);
    perform(RespondData{id, "\n"});
    EXPECT_EQ(std::get<Written>(next()).exchange, id);
    perform(RespondEnd{id});
    EXPECT_EQ(client.until("0\r\n\r\n"), "1\r\n\n\r\n0\r\n\r\n");
    client.send("GET /again HTTP/1.1\r\n\r\n");
    EXPECT_EQ(next_request().request.target, "/again");
}

TEST_F(ServerTest, TellsWrittenOnlyWhenASlowClientTookIt) {
    Client client{port()};
    client.send("GET /db/_changes HTTP/1.1\r\n\r\n");
    const auto id = next_request().exchange;
    perform(RespondHead{id, 200, {}});
    const std::string much(32 * 1024 * 1024, 'x');  // more than the sockets' buffers take
    perform(RespondData{id, much});
    perform(Listen{true});  // a turn of the loop has passed
    EXPECT_TRUE(is_quiet());
    client.until("\r\n\r\n2000000\r\n");
    std::string tail;
    std::thread reader{[&] { tail = client.until("x\r\n"); }};
    EXPECT_EQ(std::get<Written>(next()).exchange, id);
    reader.join();
    EXPECT_EQ(tail.size(), much.size() + 2);
}

TEST_F(ServerTest, TellsWhenAClientGoesAwayInTheMiddle) {
    Client client{port()};
    client.send("GET /db/_changes HTTP/1.1\r\n\r\n");
    const auto id = next_request().exchange;
    perform(RespondHead{id, 200, {}});
    client.hang_up();
    EXPECT_EQ(std::get<Abandoned>(next()).exchange, id);
    perform(RespondData{id, "nobody is there"});  // and what was under way does no harm
}

TEST_F(ServerTest, ResetsAfterAPartOfTheAnswer) {
    Client client{port()};
    client.send("GET /db/_changes HTTP/1.1\r\n\r\n");
    const auto id = next_request().exchange;
    perform(RespondHead{id, 200, {}});
    client.until("\r\n\r\n");
    perform(Reset{id, "20\r\n{\"half\":"});
    EXPECT_EQ(client.until_closed(), "20\r\n{\"half\":");
    EXPECT_TRUE(client.was_reset());
}

TEST_F(ServerTest, RefusesWhileDownButNotOnTheControlPort) {
    Client idle{port()};
    idle.send("GET / HTTP/1.1\r\n\r\n");
    answer(next_request(), "here");
    EXPECT_THAT(idle.until("here"), EndsWith("here"));
    Client waiting{port()};
    waiting.send("GET /slow HTTP/1.1\r\n\r\n");
    const auto slow = next_request();

    perform(Listen{false});
    EXPECT_EQ(idle.until_closed(), "");
    EXPECT_TRUE(idle.was_reset());
    EXPECT_EQ(Client{port()}.connect_error(), ECONNREFUSED);
    perform(Reset{slow.exchange, ""});
    waiting.until_closed();
    EXPECT_TRUE(waiting.was_reset());

    Client control{control_port()};
    control.send("GET /_mock/faults HTTP/1.1\r\n\r\n");
    answer(next_request(), "[]");
    EXPECT_THAT(control.until("[]"), StartsWith("HTTP/1.1 200"));

    const auto before = port();
    perform(Listen{true});
    Client back{before};
    ASSERT_EQ(back.connect_error(), 0);
    back.send("GET / HTTP/1.1\r\n\r\n");
    answer(next_request());
    EXPECT_THAT(back.until("ok"), StartsWith("HTTP/1.1 200"));
}

TEST_F(ServerTest, AnswersTheOneWhoClosedTheDoorBehindThem) {
    Client client{port()};
    client.send("PUT /down HTTP/1.1\r\n\r\n");
    const auto request = next_request();
    perform(Listen{false});
    answer(request, "done");
    EXPECT_THAT(client.until_closed(), EndsWith("done"));
    EXPECT_FALSE(client.was_reset());
}

TEST_F(ServerTest, RefusesWhatIsNoRequestWithAnEmpty400AndCloses) {
    for (const std::string& bad : std::vector<std::string>{
             std::string{"garbage\r\n\r\n"}, std::string{"GET /_up HTTP/1.1\r\nno colon\r\n\r\n"},
             "GET /" + std::string(9'000, 'x') + " HTTP/1.1\r\n\r\n",
             "GET / HTTP/1.1\r\nX: " + std::string(9'000, 'x') + "\r\n\r\n",
             "GET / HTTP/1.1\r\nX: " + std::string(90'000, 'x') + "\r\n\r\n",
             std::string{"PUT /a HTTP/1.1\r\nContent-Length: abc\r\n\r\n{}"},
             std::string{"PUT /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}}) {
        SCOPED_TRACE(bad.substr(0, 60));
        Client client{port()};
        client.send(bad);
        const auto answer = client.until_closed();
        EXPECT_THAT(answer, StartsWith("HTTP/1.1 400 Bad Request\r\n"));
        EXPECT_THAT(answer, testing::AllOf(HasSubstr("Content-Length: 0\r\n"),
                                           HasSubstr("Connection: close\r\n"), EndsWith("\r\n\r\n")));
        EXPECT_FALSE(client.was_reset());
    }
    EXPECT_TRUE(is_quiet());
}

TEST_F(ServerTest, RefusesABodyThatIsTooLargeBeforeItComes) {
    Client client{port()};
    client.send("PUT /db/a HTTP/1.1\r\nContent-Length: 100001\r\n\r\n");
    EXPECT_THAT(client.until_closed(),
                testing::AllOf(StartsWith("HTTP/1.1 413 "), HasSubstr("\"too_large\"")));
}

TEST_F(ServerTest, ClosesWhenAskedTo) {
    for (const auto* request : {"GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.1\r\nConnection: close\r\n\r\n",
                                "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"}) {
        SCOPED_TRACE(request);
        Client client{port()};
        client.send(request);
        answer(next_request());
        EXPECT_THAT(client.until_closed(),
                    testing::AllOf(HasSubstr("Connection: close\r\n"), EndsWith("ok")));
    }
}

TEST_F(ServerTest, ClosesWhenTheStoreSaysSo) {
    Client client{port()};
    client.send("GET / HTTP/1.1\r\n\r\n");
    perform(Respond{next_request().exchange, {400, {{"Connection", "close"}}, "no"}});
    EXPECT_THAT(client.until_closed(), EndsWith("no"));
}

TEST_F(ServerTest, TakesOddButRightRequests) {
    for (const auto& [text, target] : std::vector<std::pair<std::string, std::string>>{
             {"\r\nGET /a HTTP/1.1\r\n\r\n", "/a"},
             {"GET http://host:1/a?b HTTP/1.1\r\n\r\n", "/a?b"},
             {"COPY /a HTTP/1.1\r\nDestination: b\r\n\r\n", "/a"}}) {
        SCOPED_TRACE(text);
        Client client{port()};
        client.send(text);
        const auto request = next_request();
        EXPECT_EQ(request.request.target, target);
        answer(request);
        EXPECT_THAT(client.until("ok"), StartsWith("HTTP/1.1 200"));
    }
}

}  // namespace
}  // namespace davenport::couchmock
