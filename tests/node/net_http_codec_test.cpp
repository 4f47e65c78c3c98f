#include "node/net/wire/http_codec.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

/// The parsers against what no well-meaning peer sends. Each case is read whole, and again byte by byte.
namespace davenport::wire {
namespace {

constexpr std::size_t mebibyte = 1024 * 1024;

/// Hands `text` over in pieces of `step` bytes, as a connection does; returns what was left unread at most.
template <class Parser>
std::size_t feed_in_steps(Parser& parser, std::string_view text, std::size_t step) {
    std::string unread;
    std::size_t most = 0;
    while (!text.empty() && !parser.done() && parser.error() == HttpError::none) {
        unread += text.substr(0, step);
        text.remove_prefix(std::min(step, text.size()));
        unread.erase(0, parser.feed(unread));
        most = std::max(most, unread.size());
    }
    return most;
}

HttpError request_error(std::string_view text, std::size_t step) {
    RequestParser parser{HttpLimits{}};
    feed_in_steps(parser, text, step);
    return parser.error() == HttpError::none && !parser.done() ? HttpError::cut_off : parser.error();
}

HttpError response_error(std::string_view text, std::size_t step) {
    ResponseParser parser{HttpLimits{}, false};
    feed_in_steps(parser, text, step);
    if (parser.error() == HttpError::none) parser.feed_end();
    return parser.error();
}

TEST(RequestParser, ReadsARequestHoweverItIsCut) {
    const std::vector<std::string> texts{
        "GET / HTTP/1.1\r\n\r\n",
        "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "PUT / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc",
        "PUT / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
        "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2;b=c\r\nbc\r\n0\r\n\r\n",
        "PUT / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\n0\r\nTrailer: x\r\n\r\n",
        "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    };
    for (const auto& text : texts) {
        for (const std::size_t step : {1, 2, 3, 4, 5, 7, 1000}) {
            SCOPED_TRACE(text + " in steps of " + std::to_string(step));
            EXPECT_EQ(request_error(text, step), HttpError::none);
        }
    }
}

TEST(RequestParser, RefusesWhatRfc9112Refuses) {
    const std::vector<std::string> texts{
        "GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n",  // obs-fold
        "GET / HTTP/1.1\r\nHost: a\r\n\tb\r\n\r\n",
        "GET / HTTP/1.1\r\nX:\r\n a\r\n\r\n",
        "GET / HTTP/1.1\r\n X: a\r\n\r\n",
        "GET / HTTP/1.1\r\nX : a\r\n\r\n",
        "GET / HTTP/1.1\nHost: a\n\n",  // bare LF
        "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\n",
        "GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "PUT / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        "PUT / HTTP/1.1\r\nContent-Length: 3, 4\r\n\r\nabcd",
        "PUT / HTTP/1.1\r\nContent-Length: +3\r\n\r\nabc",
        "PUT / HTTP/1.1\r\nContent-Length: -3\r\n\r\nabc",
        "PUT / HTTP/1.1\r\nContent-Length:\r\n\r\nabc",
        "PUT / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\nabc",
        "PUT / HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
        "PUT / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "PUT / HTTP/1.1\r\nTransfer-Encoding: identity\r\n\r\n",
        "PUT / HTTP/1.1\r\nTransfer-Encoding:\r\n\r\n",
        "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        "PUT / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n",
        "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n",
        "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",  // refused before more comes
        "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n",
        "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n11111111111111113\r\nabc\r\n0\r\n\r\n",
        "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\r\n\r\n\r\n",
    };
    for (const auto& text : texts) {
        for (const std::size_t step : {1, 3, 1000}) {
            SCOPED_TRACE(text + " in steps of " + std::to_string(step));
            EXPECT_EQ(request_error(text, step), HttpError::malformed);
        }
    }
}

TEST(RequestParser, TakesTargetsOfItsOwnKindAlone) {
    const auto target_of = [](const std::string& target) {
        RequestParser parser{HttpLimits{}};
        feed_in_steps(parser, "GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n", 7);
        return parser.done() ? parser.take().request.target : std::string{to_string(parser.error())};
    };
    EXPECT_EQ(target_of("/a?b"), "/a?b");
    EXPECT_EQ(target_of("*"), "*");
    EXPECT_EQ(target_of("http://host:80/a?b"), "/a?b");
    EXPECT_EQ(target_of("HTTPS://host"), "/");
    EXPECT_EQ(target_of("http://host?a=/b"), "/?a=/b");
    for (const auto* other :
         {"host:80", "a/b", "gopher://host/a", "ftp://host/a", "ws://host/a", "http:/a", "**", "?a"})
        EXPECT_EQ(target_of(other), to_string(HttpError::malformed)) << other;
}

TEST(RequestParser, BoundsWhatWaitsUnparsedAndWhatIsThrownAway) {
    const std::string chunked = "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
    std::string small_headers = "GET / HTTP/1.1\r\n";
    for (int i = 0; i < 900; ++i) small_headers += "Name: " + std::string(100, 'x') + "\r\n";
    std::string extensions = chunked;
    for (int i = 0; i < 100; ++i) extensions += "1;" + std::string(4000, 'x') + "\r\na\r\n";
    const std::vector<std::string> texts{
        "GET /" + std::string(mebibyte, 'x'),
        "GET / HTTP/1.1\r\nX: " + std::string(mebibyte, 'x'),
        small_headers,
        chunked + std::string(mebibyte, '0'),
        chunked + "1;" + std::string(mebibyte, 'x'),
        chunked + "1\r\na\r\n1;a=\"" + std::string(mebibyte, 'x'),
        extensions,
        chunked + "0;" + std::string(mebibyte, 'x'),
        chunked + "0\r\nTrailer: " + std::string(mebibyte, 'x'),
        chunked + "1\r\na\r\n0\r\nTrailer: " + std::string(mebibyte, 'x') + "\r\n\r\n",
    };
    for (const auto& text : texts) {
        for (const std::size_t step : {std::size_t{1000}, std::size_t{128 * 1024}, 4 * mebibyte}) {
            SCOPED_TRACE(text.substr(0, 80) + " in steps of " + std::to_string(step));
            RequestParser parser{HttpLimits{}};
            const auto waited = feed_in_steps(parser, text, step);
            EXPECT_EQ(parser.error(), HttpError::head_too_large);
            EXPECT_LE(waited, HttpLimits{}.head_bytes + step);
        }
    }
}

TEST(RequestParser, DropsTrailers) {
    RequestParser parser{HttpLimits{}};
    parser.feed(
        "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nCookie: evil\r\nHost: "
        "b\r\n\r\n");
    ASSERT_TRUE(parser.done());
    const auto request = parser.take().request;
    EXPECT_FALSE(base::has_header(request.headers, "Cookie"));
    EXPECT_EQ(request.headers.size(), 2u);
}

TEST(ResponseParser, IsAsStrictAndAsBounded) {
    const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (const std::size_t step : {1, 4, 1000}) {
        SCOPED_TRACE(step);
        EXPECT_EQ(response_error(chunked + "1\r\na\r\n0\r\n\r\n", step), HttpError::none);
        EXPECT_EQ(response_error(chunked + "0\r\n\r", step), HttpError::cut_off);
        EXPECT_EQ(response_error("HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\nabc", step),
                  HttpError::malformed);
        EXPECT_EQ(response_error("HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", step), HttpError::malformed);
    }
    EXPECT_EQ(response_error(chunked + "1;" + std::string(mebibyte, 'x'), 1000), HttpError::head_too_large);
    EXPECT_EQ(response_error(chunked + "0\r\nA: " + std::string(mebibyte, 'x'), 1000),
              HttpError::head_too_large);
}

}  // namespace
}  // namespace davenport::wire
