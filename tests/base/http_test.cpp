#include "node/base/http.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace davenport::base {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

TEST(Header, IsFoundWithoutRegardToCaseAndTheFirstOfSeveral) {
    const Headers headers{{"Content-Type", "a"}, {"content-type", "b"}, {"Empty", ""}};
    EXPECT_EQ(header(headers, "CONTENT-TYPE"), "a");
    EXPECT_EQ(header(headers, "Other"), "");
    EXPECT_TRUE(has_header(headers, "empty"));
    EXPECT_FALSE(has_header(headers, "Other"));
    auto fewer = headers;
    erase_header(fewer, "EMPTY");
    EXPECT_FALSE(has_header(fewer, "empty"));
    EXPECT_EQ(fewer.size() + 1, headers.size());
}

TEST(PercentCode, GoesThereAndBackForEveryByte) {
    std::string all;
    for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
    EXPECT_EQ(percent_decode(percent_encode(all)), all);
    EXPECT_EQ(percent_encode("a:b/c d~"), "a%3Ab%2Fc%20d~");
}

TEST(PercentCode, RefusesMalformedEscapes) {
    for (const auto* bad : {"%", "%1", "%zz", "a%2"}) EXPECT_FALSE(percent_decode(bad)) << bad;
    EXPECT_EQ(percent_decode("a+b"), "a+b");
    EXPECT_EQ(percent_decode("a+b", true), "a b");
}

TEST(Target, IsTakenApartIntoDecodedPieces) {
    const auto target = parse_target("/db/a%2Fb//c?x=1&y&z=%26+&x=2");
    ASSERT_TRUE(target);
    EXPECT_THAT(target->path, ElementsAre("db", "a/b", "c"));
    EXPECT_THAT(target->query, ElementsAre(Pair("x", "1"), Pair("y", ""), Pair("z", "& "), Pair("x", "2")));
    EXPECT_EQ(*target->find("x"), "2") << "the last one given";
    EXPECT_EQ(target->find("q"), nullptr);
    EXPECT_THAT(parse_target("/")->path, IsEmpty());
    EXPECT_FALSE(parse_target("/%"));
    EXPECT_FALSE(parse_target("/a?b=%"));
}

TEST(Base64, GoesThereAndBackForEveryLength) {
    std::string bytes;
    for (int i = 0; i < 40; ++i) {
        EXPECT_EQ(base64_decode(base64_encode(bytes)), bytes) << i;
        bytes += static_cast<char>(i * 37);
    }
    EXPECT_EQ(base64_encode("hello"), "aGVsbG8=");
    EXPECT_FALSE(base64_decode("abc"));
    EXPECT_FALSE(base64_decode("!!!!"));
}

TEST(BasicAuthorization, IsWhatTheRfcSays) {
    EXPECT_EQ(basic_authorization("Aladdin", "open sesame"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
}

}  // namespace
}  // namespace davenport::base
