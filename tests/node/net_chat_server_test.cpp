#include "node/net/chat_server.hpp"
#include "tests/net_test.hpp"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

/// The node's front door with a script in place of the core, over real sockets.
namespace davenport::node {
namespace {

using net_test::Client;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

class ChatServerTest : public testing::Test {
protected:
    ~ChatServerTest() override { thread_.stop(); }

    void serve(ChatServer::Config config = {}) {
        config.listen = {wire::asio::ip::address_v4::loopback(), 0};
        thread_.run([&] {
            server_.emplace(
                thread_.loop, config, [this](Event event) { events_.put(std::move(event)); },
                [this](std::string line) { told_full_.push_back(std::move(line)); });
        });
    }
    template <class Expected>
    Expected next() {
        auto event = events_.take();
        if (!event || !std::holds_alternative<Expected>(*event)) {
            ADD_FAILURE() << "another event came, or none: "
                          << (event ? static_cast<int>(event->index()) : -1);
            return Expected{};
        }
        return std::get<Expected>(std::move(*event));
    }
    bool is_quiet() { return events_.empty(); }
    template <class Effect>
    void perform(Effect effect) {
        thread_.run([&] { server_->perform(std::move(effect)); });
    }
    /// As perform(), and the loop is not idle for so many times 5 ms after it.
    void perform_and_work_on(Send effect, int steps) {
        work_left_ = steps;
        thread_.run([&] {
            server_->perform(std::move(effect));
            work_on();
        });
    }
    /// All of these at once, and `then` in the loop's next turn.
    void perform_all(std::vector<Send> effects, Send then) {
        thread_.run([&] {
            for (auto& effect : effects) server_->perform(std::move(effect));
            wire::asio::post(thread_.loop.context(), [] {  // a turn ends after 2 ms
                const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds{5};
                while (std::chrono::steady_clock::now() < end) {
                }
            });
            wire::asio::post(thread_.loop.context(),
                             [this, effect = std::move(then)] { server_->perform(effect); });
        });
    }
    std::vector<std::string> told_full() {
        std::vector<std::string> out;
        thread_.run([&] { out = told_full_; });
        return out;
    }
    [[nodiscard]] int work_left() const { return work_left_; }
    void drain() {
        thread_.run([&] { server_->drain(); });
    }
    [[nodiscard]] std::uint16_t port() const { return server_->port(); }

    [[nodiscard]] std::string handshake(const std::string& more = {}) const {
        return "GET /ws HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port()) +
               "\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Key: "
               "dGhlIHNhbXBsZSBub25jZQ==\r\n"
               "Sec-WebSocket-Version: 13\r\n" +
               more + "\r\n";
    }
    /// A client that is through its handshake; `session` is its number.
    Client open(SessionId& session) {
        Client client{port()};
        client.send(handshake());
        EXPECT_THAT(client.until("\r\n\r\n"), StartsWith("HTTP/1.1 101 "));
        session = next<Opened>().session;
        return client;
    }

private:
    void work_on() {
        const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds{5};
        while (std::chrono::steady_clock::now() < end) {
        }
        if (--work_left_ > 0) wire::asio::post(thread_.loop.context(), [this] { work_on(); });
    }

    net_test::Inbox<Event> events_;
    std::atomic<int> work_left_ = 0;
    std::vector<std::string> told_full_;
    net_test::LoopThread thread_;
    std::optional<ChatServer> server_;
};

/// A client's frame, masked with zeros.
std::string masked(unsigned opcode, std::string_view payload) {
    std::string out{static_cast<char>(0x80 | opcode)};
    out += static_cast<char>(0x80 | payload.size());
    return out.append(4, '\0').append(payload);
}

TEST_F(ChatServerTest, OpensAWebSocketAndCarriesTextBothWays) {
    serve();
    Client client{port()};
    client.send(handshake() + masked(1, "{\"t\":\"hello\"}"));  // the first frame may come with the handshake
    EXPECT_THAT(client.until("\r\n\r\n"),
                testing::AllOf(StartsWith("HTTP/1.1 101 Switching Protocols\r\n"),
                               HasSubstr("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n")));
    const auto opened = next<Opened>();
    EXPECT_EQ(opened.address, "127.0.0.1");
    const auto received = next<Received>();
    EXPECT_EQ(received.session, opened.session);
    EXPECT_EQ(received.frame, "{\"t\":\"hello\"}");
    perform(Send{opened.session, {base::one_frame("one"), base::one_frame("two")}});
    EXPECT_EQ(client.until("two"), std::string("\x81\x03one\x81\x03two"));
    EXPECT_EQ(next<Written>().session, opened.session);
}

TEST_F(ChatServerTest, MakesASessionOfARequestWhenTheCoreSaysSo) {
    serve();
    Client client{port()};
    client.send("GET /api/rooms/lobby/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    const auto exchange = next<Requested>().exchange;
    perform(Stream{exchange});
    EXPECT_THAT(client.until("\r\n\r\n"),
                testing::AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("text/event-stream")));
    perform(Send{exchange, {base::one_frame(R"({"t":"pong"})", {.type = "pong"})}});
    EXPECT_EQ(client.until("\n\n"), "event: pong\ndata: {\"t\":\"pong\"}\n\n");
    EXPECT_EQ(next<Written>().session, exchange);
    perform(Close{exchange, "enough"});
    EXPECT_EQ(client.until_closed(), "");
    EXPECT_EQ(next<Closed>().session, exchange);
}

TEST_F(ChatServerTest, BoundsTheConnectionsOfOneAddress) {
    ChatServer::Config config;
    config.connections_per_address_max = 2;
    config.counts_this_machine = true;
    serve(config);
    const std::string request = "GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    {
        SessionId session = 0;
        auto first = open(session), second = open(session);
        Client third{port()};
        third.send(request);
        EXPECT_THAT(third.until_closed(),
                    testing::AllOf(StartsWith("HTTP/1.1 429 "), HasSubstr("Retry-After: "),
                                   HasSubstr("too many connections")));
        EXPECT_TRUE(is_quiet()) << "the core hears nothing of it";
        std::vector<Client> more;
        for (int i = 0; i < 3; ++i) more.emplace_back(port());
        more.back().send(request);
        EXPECT_EQ(more.back().until_closed(), "") << "so many are not even told";
    }
    // They are gone, and others may come. How soon the server has noticed is the kernel's business.
    std::string answer;
    for (int i = 0; i < 200 && !answer.starts_with("HTTP/1.1 101"); ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds{10});
        Client client{port()};
        client.send(handshake());
        answer = client.until("\r\n\r\n");
    }
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 101"));
}

TEST_F(ChatServerTest, KeepsAnEventStreamAwake) {
    ChatServer::Config config;
    config.ping_after = std::chrono::seconds{1};
    serve(config);
    Client client{port()};
    client.send("GET /api/rooms/lobby/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    perform(Stream{next<Requested>().exchange});
    client.until("\r\n\r\n");
    EXPECT_EQ(client.until("\n\n"), ":\n\n");
}

TEST_F(ChatServerTest, AnswersAPingWithItsPayload) {
    serve();
    SessionId session = 0;
    auto client = open(session);
    client.send(masked(9, "still there?"));
    EXPECT_EQ(client.until("there?"), std::string("\x8a\x0cstill there?"));
}

TEST_F(ChatServerTest, AnswersACloseAndTellsIt) {
    serve();
    SessionId session = 0;
    auto client = open(session);
    client.send(masked(8, "\x03\xe8"));
    EXPECT_EQ(client.until_closed(), std::string("\x88\x02\x03\xe8"));
    EXPECT_EQ(next<Closed>().session, session);
}

TEST_F(ChatServerTest, ClosesWithTheReasonWhenTheRulesAreBroken) {
    serve();
    SessionId session = 0;
    auto client = open(session);
    client.send(masked(2, "binary"));
    EXPECT_THAT(client.until_closed(), StartsWith("\x88\x24\x03\xeb"));
    EXPECT_EQ(next<Closed>().session, session);
}

TEST_F(ChatServerTest, ClosesWhenTheCoreSaysSo) {
    serve();
    SessionId session = 0;
    auto client = open(session);
    perform(Close{session, "too slow"});
    EXPECT_EQ(client.until_closed(), std::string("\x88\x0a\x03\xf0too slow"));
    EXPECT_EQ(next<Closed>().session, session);
    EXPECT_TRUE(is_quiet());
}

TEST_F(ChatServerTest, TellsWhenAClientIsGone) {
    serve();
    SessionId session = 0;
    auto client = open(session);
    client.hang_up();
    EXPECT_EQ(next<Closed>().session, session);
    perform(Send{session, {base::one_frame("nobody is there")}});
    EXPECT_TRUE(is_quiet());
}

TEST_F(ChatServerTest, TellsWrittenOnlyWhenASlowClientTookIt) {
    serve();
    SessionId session = 0;
    auto client = open(session);
    const std::string much(16 * 1024 * 1024, 'x');
    perform(Send{session, {base::one_frame(much)}});
    perform(Send{0, {}});  // a turn of the loop has passed
    EXPECT_TRUE(is_quiet());
    std::string got;
    while (got.size() < much.size() + 10) got += client.until("x");
    EXPECT_EQ(next<Written>().session, session);
}

/// What the kernel keeps of what this port has sent, by /proc/net/tcp.
std::size_t bytes_in_kernel(std::uint16_t port) {
    std::ifstream table{"/proc/net/tcp"};
    std::size_t sum = 0;
    for (std::string line; std::getline(table, line);) {
        unsigned local_port = 0, sent = 0;
        if (std::sscanf(line.c_str(), " %*d: %*8x:%x %*8x:%*x %*x %x:", &local_port, &sent) == 2 &&
            local_port == port)
            sum += sent;
    }
    return sum;
}

TEST_F(ChatServerTest, LeavesLittleInTheKernelForWhoDoesNotRead) {
    serve();
    SessionId session = 0;
    auto client = open(session);
    for (int i = 0; i < 40; ++i) perform(Send{session, {base::one_frame(std::string(100'000, 'x'))}});
    perform(Send{0, {}});  // a turn of the loop has passed
    const auto kept = bytes_in_kernel(port());
    EXPECT_GT(kept, 10'000u) << "nothing was sent, or it is not seen";
    EXPECT_LT(kept, 200'000u);
}

TEST_F(ChatServerTest, ServesOthersWhileACrowdIsSentSomething) {
    serve();
    constexpr std::size_t count = 800;
    std::vector<Client> crowd;
    std::vector<Send> sends;
    const auto frames = base::one_frame(std::string(50'000, 'x'));
    for (std::size_t i = 0; i < count; ++i) {
        SessionId session = 0;
        crowd.push_back(open(session));
        sends.push_back({session, {frames}});
    }
    SessionId other = 0;
    auto client = open(other);
    perform_all(sends, Send{other, {base::one_frame("hello")}});
    std::size_t before = 0;
    while (next<Written>().session != other) ASSERT_LE(++before, count);
    EXPECT_LT(before, count * 3 / 4) << "it waited until all of the crowd was served";
}

TEST_F(ChatServerTest, AsksAllForLifeAFewAtATime) {
    ChatServer::Config config;
    config.ping_after = std::chrono::seconds{1};
    config.dead_after = std::chrono::seconds{60};
    serve(config);
    std::vector<Client> crowd;
    for (std::size_t i = 0; i < 600; ++i) {
        SessionId session = 0;
        crowd.push_back(open(session));
    }
    for (std::size_t i = 0; i < 200; ++i) crowd.pop_back();  // whoever stands in their place is asked, too
    for (auto& client : crowd)
        EXPECT_EQ(client.until(std::string("\x89\x00", 2)), std::string("\x89\x00", 2));
}

TEST_F(ChatServerTest, ClosesASlowClientAtOnce) {
    serve();
    SessionId session = 0;
    auto client = open(session);
    perform(Send{session, {base::one_frame(std::string(16 * 1024 * 1024, 'x'))}});
    perform(Close{session, "too slow"});
    EXPECT_EQ(next<Closed>().session, session);
}

TEST_F(ChatServerTest, LetsGoOfAClientThatFallsSilent) {
    ChatServer::Config config;
    config.ping_after = std::chrono::seconds{1};
    config.dead_after = std::chrono::seconds{2};
    serve(config);
    SessionId session = 0;
    auto client = open(session);
    EXPECT_EQ(client.until_closed(), std::string("\x89\x00", 2));
    EXPECT_EQ(next<Closed>().session, session);
}

TEST_F(ChatServerTest, ServesThePageUnderAPolicyThatKnowsItsScriptByHash) {
    serve();
    const auto get = [&](const std::string& path, const std::string& more = {}) {
        Client client{port()};
        client.send("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + more + "\r\n");
        return client.until_closed();
    };
    const auto page = get("/");
    EXPECT_THAT(page, testing::AllOf(StartsWith("HTTP/1.1 200 "), HasSubstr("text/html"),
                                     HasSubstr("script-src 'self' 'sha256-"), EndsWith("</html>\n")));
    EXPECT_THAT(page, testing::Not(HasSubstr("unsafe-inline")));
    EXPECT_THAT(get("/chat.js"),
                testing::AllOf(HasSubstr("text/javascript"), testing::Not(HasSubstr("innerHTML"))));
    const auto tag = page.substr(page.find("ETag: ") + 6, 18);
    EXPECT_THAT(get("/", "If-None-Match: " + tag + "\r\n"), StartsWith("HTTP/1.1 304 "));
}

TEST_F(ChatServerTest, HandsOtherRequestsToTheCore) {
    serve();
    Client client{port()};
    client.send("POST /api/rooms/lobby/messages HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}");
    const auto requested = next<Requested>();
    EXPECT_EQ(requested.request.target, "/api/rooms/lobby/messages");
    EXPECT_EQ(requested.request.body, "{}");
    perform(Respond{requested.exchange, {202, {}, "accepted"}});
    EXPECT_THAT(client.until("accepted"),
                testing::AllOf(StartsWith("HTTP/1.1 202 "), HasSubstr("X-Content-Type-Options: nosniff\r\n"),
                               HasSubstr("Cross-Origin-Resource-Policy: same-origin\r\n")));
}

TEST_F(ChatServerTest, HandsHealthChecksToTheCoreWithoutAHostOfItsOwn) {
    serve();
    for (const std::string request :
         {"GET /healthz HTTP/1.0\r\n\r\n", "GET /readyz HTTP/1.1\r\nHost: 10.1.2.3:8080\r\n\r\n",
          "OPTIONS / HTTP/1.0\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: 10.1.2.3:8080\r\n\r\n"}) {
        Client client{port()};
        client.send(request);
        const auto asked = next<Requested>();
        EXPECT_THAT(asked.request.target, testing::EndsWith("z"));
        perform(Respond{asked.exchange, {503, {}, "degraded"}});
        EXPECT_THAT(client.until("degraded"), HasSubstr(" 503 "));
    }
}

TEST_F(ChatServerTest, AsksAPageForItsOriginWhateverItsMethod) {
    serve();
    for (const std::string target : {"/", "*", "/api/rooms/lobby/messages"}) {
        Client client{port()};
        client.send("OPTIONS " + target +
                    " HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\n\r\n");
        EXPECT_THAT(client.until("\r\n"), StartsWith("HTTP/1.1 403 ")) << target;
    }
}

TEST_F(ChatServerTest, BoundsWhatAClientSendsUnparsed) {
    serve();
    const std::string chunked = "POST /api HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (const std::string endless : {"1;x=", "0\r\nTrailer: "}) {
        Client client{port()};
        client.send(chunked + endless + std::string(300'000, 'x'));
        EXPECT_THAT(client.until("\r\n"), StartsWith("HTTP/1.1 431 "));
    }
}

TEST_F(ChatServerTest, RefusesOtherSitesPagesAndWhatIsNoHandshake) {
    serve();
    const auto answer = [&](const std::string& request) {
        Client client{port()};
        client.send(request);
        return client.until("\r\n");
    };
    EXPECT_THAT(answer(handshake("Origin: https://evil.example\r\n")), StartsWith("HTTP/1.1 403 "));
    Client curious{port()};
    curious.send(handshake("Origin: https://evil.example\r\nConnection: close\r\n"));
    EXPECT_THAT(curious.until("pass Host on"), HasSubstr("--origin https://evil.example"));
    EXPECT_THAT(answer(handshake("Origin: http://127.0.0.1:" + std::to_string(port()) + "\r\n")),
                StartsWith("HTTP/1.1 101 "));
    next<Opened>();
    EXPECT_THAT(answer("GET /ws HTTP/1.1\r\nHost: localhost\r\n\r\n"), StartsWith("HTTP/1.1 426 "));
    EXPECT_THAT(answer("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n"), StartsWith("HTTP/1.1 403 "));
    EXPECT_THAT(answer("garbage\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
    EXPECT_THAT(answer("GET / HTTP/1.1\r\nX: " + std::string(9000, 'x') + "\r\n\r\n"),
                StartsWith("HTTP/1.1 431 "));
    EXPECT_THAT(answer("POST /api HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999999\r\n\r\n"),
                StartsWith("HTTP/1.1 413 "));
}

TEST_F(ChatServerTest, TurnsAwayWithAWordWhenAllConnectionsAreTaken) {
    ChatServer::Config config;
    config.connections_max = 2;
    serve(config);
    const Client silent{port()}, other{port()};
    for (int i = 0; i < 3; ++i) {
        Client third{port()};
        third.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
        EXPECT_THAT(third.until("another node"), StartsWith("HTTP/1.1 503 "));
    }
    EXPECT_THAT(told_full(), testing::ElementsAre(HasSubstr("all 2 connections")));
}

TEST_F(ChatServerTest, LetsGoWhoAsksForNothingWhenAllConnectionsAreTaken) {
    ChatServer::Config config;
    config.connections_max = 2;
    config.unused_at_most = std::chrono::milliseconds{0};
    serve(config);
    SessionId session = 0;
    auto chats = open(session);
    Client half{port()};
    half.send("GET /healthz HTT");
    Client third{port()};
    third.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    perform(Respond{next<Requested>().exchange, {200, {}, "well"}});
    EXPECT_THAT(third.until("well"), StartsWith("HTTP/1.1 200 "));
    EXPECT_TRUE(told_full().empty());
    chats.send(masked(1, "hello"));
    EXPECT_EQ(next<Received>().frame, "hello");
}

TEST_F(ChatServerTest, CountsConnectionsOfWhomAProxySpeaksFor) {
    ChatServer::Config config;
    config.connections_per_address_max = 2;
    config.proxies = TrustedProxies{{"127.0.0.1"}};
    serve(config);
    const auto answer = [&](Client& client, const std::string& address) {
        client.send("PROXY TCP4 " + address +
                    " 10.0.0.1 1000 80\r\nGET /icon.svg HTTP/1.1\r\nHost: localhost\r\n\r\n");
        return client.until("\r\n\r\n");
    };
    std::vector<Client> open;
    open.reserve(5);
    for (const auto* expected : {"HTTP/1.1 200 ", "HTTP/1.1 200 ", "HTTP/1.1 429 "}) {
        open.emplace_back(port());
        EXPECT_THAT(answer(open.back(), "1.2.3.4"), StartsWith(expected));
    }
    open.emplace_back(port());
    EXPECT_THAT(answer(open.back(), "1.2.3.5"), StartsWith("HTTP/1.1 200 ")) << "somebody else";
    for (int i = 0; i < 3; ++i) open[static_cast<std::size_t>(i)].hang_up();
    for (int i = 0; i < 100; ++i) {
        Client next{port()};
        if (answer(next, "1.2.3.4").starts_with("HTTP/1.1 200 ")) return;
        std::this_thread::sleep_for(std::chrono::milliseconds{10});
    }
    ADD_FAILURE() << "who has left counts still";
}

TEST_F(ChatServerTest, JoinsCookiesThatCameInSeveralHeaders) {
    serve();
    Client client{port()};
    client.send(
        "GET /api/session HTTP/1.1\r\nHost: localhost\r\nCookie: a=b\r\nX: y\r\ncookie: c=d\r\nCookie: "
        "e=f\r\n\r\n");
    EXPECT_EQ(base::header(next<Requested>().request.headers, "Cookie"), "a=b; c=d; e=f");
    Client other{port()};
    other.send(handshake("Cookie: a=b\r\nCookie: c=d\r\n"));
    EXPECT_EQ(next<Opened>().cookies, "a=b; c=d");
}

TEST_F(ChatServerTest, AnswersNoFurtherWhileItsAnswersAreNotRead) {
    serve();
    Client client{port()};
    const auto request =
        "GET /icon.svg HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(1000, 'x') + "\r\n\r\n";
    std::string many;
    for (int i = 0; i < 100; ++i) many += request;
    const auto sent = client.send_while_taken(many, 100'000'000);
    EXPECT_LT(sent, 20'000'000u) << "its requests and our answers fill the memory";
    // Read at last, every request has its answer.
    std::thread rest{[&] {
        client.send(std::string_view{request}.substr(sent % request.size()));
        client.send("GET /icon.svg HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    }};
    const auto answers = client.until_closed();
    rest.join();
    std::size_t count = 0;
    for (auto at = answers.find("HTTP/1.1 200 "); at != std::string::npos;
         at = answers.find("HTTP/1.1 200 ", at + 1))
        ++count;
    EXPECT_EQ(count, sent / request.size() + 2);
}

TEST_F(ChatServerTest, SendsWhatIsQueuedWhileALongStretchOfWorkGoesOn) {
    serve();
    SessionId session = 0;
    auto client = open(session);
    perform_and_work_on(Send{session, {base::one_frame("hi")}}, 200);  // for a second
    EXPECT_EQ(client.until("hi"), std::string("\x81\x02") + "hi");
    EXPECT_GT(work_left(), 100);
}

TEST_F(ChatServerTest, SaysThatItGoesAwayWhenItDrains) {
    serve();
    SessionId session = 0;
    auto client = open(session);
    drain();
    EXPECT_EQ(Client{port()}.connect_error(), ECONNREFUSED);
    perform(Send{session, {base::one_frame("bye")}});
    perform(Close{session, "stopping"});
    EXPECT_EQ(client.until_closed(), std::string("\x81\x03") + "bye\x88\x0a\x03\xe9stopping");
}

TEST_F(ChatServerTest, NamesTheRemedyWhenItsPortIsInUse) {
    serve();
    wire::Loop loop;
    ChatServer::Config config;
    config.listen = {wire::asio::ip::address_v4::loopback(), port()};
    try {
        const ChatServer second{loop, config, [](const Event&) {}};
        ADD_FAILURE() << "it listens too";
    } catch (const std::runtime_error& error) {
        EXPECT_THAT(error.what(), testing::AllOf(HasSubstr("port " + std::to_string(port()) + " is in use"),
                                                 HasSubstr("choose another port")));
    }
}

}  // namespace
}  // namespace davenport::node
