#pragma once

#include "node/base/change.hpp"
#include "tests/node/core_driver.hpp"

/// A node with two people in a room, whose messages are edited and removed.
namespace davenport::node {

using namespace std::chrono_literals;
using testing::IsEmpty;

inline constexpr std::string_view secret = "nobody guesses this one";

struct Changes : CoreDriver, testing::Test {
    explicit Changes(ChatConfig config = {}) : CoreDriver{std::move(config)} {}

    void SetUp() override {
        config_.presence = false;
        start();
        open(1, "ann");
        open(2, "bob");
        join(1, "lobby");
        join(2, "lobby");
        take(1);
        take(2);
    }

    /// Posts as ann with her secret; gives the id.
    std::string say_own(std::string_view text, std::string_view key) {
        std::string frame = R"({"t":"post","room":"lobby","host":"n1","key":")" + std::string{key} +
                            R"(","secret":")" + std::string{secret} + R"(","text":)";
        base::append_json_string(frame, text);
        say(1, frame + "}");
        return base::make_message_id("lobby", "ann", *base::MessageKey::parse(key), text);
    }
    std::string said(std::string_view text) { return say_own(text, next_key()); }
    /// The same, accepted, and in the store if it is up.
    std::string said_and_kept(std::string_view text) {
        auto id = said(text);
        persist_all();
        if (asked("PUT /chat/lobby")) stored_original();
        settle();
        return id;
    }
    void stored_original() { answer("PUT /chat/lobby", 201, R"({"ok":true,"id":"x","rev":"1-a"})"); }
    void settle() {
        persist_all();
        advance(600ms);
        persist_all();
        take(1);
        take(2);
    }

    void edit_with(SessionId session, std::string_view id, std::string_view text, std::string_view key,
                   std::string_view with = secret) {
        say(session, fmt::format(R"({{"t":"edit","id":"{}","key":"{}","text":"{}","secret":"{}"}})", id, key,
                                 text, with));
    }
    std::string edit(std::string_view id, std::string_view text, SessionId session = 1,
                     std::string_view with = secret) {
        auto key = next_key();
        edit_with(session, id, text, key, with);
        return key;
    }
    std::string remove(std::string_view id, SessionId session = 1, std::string_view with = secret) {
        auto key = next_key();
        say(session, fmt::format(R"({{"t":"remove","id":"{}","key":"{}","secret":"{}"}})", id, key, with));
        return key;
    }
    base::ChatMessage here(std::string_view id) { return journal.find(id)->message; }
    base::ChatMessage original(std::string_view id, std::string_view text) {
        const auto parts = *base::parse_message_id(id);
        return base::ChatMessage{{.id = id,
                                  .room = "lobby",
                                  .position = parts.letters,
                                  .user = "ann",
                                  .text = text,
                                  .datetime = base::iso8601(base::wall_from_unix_ms(parts.unix_ms)),
                                  .host = "n1",
                                  .proof = base::make_proof(id, secret)}};
    }

    // ---- the store
    static std::string with_rev(const base::ChatMessage& m, std::string_view rev) {
        auto out = base::to_document(m);
        return out.insert(1, "\"_rev\":\"" + std::string{rev} + "\",");
    }
    /// Reads what it is about to write over, unless it wrote that itself: the store has this.
    void reads(std::string_view id, const std::string& document) {
        if (asked("POST /chat/_bulk_docs")) return;
        answer("_all_docs?include_docs", 200,
               fmt::format(R"({{"rows":[{{"id":"{0}","key":"{0}","value":{{"rev":"1-a"}},"doc":{1}}}]}})", id,
                           document));
    }
    void reads_nothing(std::string_view id, std::string_view purged = {}) {
        const auto body = fmt::format(R"({{"rows":[{{"key":"{}","error":"not_found"}}]}})", id);
        answer("_all_docs?include_docs", 200, body);
        if (!asked("_purged_infos")) return;
        const auto info = purged.empty() ? "" : fmt::format(R"({{"id":"{}","revs":["1-a"]}})", purged);
        answer("_purged_infos", 200, fmt::format(R"({{"purged_infos":[{}]}})", info));
        answer("_all_docs?include_docs", 200, body);
    }
    /// What it writes; it is stored.
    std::string writes(std::string_view id) {
        return answer("_bulk_docs", 201, fmt::format(R"([{{"ok":true,"id":"{}","rev":"2-b"}}])", id)).body;
    }
    static std::string row(std::string_view seq, std::string_view id, const std::string& document) {
        return fmt::format(R"({{"seq":"{}","id":"{}","changes":[{{"rev":"2-x"}}],"doc":{}}})", seq, id,
                           document) +
               "\n";
    }
    void feeds(std::string_view id, const std::string& document) {
        stream("feed=continuous", row(fmt::format("{}-s", ++seq_), id, document));
    }
    void feeds_deleted(std::string_view id) {
        stream("feed=continuous",
               fmt::format(R"({{"seq":"{}-s","id":"{}","changes":[{{"rev":"2-x"}}],"deleted":true}})", ++seq_,
                           id) +
                   "\n");
    }
    int seq_ = 10;
};

}  // namespace davenport::node
