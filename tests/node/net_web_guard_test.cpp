#include "node/net/web_guard.hpp"

#include <gtest/gtest.h>

namespace davenport::node {
namespace {

bool lets_in(const WebGuard& guard, std::string host, std::string origin = {}) {
    base::HttpRequest request{"GET", "/ws", {{"Host", std::move(host)}}, {}};
    if (!origin.empty()) request.headers.emplace_back("Origin", std::move(origin));
    return guard.objection(request).empty();
}

TEST(WebGuard, LetsItsOwnPageInAndProgramsThatAreNoBrowsers) {
    const WebGuard guard{{}, true};
    EXPECT_TRUE(lets_in(guard, "127.0.0.1:8080", "http://127.0.0.1:8080"));
    EXPECT_TRUE(lets_in(guard, "localhost:8080", "http://LOCALHOST:8080"));
    EXPECT_TRUE(lets_in(guard, "[::1]:8080", "http://[::1]:8080"));
    EXPECT_TRUE(lets_in(guard, "127.0.0.1:8080"));
}

TEST(WebGuard, KeepsOtherSitesPagesOut) {
    const WebGuard guard{{}, true};
    EXPECT_FALSE(lets_in(guard, "127.0.0.1:8080", "https://evil.example"));
    EXPECT_FALSE(lets_in(guard, "127.0.0.1:8080", "http://127.0.0.1:9090"));
    EXPECT_FALSE(lets_in(guard, "127.0.0.1:8080", "null"));
}

TEST(WebGuard, AnswersOnLoopbackOnlyForThisMachinesNames) {
    const WebGuard guard{{}, true};
    EXPECT_FALSE(lets_in(guard, "evil.example:8080", "http://evil.example:8080"))
        << "a name that was made to point here";
    EXPECT_FALSE(lets_in(guard, "127.evil.example:8080", "http://127.evil.example:8080"));
    EXPECT_TRUE(lets_in(WebGuard{{}, false}, "chat.example", "https://chat.example"));
}

TEST(WebGuard, AnswersForTheNamesThatItWasGiven) {
    const WebGuard guard{{"chat.example"}, false};
    EXPECT_TRUE(lets_in(guard, "Chat.Example", "https://chat.example"));
    EXPECT_FALSE(lets_in(guard, "other.example", "https://other.example"));
}

}  // namespace
}  // namespace davenport::node
