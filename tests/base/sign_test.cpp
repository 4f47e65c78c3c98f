#include "node/base/sign.hpp"

#include <string>

#include <gtest/gtest.h>

namespace davenport {

namespace {

using base::Credential;

const auto noon = base::wall_from_unix_ms(1'800'000'000'000);
const auto evening = noon + std::chrono::hours{6};

Credential of(std::string name) { return {std::move(name), "session", "mark", noon, evening, "k1"}; }

TEST(Sign, GivesTheCredentialBackToWhoHasTheSecret) {
    for (const auto* name : {"ann", "", "Zoë; Path=/", "a.b.c"}) {
        const auto text = base::sign(of(name), "k1", "secret");
        EXPECT_EQ(text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."),
                  std::string::npos);
        EXPECT_EQ(base::key_of(text), "k1");
        EXPECT_EQ(base::verify(text, "secret"), of(name));
        EXPECT_FALSE(base::verify(text, "another secret"));
        EXPECT_FALSE(base::verify(text, "")) << "no secret vouches for nobody";
    }
}

TEST(Sign, IsWorthNothingWhenALetterIsAnother) {
    const auto text = base::sign(of("ann"), "k1", "secret");
    for (std::size_t i = 0; i < text.size(); ++i) {
        auto other = text;
        other[i] = other[i] == 'A' ? 'B' : 'A';
        EXPECT_FALSE(base::verify(other, "secret")) << i;
        EXPECT_FALSE(base::verify(text.substr(0, i), "secret")) << i;
    }
}

}  // namespace

}  // namespace davenport
