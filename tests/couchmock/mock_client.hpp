#pragma once

#include "couchmock/embed/mock_store.hpp"

#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace davenport::couchmock::test {

using namespace std::chrono_literals;
namespace json = boost::json;
using embed::Seen;

/// ThreadSanitizer holds signals back from code that makes no calls it knows, so no loop can be stopped
/// there.
#if defined(__SANITIZE_THREAD__)
inline constexpr bool loops_can_be_stopped = false;
#else
inline constexpr bool loops_can_be_stopped = true;
#endif

/// A MockStore that fails the test when a rule is not taken, or when the mock breaks its protocol.
class MockClient : public embed::MockStore {
public:
    using MockStore::MockStore;
    ~MockClient() override { EXPECT_EQ(complaint(), ""); }

    /// Sets a rule.
    json::value fault(std::string rule) {
        const auto answer = set_fault(std::move(rule));
        EXPECT_EQ(answer.status, 201) << answer.body;
        return answer.value();
    }
};

}  // namespace davenport::couchmock::test
