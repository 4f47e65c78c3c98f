#include "node/net/trusted_proxies.hpp"
#include "node/net/wire/proxy_header.hpp"

#include <stdexcept>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace davenport::node {

/// Whom a request comes from, behind proxies: by headers, and by the PROXY protocol.
namespace {

const TrustedProxies proxies{{"10.0.0.0/8", "192.168.1.7", "fd00::/8"}};

TEST(TrustedProxies, AreNetworksAndAddresses) {
    for (const auto* one :
         {"10.1.2.3", "10.0.0.0", "10.255.255.255", "192.168.1.7", "fd00::1", "::ffff:10.1.2.3"})
        EXPECT_TRUE(proxies.trusts(one)) << one;
    for (const auto* one : {"11.0.0.1", "192.168.1.8", "fe80::1", "::1", "127.0.0.1", "", "x", "10.1.2.3.4"})
        EXPECT_FALSE(proxies.trusts(one)) << one;
    EXPECT_FALSE(TrustedProxies{}.trusts("127.0.0.1"));
    for (const auto* bad : {"", "10.0.0.0/33", "ten", "fd00::/200", "10.0.0.0/", "http://10.0.0.1"})
        EXPECT_THROW(TrustedProxies{{bad}}, std::invalid_argument) << bad;
}

TEST(CountedAddress, IsTheNetworkOfAHousehold) {
    EXPECT_EQ(counted_address("2001:db8:1:2:3:4:5:6"), counted_address("2001:db8:1:2:ffff::1"));
    EXPECT_NE(counted_address("2001:db8:1:2::1"), counted_address("2001:db8:1:3::1"));
    EXPECT_EQ(counted_address("fe80::1%lo"), counted_address("fe80::2"));
    for (const auto* one : {"10.1.2.3", "::1", "127.0.0.1", "", "unknown"})
        EXPECT_EQ(counted_address(one), one);
    EXPECT_EQ(counted_address("::ffff:10.1.2.3"), "10.1.2.3");
    EXPECT_EQ(counted_address("::ffff:127.0.0.1"), "127.0.0.1") << "a proxy on this machine";
}

TEST(TrustedProxies, TellWhoIsBehindThem) {
    const auto address = [](std::string list, std::string peer = "10.0.0.1") {
        return proxies.client_of({{"X-Forwarded-For", std::move(list)}}, peer).address;
    };
    EXPECT_EQ(address("203.0.113.9"), "203.0.113.9");
    EXPECT_EQ(address("203.0.113.9, 10.9.9.9"), "203.0.113.9") << "two of ours in a row";
    EXPECT_EQ(address("1.1.1.1, 203.0.113.9"), "203.0.113.9")
        << "what the client itself said is not believed";
    EXPECT_EQ(address("10.1.1.1"), "10.1.1.1") << "somebody within";
    EXPECT_EQ(address("203.0.113.9:1234"), "203.0.113.9");
    EXPECT_EQ(address("[2001:db8::1]:99"), "2001:db8::1");
    EXPECT_EQ(address("2001:db8::1"), "2001:db8::1");
    EXPECT_EQ(address("garbage"), "10.0.0.1");
    EXPECT_EQ(address("203.0.113.9, garbage"), "10.0.0.1");
    EXPECT_EQ(address(""), "10.0.0.1");
    EXPECT_EQ(address("203.0.113.9", "198.51.100.1"), "198.51.100.1") << "no proxy of ours";
}

TEST(TrustedProxies, KnowForwardedToo) {
    const auto client = [](std::string element) {
        return proxies.client_of({{"Forwarded", element}}, "10.0.0.1");
    };
    EXPECT_EQ(client("for=203.0.113.9;proto=https").address, "203.0.113.9");
    EXPECT_TRUE(client("for=203.0.113.9;proto=https").https);
    EXPECT_EQ(client("For=\"[2001:db8:cafe::17]:4711\"").address, "2001:db8:cafe::17");
    EXPECT_EQ(client("for=1.1.1.1, for=203.0.113.9;by=10.0.0.1").address, "203.0.113.9");
    EXPECT_EQ(client("for=unknown").address, "10.0.0.1");
    const auto forged =
        proxies.client_of({{"Forwarded", "for=1.2.3.4"}, {"X-Forwarded-For", "203.0.113.9"}}, "10.0.0.1");
    EXPECT_EQ(forged.address, "10.0.0.1") << "one of them is the client's own";
}

TEST(TrustedProxies, TellWhetherItWasHttps) {
    EXPECT_TRUE(proxies.client_of({{"X-Forwarded-Proto", "https"}}, "10.0.0.1").https);
    EXPECT_FALSE(proxies.client_of({{"X-Forwarded-Proto", "http"}}, "10.0.0.1").https);
    EXPECT_FALSE(proxies.client_of({{"X-Forwarded-Proto", "https"}}, "198.51.100.1").https);
}

using wire::ProxyHeader;
using State = ProxyHeader::State;

std::string v2(char command, char family, const std::string& addresses) {
    const std::string lead{"\r\n\r\n\0\r\nQUIT\n", 12};
    return lead + command + family + '\0' + static_cast<char>(addresses.size()) + addresses;
}

TEST(ProxyHeader, IsReadHoweverItIsCut) {
    const std::string four{"\xcb\x00\x71\x09\x0a\x00\x00\x01\x30\x39\x00\x50", 12};
    const std::string six =
        std::string{"\x20\x01\x0d\xb8", 4} + std::string(11, '\0') + "\x01" + std::string(20, 'x');
    struct Case {
        std::string header, address;
    };
    for (const auto& [header, address] :
         {Case{"PROXY TCP4 203.0.113.9 10.0.0.1 12345 80\r\n", "203.0.113.9"},
          Case{"PROXY TCP6 2001:db8::1 fd00::1 12345 80\r\n", "2001:db8::1"}, Case{"PROXY UNKNOWN\r\n", ""},
          Case{v2('\x21', '\x11', four), "203.0.113.9"},
          Case{v2('\x21', '\x11', four + "more"), "203.0.113.9"},
          Case{v2('\x21', '\x21', six), "2001:db8::1"}, Case{v2('\x20', '\0', ""), ""},
          Case{v2('\x21', '\0', ""), ""}}) {
        for (std::size_t cut = 0; cut <= header.size(); ++cut) {
            ProxyHeader parser;
            const auto first = parser.feed(std::string_view{header}.substr(0, cut));
            EXPECT_EQ(first, cut < header.size() ? State::open : State::read) << header << cut;
            ASSERT_EQ(cut == header.size() ? first : parser.feed(header.substr(cut) + "GET /"), State::read)
                << cut;
            EXPECT_EQ(parser.address(), address);
            EXPECT_EQ(parser.rest(), cut == header.size() ? "" : "GET /");
        }
    }
}

TEST(ProxyHeader, IsNotTakenFromWhatIsNone) {
    for (const auto* bytes : {"GET / HTTP/1.1\r\n", "\x16\x03\x01", "PROXX", "\r\n\r\nX", "POST /x"}) {
        ProxyHeader parser;
        EXPECT_EQ(parser.feed(bytes), State::none);
        EXPECT_EQ(parser.rest(), bytes);
    }
    for (const auto& bytes :
         {std::string{"PROXY TCP4 ten 1.1.1.1 1 2\r\n"}, std::string{"PROXY UDP4 1.1.1.1\r\n"},
          "PROXY " + std::string(200, 'x'), v2('\x11', '\x11', std::string(12, 'x')),
          v2('\x21', '\x11', "short"), v2('\x22', '\x11', std::string(12, 'x'))}) {
        ProxyHeader parser;
        EXPECT_EQ(parser.feed(bytes), State::bad) << bytes;
    }
}

}  // namespace

}  // namespace davenport::node
