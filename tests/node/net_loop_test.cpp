#include "node/net/wire/connection.hpp"
#include "node/net/wire/loop.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <gtest/gtest.h>
#include <poll.h>

// When what is queued for a connection leaves: the loop's turns.
namespace davenport::wire {
namespace {

using namespace std::chrono_literals;

class Silent final : public Connection {
public:
    using Connection::Connection;

private:
    void on_bytes(std::string_view) override {}
    void on_gone() override {}
};

class LoopTest : public testing::Test {
protected:
    LoopTest() {
        asio::ip::tcp::acceptor acceptor{loop_.context(), {asio::ip::address_v4::loopback(), 0}};
        peer_.connect(acceptor.local_endpoint());
        connection_ = std::make_shared<Silent>(loop_, acceptor.accept());
        connection_->start();
    }
    ~LoopTest() override { connection_->drop(); }

    /// This byte is there for the other side, or comes within `patience`. What came before it is read.
    [[nodiscard]] bool has_come(char byte, std::chrono::milliseconds patience) {
        pollfd waits{peer_.native_handle(), POLLIN, 0};
        std::string read(64, '\0');
        while (::poll(&waits, 1, static_cast<int>(patience.count())) == 1) {
            const auto n = peer_.read_some(asio::buffer(read));
            if (std::string_view{read}.substr(0, n).find(byte) != std::string_view::npos) return true;
        }
        return false;
    }

    /// Calls `what` after a while in which the loop had nothing to do.
    template <class What>
    void after_a_rest(What what) {
        timer_.expires_after(20ms);
        timer_.async_wait([what](boost::system::error_code) { what(); });
    }

    Loop loop_;
    asio::ip::tcp::socket peer_{loop_.context()};
    asio::steady_timer timer_{loop_.context()};
    std::shared_ptr<Silent> connection_;
};

TEST_F(LoopTest, SendsAtOnceWhatAQuietTurnQueues) {
    bool came = false;
    char byte = 'a';  // to 'z': a machine that stands still makes a turn busy that would be quiet
    const std::function<void()> one_try = [&] {
        connection_->send(std::string{byte});
        loop_.flush_if_quiet();
        came = has_come(byte, 200ms);
        if (came || byte++ == 'z') return loop_.stop();
        after_a_rest(one_try);
    };
    after_a_rest(one_try);
    loop_.run();
    EXPECT_TRUE(came);
}

TEST_F(LoopTest, GathersWhatABusyTurnQueues) {
    bool came = true;
    asio::post(loop_.context(), [&] {  // it is ready before the loop waits for anything
        connection_->send(std::string{"x"});
        loop_.flush_if_quiet();
        came = has_come('x', 20ms);
        loop_.stop();
    });
    loop_.run();
    EXPECT_FALSE(came);
    EXPECT_TRUE(has_come('x', 10s));
}

}  // namespace
}  // namespace davenport::wire
