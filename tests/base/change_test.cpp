#include "node/base/change.hpp"

#include "node/base/json_view.hpp"
#include "node/base/random.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace davenport::base {
namespace {

constexpr std::int64_t noon_ms = 1'800'000'000'000;
constexpr WallTime seen{};

MessageKey key(std::int64_t after_ms, std::string nonce = {}) {
    return {noon_ms + after_ms, 0, std::move(nonce)};
}
ChatMessage said(std::string_view text = "hello") {
    return make_message("lobby", "ann", key(0, "a"), text, "n1", "a secret of ann's own");
}
std::optional<ChatMessage> read(const std::string& document) {
    JsonReader reader;
    const auto view = reader.read(document);
    return view ? from_document(*view, seen) : std::nullopt;
}
/// The document as a store gives it, with some text in place of another.
std::string by_hand(const ChatMessage& message, std::string_view revision, std::string_view old_text = {},
                    std::string_view new_text = {}) {
    auto out = to_document(message);
    out.insert(1, "\"_rev\":\"" + std::string{revision} + "\",");
    if (const auto at = out.find(old_text); !old_text.empty() && at != std::string::npos)
        out.replace(at, old_text.size(), new_text);
    return out;
}

// ---- which state counts

/// All kinds of states of one message, some of them equal.
std::vector<ChatMessage> states() {
    const auto first = said();
    std::vector<ChatMessage> out{first, first, removed_by_store(first)};
    for (const auto at : {1, 2, 3})
        for (const auto* nonce : {"", "a", "b"}) {
            out.push_back(edited(first, key(at, nonce), "one"));
            out.push_back(edited(first, key(at, nonce), "two"));
            out.push_back(removed(first, key(at, nonce), "ann"));
            out.push_back(removed(first, key(at, nonce), "boss"));
        }
    for (const auto* text : {"by hand", "by hand again"})
        for (const auto* revision : {"2-a", "3-b"})
            out.push_back(*read(by_hand(first, revision, "hello", text)));
    return out;
}
const ChatMessage& merged(const ChatMessage& a, const ChatMessage& b) {
    return compare_states(a, b) >= 0 ? a : b;
}

TEST(States, AreOrderedWhollySoThatAnyOrderOfArrivalEndsAlike) {
    const auto all = states();
    for (const auto& a : all)
        for (const auto& b : all) {
            ASSERT_EQ(compare_states(a, b) > 0, compare_states(b, a) < 0);
            if (compare_states(a, b) == 0) {
                ASSERT_EQ(a, b);
            }
            ASSERT_EQ(merged(a, b), merged(b, a));
            for (const auto& c : all) ASSERT_EQ(merged(merged(a, b), c), merged(a, merged(b, c)));
        }
}

TEST(States, EndAlikeAtNodesThatLearnOfThemInAnyOrderAndTwice) {
    auto all = states();
    const auto learn = [](const std::vector<ChatMessage>& news) {
        auto known = said();
        for (const auto& one : news) known = merged(known, one);
        return known;
    };
    const auto end = learn(all);
    Random random{7};
    for (int turn = 0; turn < 500; ++turn) {
        for (auto i = all.size(); i > 1; --i) std::swap(all[i - 1], all[random.below(i)]);
        auto twice = all;
        twice.insert(twice.end(), all.begin(), all.begin() + 10);
        ASSERT_EQ(learn(twice), end);
    }
}

TEST(States, ARemovalCountsBeforeEveryEditAndTheFirstOfTwo) {
    const auto first = said();
    const auto edit = edited(first, key(5), "five");
    EXPECT_TRUE(compare_states(edit, first) > 0);
    EXPECT_TRUE(compare_states(edited(first, key(6), "six"), edit) > 0);
    EXPECT_TRUE(compare_states(removed(first, key(1), "ann"), edit) > 0);
    EXPECT_TRUE(compare_states(removed(first, key(1), "ann"), removed(first, key(2), "boss")) > 0);
    EXPECT_TRUE(compare_states(removed(first, key(2), "boss"), removed_by_store(first)) > 0);
    EXPECT_TRUE(compare_states(removed_by_store(first), edit) > 0);
}

TEST(States, ARemovedMessageHasNoTextLeft) {
    const auto gone = removed(edited(said("a password"), key(1), "another"), key(2), "boss");
    EXPECT_TRUE(gone.text().empty());
    EXPECT_EQ(to_document(gone).find("password"), std::string::npos);
    EXPECT_EQ(to_document(gone).find("another"), std::string::npos);
    EXPECT_EQ(gone.removed_by(), "boss");
    EXPECT_EQ(gone.user(), "ann");
    EXPECT_EQ(gone.position(), said("a password").position());
}

TEST(States, HaveVersionsThatClientsCompareAsBytes) {
    for (const auto& a : states())
        for (const auto& b : states()) {
            if (version_of(a) > version_of(b)) {
                EXPECT_TRUE(compare_states(a, b) > 0);
            }
            if (a.text() != b.text() && a.edited() != b.edited()) {
                EXPECT_EQ(version_of(a) > version_of(b), compare_states(a, b) > 0);
            }
        }
    EXPECT_EQ(version_of(said()), "");
    // Two edits by hand of one revision, in two stores.
    const auto one = *read(by_hand(said(), "2-a", "hello", "one"));
    const auto two = *read(by_hand(said(), "2-b", "hello", "two"));
    EXPECT_EQ(one.edited(), two.edited());
    EXPECT_EQ(version_of(one) > version_of(two), compare_states(one, two) > 0);
    EXPECT_NE(version_of(one), version_of(two));
}

// ---- documents

TEST(ChangedDocument, ComesBackAsItWasWritten) {
    const auto first = said();
    for (const auto& state : {first, edited(first, key(3, "x"), "grüße \"🛋\"\n"),
                              removed(first, key(3, "x"), "boss"), removed_by_store(first)}) {
        EXPECT_EQ(read(to_document(state)), state);
        EXPECT_EQ(read(by_hand(state, "1-a")), state);
        EXPECT_EQ(read(by_hand(state, state.changed() ? "7-a" : "1-a")), state);
    }
}

TEST(ChangedDocument, IsTheSameAsEverWhileNothingWasChanged) {
    const auto plain = make_message("lobby", "ann", key(0), "hello", "n1");
    EXPECT_EQ(to_document(plain).find("edited"), std::string::npos);
    EXPECT_EQ(to_document(plain).find("proof"), std::string::npos);
    EXPECT_EQ(to_document(plain).find("removed"), std::string::npos);
}

TEST(ChangedDocument, KeepsWhatElseSomebodyWroteIntoItUntilItIsRemoved) {
    const auto first = said();
    auto text = by_hand(first, "4-abc");
    text.insert(1, R"("mood":{"n":1.50},"copy":"hello",)");
    JsonReader reader;
    const auto over = *reader.read(text);
    const auto edit = to_document(edited(first, key(1), "better"), over);
    EXPECT_NE(edit.find(R"("_rev":"4-abc")"), std::string::npos);
    EXPECT_NE(edit.find(R"("mood":{"n":1.5)"), std::string::npos);
    EXPECT_EQ(read(edit), edited(first, key(1), "better"));
    const auto gone = to_document(removed(first, key(1), "ann"), over);
    EXPECT_NE(gone.find(R"("_rev":"4-abc")"), std::string::npos);
    EXPECT_EQ(gone.find("hello"), std::string::npos);
}

// ---- by hand

TEST(ByHand, ALaterRevisionIsAnEditThatEveryNodeReadsAlike) {
    const auto first = said();
    const auto two = *read(by_hand(first, "2-x", "hello", "mended"));
    const auto three = *read(by_hand(first, "3-y", "hello", "mended again"));
    EXPECT_EQ(two.text(), "mended");
    EXPECT_TRUE(two.changed());
    EXPECT_TRUE(compare_states(two, first) > 0);
    EXPECT_TRUE(compare_states(three, two) > 0);
    EXPECT_TRUE(compare_states(three, edited(first, key(1), "a person's")) < 0);
}

TEST(ByHand, OverAnEditItCountsMoreThanThatAndLessThanTheNext) {
    const auto edit = edited(said(), key(1'000, "a"), "edited");
    const auto hand = *read(by_hand(edit, "3-x", "\"edited\",\"date", "\"mended\",\"date"));
    ASSERT_EQ(hand.text(), "mended");
    EXPECT_TRUE(compare_states(hand, edit) > 0);
    EXPECT_TRUE(compare_states(hand, edited(said(), key(1'001), "next")) < 0);
    EXPECT_EQ(read(to_document(hand)), hand);  // written into another store
}

TEST(ByHand, AnEmptyTextIsARemoval) {
    const auto gone = *read(by_hand(said(), "2-x", "hello", ""));
    EXPECT_EQ(gone, removed_by_store(said()));
    EXPECT_FALSE(read(by_hand(said(), "1-x", "hello", ""))->is_removed());  // it was said so
}

TEST(ByHand, NonsenseInOurMembersIsNoMoreThanAChange) {
    const auto first = said();
    const auto with = [&](std::string_view members, std::string_view revision = "2-x") {
        auto out = by_hand(first, revision);
        out.insert(1, std::string{members} + ',');
        return *read(out);
    };
    EXPECT_EQ(with(R"("removed":true)"), removed_by_store(first));
    EXPECT_EQ(with(R"("removed":17,"removed_by":[1])"), removed_by_store(first));
    EXPECT_EQ(with(R"("removed":"yesterday","removed_by":"boss")").removed_by(), "boss");
    EXPECT_FALSE(with(R"("removed":false)").is_removed());
    EXPECT_FALSE(with(R"("removed":null)").is_removed());
    EXPECT_EQ(with(R"("edited":"nonsense","seal":7)").text(), "hello");
    EXPECT_EQ(with(R"("edited":"nonsense")", "1-x"), first);
    EXPECT_EQ(with(R"("removed":"7ZZZZZZZZZZZZ","removed_by":"a\nb")").removed_by(), "");
}

TEST(ByHand, ATextPutBackIntoARemovedMessageStaysRemoved) {
    const auto gone = removed(said(), key(1), "boss");
    EXPECT_EQ(read(by_hand(gone, "3-x", "\"msg\":\"\"", "\"msg\":\"hello\"")), gone);
}

// ---- proofs

TEST(Proof, IsOfOneMessageAndOneSecret) {
    const auto message = said();
    EXPECT_EQ(message.proof(), make_proof(message.id(), "a secret of ann's own"));
    EXPECT_NE(message.proof(), make_proof(message.id(), "a secret of bob's own"));
    EXPECT_NE(message.proof(), said("hello again").proof());
    EXPECT_EQ(message.id(), make_message("lobby", "ann", key(0, "a"), "hello", "n1").id());
    EXPECT_GE(message.proof().size(), 50u);
}

}  // namespace
}  // namespace davenport::base
