#include "couchmock/embed/mock_server.hpp"
#include "couchmock/net/control_access.hpp"
#include "tests/net_test.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

/// Who gets to the control API over the network, and who does not.
namespace davenport::couchmock {
namespace {

using testing::HasSubstr;

int status(const ControlAccess& access, base::Headers headers, std::string body = {}) {
    const auto refused =
        refuse_control(access, {"POST", "/_mock/faults", std::move(headers), std::move(body)});
    return refused ? refused->status : 200;
}

TEST(ControlAccess, AHostIsAnAddressOrANameOfThisMachine) {
    for (const auto* host : {"localhost", "LOCALHOST:5985", "a.localhost:1", "127.0.0.1", "127.0.0.1:5985",
                             "[::1]:5985", "[::1]", "10.1.2.3:80", "mock:5985"})
        EXPECT_EQ(status({.user = {}, .password = {}, .hosts = {"mock"}}, {{"Host", host}}), 200) << host;
    for (const auto* host :
         {"evil.example", "evil.example:5985", "localhost.evil.example", "mock.evil", "127.0.0.1.evil"})
        EXPECT_EQ(status({.user = {}, .password = {}, .hosts = {"mock"}}, {{"Host", host}}), 403) << host;
    EXPECT_EQ(status({}, {}), 200) << "no browser leaves it out";
}

TEST(ControlAccess, AnOriginIsOurOwn) {
    EXPECT_EQ(status({}, {{"Host", "localhost:5985"}, {"Origin", "http://localhost:5985"}}), 200);
    for (const auto* origin :
         {"http://evil.example", "null", "http://localhost:8080", "http://localhost:5985.evil"})
        EXPECT_EQ(status({}, {{"Host", "localhost:5985"}, {"Origin", origin}}), 403) << origin;
}

TEST(ControlAccess, ABodyIsDeclaredAsJson) {
    EXPECT_EQ(status({}, {{"Content-Type", "application/json"}}, "{}"), 200);
    EXPECT_EQ(status({}, {{"Content-Type", "Application/JSON; charset=utf-8"}}, "{}"), 200);
    EXPECT_EQ(status({}, {{"Content-Type", "text/plain"}}, "{}"), 415);
    EXPECT_EQ(status({}, {}, "{}"), 415);
    EXPECT_EQ(status({}, {}, ""), 200);
}

TEST(ControlAccess, TheAdminIsAskedFor) {
    const ControlAccess access{.user = "admin", .password = "secret", .hosts = {}};
    EXPECT_EQ(status(access, {{"Authorization", base::basic_authorization("admin", "secret")}}), 200);
    EXPECT_EQ(status(access, {{"Authorization", base::basic_authorization("admin", "Secret")}}), 401);
    EXPECT_EQ(status(access, {}), 401);
}

TEST(ControlAccess, WithAPortOfItsOwnItIsThereAlone) {
    embed::MockServer server{{.admin = "admin:secret", .seed = {}, .data = {}}};
    const auto ask = [](std::uint16_t port, const std::string& more = {}) {
        net_test::Client client{port};
        client.send("GET /_mock/faults HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + more + "\r\n");
        return client.until_closed();
    };
    const auto admin = "Authorization: " + base::basic_authorization("admin", "secret") + "\r\n";
    EXPECT_THAT(ask(server.port(), admin), HasSubstr("on the port that --control opened"));
    EXPECT_THAT(ask(server.port(), admin), HasSubstr("HTTP/1.1 403"));
    EXPECT_THAT(ask(server.control_port(), admin), HasSubstr("\"faults\":["));
    EXPECT_THAT(ask(server.control_port()), HasSubstr("HTTP/1.1 401"));
}

TEST(ControlAccess, IsGuardedHoweverItsPathIsWritten) {
    embed::MockServer server{{.admin = "admin:secret", .seed = {}, .data = {}}};
    for (const std::string path :
         {"//_mock/state", "/%5Fmock/state", "/%5fmoc%6B/state", "///_mock?x", "/_mock#x",
          "http://localhost/%5Fmock/state", "http://localhost//_mock/state"})
        for (const auto port : {server.port(), server.control_port()}) {
            net_test::Client client{port};
            client.send("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
            EXPECT_THAT(client.until_closed(), testing::ContainsRegex("^HTTP/1.1 (40[0134]) ")) << path;
        }
    for (const auto* path : {"//_mock/state", "/%5Fmock/faults"}) {
        net_test::Client client{server.port()};
        client.send(std::string{"GET "} + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        EXPECT_THAT(client.until_closed(), HasSubstr("on the port that --control opened")) << path;
    }
}

}  // namespace
}  // namespace davenport::couchmock
