#pragma once

#include "couchmock/embed/mock_store.hpp"

#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace davenport::couchmock::test {

using namespace std::chrono_literals;
namespace json = boost::json;
using embed::Seen;

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
