#include "node/net/websocket_codec.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace davenport::node {
namespace {

using Parser = WebsocketParser;

/// A client's frame: masked with a fixed key.
std::string frame(unsigned first, std::string_view payload, bool masked = true) {
    std::string out{static_cast<char>(first)};
    const unsigned mask_bit = masked ? 0x80 : 0;
    const auto size = payload.size();
    if (size < 126) {
        out += static_cast<char>(mask_bit | size);
    } else if (size < 65536) {
        out += static_cast<char>(mask_bit | 126);
        out += {static_cast<char>(size >> 8), static_cast<char>(size)};
    } else {
        out += static_cast<char>(mask_bit | 127);
        for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(size >> shift);
    }
    static constexpr char key[] = {0x12, '\xfe', 0x00, 0x7a};
    if (masked) out.append(key, 4);
    for (std::size_t i = 0; i < size; ++i)
        out += static_cast<char>(masked ? payload[i] ^ key[i & 3] : payload[i]);
    return out;
}

constexpr unsigned text = 0x81, text_begins = 0x01, goes_on = 0x00, ends = 0x80, binary = 0x82, close = 0x88,
                   ping = 0x89, pong = 0x8a;

std::string describe(const Parser::Item& item) {
    if (const auto* t = std::get_if<Parser::Text>(&item)) return "text " + t->text;
    if (const auto* p = std::get_if<Parser::Ping>(&item)) return "ping " + p->payload;
    if (std::holds_alternative<Parser::Pong>(item)) return "pong";
    if (const auto* e = std::get_if<Parser::Ended>(&item))
        return "ended " + std::to_string(static_cast<int>(e->code)) + " " + e->reason;
    return "failed " + std::to_string(static_cast<int>(std::get<Parser::Failed>(item).code));
}

/// What the parser makes of `bytes` when they come in pieces of `piece` bytes; stops at a failure.
std::vector<std::string> parse(std::string_view bytes, std::size_t piece, std::size_t max = 1 << 20) {
    Parser parser{max};
    std::vector<std::string> out;
    while (!bytes.empty()) {
        auto now = bytes.substr(0, piece);
        bytes.remove_prefix(now.size());
        while (auto item = parser.next(now)) {
            out.push_back(describe(*item));
            if (std::holds_alternative<Parser::Failed>(*item)) return out;
        }
    }
    return out;
}

using Items = std::vector<std::string>;

TEST(WebsocketParser, ReadsTheSameHoweverTheBytesAreCut) {
    const std::string big(70'000, 'b');
    const auto bytes = frame(text, "hello") + frame(text, "") + frame(text, std::string(200, 'm')) +
                       frame(ping, "are you there") + frame(text_begins, "one ") + frame(ping, "") +
                       frame(goes_on, "two ") + frame(pong, "x") + frame(ends, "three") + frame(text, big) +
                       frame(close, std::string{"\x03\xe8"} + "bye");
    const Items expected{"text hello",         "text ",       "text " + std::string(200, 'm'),
                         "ping are you there", "ping ",       "pong",
                         "text one two three", "text " + big, "ended 1000 bye"};
    for (const std::size_t piece : {1ul, 2ul, 3ul, 5ul, 7ul, 64ul, 4096ul, bytes.size()}) {
        SCOPED_TRACE(piece);
        EXPECT_EQ(parse(bytes, piece), expected);
    }
}

TEST(WebsocketParser, ReadsACloseFrameWithoutACode) {
    EXPECT_EQ(parse(frame(close, ""), 100), Items{"ended 1005 "});
}

TEST(WebsocketParser, RefusesWhatTheRulesForbid) {
    const auto failure = [](const std::string& bytes, std::size_t max = 1000) {
        return parse(bytes, 100, max).back();
    };
    EXPECT_EQ(failure(frame(text, "x", false)), "failed 1002") << "not masked";
    EXPECT_EQ(failure(frame(0xc1, "x")), "failed 1002") << "a reserved bit";
    EXPECT_EQ(failure(frame(0x83, "x")), "failed 1002") << "an unknown opcode";
    EXPECT_EQ(failure(frame(0x8b, "x")), "failed 1002") << "an unknown control opcode";
    EXPECT_EQ(failure(frame(0x09, "x")), "failed 1002") << "a fragmented ping";
    EXPECT_EQ(failure(frame(ping, std::string(126, 'x'))), "failed 1002") << "a long ping";
    EXPECT_EQ(failure(frame(ends, "x")), "failed 1002") << "a continuation of nothing";
    EXPECT_EQ(failure(frame(text_begins, "x") + frame(text, "y")), "failed 1002") << "a message in a message";
    EXPECT_EQ(failure(frame(close, "x")), "failed 1002") << "half a code";
    EXPECT_EQ(failure(frame(close, "\x03\xed")), "failed 1002") << "1005 is never sent";
    EXPECT_EQ(failure(frame(close, "\x03\xe8\xff")), "failed 1007") << "a reason that is no UTF-8";
    EXPECT_EQ(failure(frame(binary, "x")), "failed 1003");
    EXPECT_EQ(failure(frame(text, "\xc3")), "failed 1007");
    EXPECT_EQ(failure(std::string{"\x81\xfe\x00\x05", 4} + std::string(9, 'x')), "failed 1002")
        << "a length in too long a form";
    EXPECT_EQ(failure(frame(text, std::string(1001, 'x'))), "failed 1009");
    EXPECT_EQ(failure(frame(text_begins, std::string(900, 'x')) + frame(ends, std::string(101, 'x'))),
              "failed 1009");
}

TEST(WebsocketParser, RefusesALengthBeforeItsBytesCome) {
    std::string header{"\x81\xff", 2};
    header += std::string("\x7f\xff\xff\xff\xff\xff\xff\xff", 8) + "mask";
    EXPECT_EQ(parse(header, 100), Items{"failed 1009"});
}

TEST(WebsocketParser, TakesACharacterThatIsCutBetweenFragments) {
    const std::string sofa = "🛋";
    EXPECT_EQ(parse(frame(text_begins, sofa.substr(0, 2)) + frame(ends, sofa.substr(2)), 100),
              Items{"text " + sofa});
}

TEST(WebsocketFrames, AreAsTheStandardHasThem) {
    EXPECT_EQ(websocket_accept("dGhlIHNhbXBsZSBub25jZQ=="),
              "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");                     // RFC 6455, section 1.3
    EXPECT_EQ(pong_frame("Hello"), std::string("\x8a\x05Hello"));  // section 5.7
    EXPECT_EQ(close_frame(CloseCode::going_away, "bye"), std::string("\x88\x05\x03\xe9") + "bye");
    EXPECT_EQ(close_frame(CloseCode::none, "x"), std::string("\x88\x00", 2));
}

TEST(WebsocketFrames, CutALongReasonBetweenCharacters) {
    std::string reason;
    while (reason.size() < 200) reason += "ü";
    const auto made = close_frame(CloseCode::policy, reason);
    ASSERT_EQ(made.size(), 2u + 2u + 122u);  // 123 bytes would end in the middle of a character
    EXPECT_EQ(made.substr(4), reason.substr(0, 122));
}

}  // namespace
}  // namespace davenport::node
