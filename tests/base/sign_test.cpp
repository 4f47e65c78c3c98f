#include "node/base/sign.hpp"

#include <string>

#include <gtest/gtest.h>

namespace davenport {

namespace {

const auto noon = base::wall_from_unix_ms(1'800'000'000'000);
const auto evening = noon + std::chrono::hours{6};

TEST(SignName, GivesTheNameBackToWhoHasTheSecret) {
    for (const auto* name : {"ann", "", "Zoë; Path=/", "a.b.c"}) {
        const auto text = base::sign_name(name, evening, "secret");
        EXPECT_EQ(text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."),
                  std::string::npos);
        EXPECT_EQ(base::verify_name(text, noon, "secret"), name);
        EXPECT_FALSE(base::verify_name(text, noon, "another secret"));
        EXPECT_FALSE(base::verify_name(text, noon, "")) << "no secret vouches for nobody";
        EXPECT_FALSE(base::verify_name(text, evening, "secret")) << "it has expired";
    }
}

TEST(SignName, IsWorthNothingWhenALetterIsAnother) {
    const auto text = base::sign_name("ann", evening, "secret");
    for (std::size_t i = 0; i < text.size(); ++i) {
        auto other = text;
        other[i] = other[i] == 'A' ? 'B' : 'A';
        EXPECT_FALSE(base::verify_name(other, noon, "secret")) << i;
        EXPECT_FALSE(base::verify_name(text.substr(0, i), noon, "secret")) << i;
    }
}

TEST(DeriveSecret, DependsOnPasswordAndSalt) {
    const auto secret = base::derive_secret("pw", "salt");
    EXPECT_EQ(secret.size(), 32u);
    EXPECT_EQ(secret, base::derive_secret("pw", "salt"));
    EXPECT_NE(secret, base::derive_secret("pw2", "salt"));
    EXPECT_NE(secret, base::derive_secret("pw", "salt2"));
}

}  // namespace

}  // namespace davenport
