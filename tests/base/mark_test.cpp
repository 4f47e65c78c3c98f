#include "node/base/mark.hpp"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

namespace davenport::base {
namespace {

class Notes final : public MarkListener {
public:
    Notes() : before_{Mark::listen(this)} {}
    ~Notes() override { Mark::listen(before_); }
    void met(std::size_t number) override { seen.push_back(Mark::names().at(number)); }
    std::vector<std::string> seen;

private:
    MarkListener* before_;
};

void pass(bool left) {
    if (left)
        DAVENPORT_MARK("mark_test goes left");
    else
        DAVENPORT_MARK("mark_test goes right");
}
void pass_elsewhere() { DAVENPORT_MARK("mark_test goes left"); }
[[maybe_unused]] void never_passed() { DAVENPORT_MARK("mark_test is never here"); }

TEST(Mark, IsToldInOrder) {
    Notes notes;
    pass(false);
    pass(true);
    pass(false);
    EXPECT_EQ(notes.seen, (std::vector<std::string>{"mark_test goes right", "mark_test goes left",
                                                    "mark_test goes right"}));
}

TEST(Mark, IsKnownBeforeAnybodyPasses) {
    EXPECT_EQ(std::ranges::count(Mark::names(), "mark_test is never here"), 1);
}

TEST(Mark, OfOneNameIsOneMark) {
    Notes notes;
    pass(true);
    pass_elsewhere();
    EXPECT_EQ(notes.seen, (std::vector<std::string>(2, "mark_test goes left")));
    EXPECT_EQ(std::ranges::count(Mark::names(), "mark_test goes left"), 1);
}

TEST(Mark, IsToldToOneListenerOrNobody) {
    pass(true);
    Notes outer;
    {
        Notes inner;
        pass(true);
        EXPECT_EQ(inner.seen.size(), 1U);
    }
    pass(false);
    EXPECT_EQ(outer.seen, (std::vector<std::string>{"mark_test goes right"}));
}

}  // namespace
}  // namespace davenport::base
