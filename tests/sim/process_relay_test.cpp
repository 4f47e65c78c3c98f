#include "sim/process/relay.hpp"
#include "sim/process/transport_loop.hpp"

#include <array>
#include <chrono>
#include <memory>
#include <string>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

namespace davenport::sim::process {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using namespace std::chrono_literals;

/// A socket that keeps what it gets.
struct End : std::enable_shared_from_this<End> {
    explicit End(tcp::socket s) : socket{std::move(s)} {}
    void read() {
        socket.async_read_some(asio::buffer(buffer),
                               [self = shared_from_this()](error_code ec, std::size_t n) {
                                   self->error = ec;
                                   if (ec) return;
                                   self->got.append(self->buffer.data(), n);
                                   self->read();
                               });
    }
    void say(const std::string& text) { asio::write(socket, asio::buffer(text)); }
    tcp::socket socket;
    std::array<char, 4096> buffer{};
    std::string got;
    error_code error;
};

/// A client and a server with a relay between them.
class RelayTest : public testing::Test {
protected:
    RelayTest() {
        acceptor_.async_accept([this](error_code ec, tcp::socket socket) {
            if (ec) return;
            server_ = std::make_shared<End>(std::move(socket));
            server_->read();
        });
        client_->socket.connect(tcp::endpoint{asio::ip::address_v4::loopback(), relay_.port()});
        client_->read();
        EXPECT_TRUE(soon([&] { return server_ != nullptr; }));
    }
    template <class Condition>
    bool soon(Condition condition, base::Duration within = 5s) {
        for (const auto end = steady_now() + within; !condition() && steady_now() < end;)
            transport_.run_until(std::min(end, steady_now() + 5ms));
        return condition();
    }
    void idle(base::Duration time) {
        soon([] { return false; }, time);
    }

    Transport transport_;
    tcp::acceptor acceptor_{loop_of(transport_), tcp::endpoint{asio::ip::address_v4::loopback(), 0}};
    Relay relay_{transport_, acceptor_.local_endpoint().port()};
    std::shared_ptr<End> client_ = std::make_shared<End>(tcp::socket{loop_of(transport_)});
    std::shared_ptr<End> server_;
};

TEST_F(RelayTest, PassesOnWhatIsSaidBothWays) {
    client_->say("question");
    EXPECT_TRUE(soon([&] { return server_->got == "question"; }));
    server_->say("answer");
    EXPECT_TRUE(soon([&] { return client_->got == "answer"; }));
    EXPECT_EQ(relay_.connections(), 1);
}

TEST_F(RelayTest, HasTheServerUnderAPath) {
    relay_.set_prefix("/chat");
    const auto say = [&](const std::string& target) {
        auto one = std::make_shared<End>(tcp::socket{loop_of(transport_)});
        one->socket.connect(tcp::endpoint{asio::ip::address_v4::loopback(), relay_.port()});
        one->read();
        one->say("GET " + target + " HTTP/1.1\r\n\r\n");
        return one;
    };
    server_.reset();
    acceptor_.async_accept([this](error_code ec, tcp::socket socket) {
        if (ec) return;
        server_ = std::make_shared<End>(std::move(socket));
        server_->read();
    });
    const auto inside = say("/chat/ws");
    EXPECT_TRUE(soon([&] { return server_ && server_->got == "GET /ws HTTP/1.1\r\n\r\n"; }));
    server_->say("answer");
    EXPECT_TRUE(soon([&] { return inside->got == "answer"; }));
    const auto outside = say("/ws");
    EXPECT_TRUE(soon([&] { return outside->got.starts_with("HTTP/1.1 404 "); })) << outside->got;
}

TEST_F(RelayTest, SendsAgainWhatIsLost) {
    relay_.set_conditions({.loss = base::Probability{900'000}});
    const auto asked = steady_now();
    for (int i = 0; i < 5; ++i) {  // one of them is lost in all likelihood, and all wait for it
        client_->say("x");
        idle(5ms);
    }
    EXPECT_TRUE(soon([&] { return server_->got == "xxxxx"; }, 60s));
    EXPECT_GE(steady_now() - asked, 200ms);
}

TEST_F(RelayTest, FallsSilentWithoutAWordToEitherSide) {
    EXPECT_EQ(relay_.silence(), 1);
    EXPECT_EQ(relay_.silence(), 0) << "it was silent before";
    client_->say("question");
    server_->say("answer");
    client_->socket.shutdown(tcp::socket::shutdown_send);
    idle(100ms);
    EXPECT_EQ(server_->got + client_->got, "");
    EXPECT_FALSE(server_->error);
    EXPECT_FALSE(client_->error);
}

TEST_F(RelayTest, CutsWhatIsIdleAndNothingElse) {
    client_->say("question");
    EXPECT_TRUE(soon([&] { return server_->got == "question"; }));
    EXPECT_EQ(relay_.cut_idle(1s, false), 0);
    idle(60ms);
    EXPECT_EQ(relay_.cut_idle(50ms, false), 1);
    EXPECT_TRUE(soon([&] { return bool{client_->error} && bool{server_->error}; }));
}

TEST_F(RelayTest, GathersAChunkedAnswerAndNoOther) {
    relay_.set_conditions({.block_bytes = 10});
    server_->say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    EXPECT_TRUE(soon([&] { return client_->got.ends_with("\r\n\r\n"); }));
    client_->got.clear();
    server_->say("12345");
    idle(50ms);
    EXPECT_EQ(client_->got, "");
    server_->say("67890");
    EXPECT_TRUE(soon([&] { return client_->got == "1234567890"; }));
    server_->say("abc");
    idle(50ms);
    server_->say("0\r\n\r\n");
    EXPECT_TRUE(soon([&] { return client_->got == "1234567890abc0\r\n\r\n"; }));
    server_->say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
    idle(20ms);
    server_->say("ok");
    EXPECT_TRUE(soon([&] { return client_->got.ends_with("\r\n\r\nok"); }));
}

TEST_F(RelayTest, PassesOnTheEnd) {
    client_->say("last words");
    client_->socket.shutdown(tcp::socket::shutdown_send);
    EXPECT_TRUE(soon([&] { return server_->error == asio::error::eof; }));
    EXPECT_EQ(server_->got, "last words");
    server_->say("answer");
    server_->socket.close();
    EXPECT_TRUE(soon([&] { return client_->error == asio::error::eof; }));
    EXPECT_EQ(client_->got, "answer");
    EXPECT_TRUE(soon([&] { return relay_.connections() == 0; }));
}

TEST_F(RelayTest, WhatIsHeldArrivesInOrderOnceItIsLetGo) {
    relay_.set_conditions({.up_held = true});
    client_->say("one ");
    idle(20ms);
    client_->say("two");
    idle(50ms);
    EXPECT_EQ(server_->got, "");
    server_->say("the other way is free");
    EXPECT_TRUE(soon([&] { return !client_->got.empty(); }));
    relay_.set_conditions({});
    EXPECT_TRUE(soon([&] { return server_->got == "one two"; }));
}

TEST_F(RelayTest, JitterDelaysEachPieceOtherwiseAndKeepsTheOrder) {
    relay_.set_conditions({.jitter = 40ms});
    std::string said;
    const auto begin = steady_now();
    for (int i = 0; i < 40; ++i) {
        said += std::to_string(i) + ' ';
        client_->say(std::to_string(i) + ' ');
        idle(1ms);
    }
    EXPECT_TRUE(soon([&] { return server_->got == said; })) << server_->got;
    for (int i = 0; i < 10; ++i) {  // one by one: each waits for a draw of its own, of 20 ms on the average
        client_->say("x");
        said += 'x';
        EXPECT_TRUE(soon([&] { return server_->got == said; }));
    }
    EXPECT_GE(steady_now() - begin, 100ms);
}

TEST_F(RelayTest, LatencyDelaysAndKeepsTheOrder) {
    relay_.set_conditions({.latency = 30ms});
    const auto begin = steady_now();
    for (int i = 0; i < 10; ++i) {
        client_->say(std::to_string(i));
        idle(1ms);
    }
    EXPECT_EQ(server_->got, "");
    EXPECT_TRUE(soon([&] { return server_->got == "0123456789"; }));
    EXPECT_GE(steady_now() - begin, 30ms);
}

TEST_F(RelayTest, AThinLinkTakesItsTime) {
    relay_.set_conditions({.bytes_per_second = 100'000});
    const auto begin = steady_now();
    client_->say(std::string(20'000, 'x'));
    EXPECT_TRUE(soon([&] { return server_->got.size() == 20'000; }));
    EXPECT_GE(steady_now() - begin, 190ms);
}

TEST_F(RelayTest, CountsAnswersByTheirStatus) {
    client_->say("GET / HTTP/1.1\r\n\r\n");
    EXPECT_TRUE(soon([&] { return !server_->got.empty(); }));
    server_->say("HTTP/1.1 201 Created\r\n\r\n");
    EXPECT_TRUE(soon([&] { return !client_->got.empty(); }));
    client_->say("GET / HTTP/1.1\r\n\r\n");
    EXPECT_TRUE(soon([&] { return server_->got.size() > 30; }));
    server_->socket.close();
    EXPECT_TRUE(soon([&] { return bool{client_->error}; }));
    EXPECT_EQ(relay_.take_answers(), (std::map<std::string, std::int64_t>{{"201", 1}, {"reset", 1}}));
    acceptor_.close();
    auto late = std::make_shared<End>(tcp::socket{loop_of(transport_)});
    late->socket.connect(tcp::endpoint{asio::ip::address_v4::loopback(), relay_.port()});
    late->read();
    EXPECT_TRUE(soon([&] { return bool{late->error}; }));
    EXPECT_EQ(relay_.take_answers(), (std::map<std::string, std::int64_t>{{"refused", 1}}));
}

TEST_F(RelayTest, AResetIsFeltAtBothEnds) {
    EXPECT_EQ(relay_.reset(), 1);
    EXPECT_TRUE(soon([&] { return client_->error == asio::error::connection_reset; }))
        << client_->error.message();
    EXPECT_TRUE(soon([&] { return server_->error == asio::error::connection_reset; }))
        << server_->error.message();
    EXPECT_EQ(relay_.connections(), 0);
    EXPECT_EQ(relay_.made(), 1);
}

}  // namespace
}  // namespace davenport::sim::process
