#include "sim/process/prefix_proxy.hpp"

#include <gtest/gtest.h>

namespace davenport::sim::process {
namespace {

const std::string conversation =
    "GET /chat/api/rooms HTTP/1.1\r\nHost: h\r\n\r\n"
    "POST /chat/api/rooms/r1/messages?x=/chat/ HTTP/1.1\r\ncontent-length: 11\r\n\r\nGET /chat/x"
    "GET /chat/ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\nGET /chat/y frames \r\n\r\n";
const std::string passed_on =
    "GET /api/rooms HTTP/1.1\r\nHost: h\r\n\r\n"
    "POST /api/rooms/r1/messages?x=/chat/ HTTP/1.1\r\ncontent-length: 11\r\n\r\nGET /chat/x"
    "GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\nGET /chat/y frames \r\n\r\n";

TEST(PrefixProxy, TakesThePathOffEachRequestHoweverItIsCut) {
    for (std::size_t piece = 1; piece <= conversation.size(); ++piece) {
        PrefixProxy proxy{"/chat"};
        std::string out;
        for (std::size_t at = 0; at < conversation.size(); at += piece)
            out += proxy.pass(std::string_view{conversation}.substr(at, piece));
        ASSERT_EQ(out, passed_on) << "pieces of " << piece;
        EXPECT_FALSE(proxy.refuses());
    }
}

TEST(PrefixProxy, RefusesWhatIsElsewhere) {
    for (const std::string target : {"/", "/ws", "/chat", "/chatter/ws", "chat/ws"}) {
        PrefixProxy proxy{"/chat"};
        EXPECT_EQ(proxy.pass("GET " + target + " HTTP/1.1\r\n\r\n"), "") << target;
        EXPECT_TRUE(proxy.refuses()) << target;
        EXPECT_EQ(proxy.pass("GET /chat/ws HTTP/1.1\r\n\r\n"), "") << target;
    }
    PrefixProxy proxy{"/chat"};
    EXPECT_EQ(proxy.pass(std::string(100'000, 'x')), "");
    EXPECT_TRUE(proxy.refuses()) << "no end of the head";
}

}  // namespace
}  // namespace davenport::sim::process
