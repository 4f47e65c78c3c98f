#pragma once

#include "node/base/change.hpp"
#include "node/base/names.hpp"
#include "node/base/policy.hpp"
#include "tests/node/core_driver.hpp"

/// A node with accounts: two moderators, ann and mallory, all of them in a room, and the store.
namespace davenport::node {

using namespace std::chrono_literals;
using testing::IsEmpty;

struct Moderation : CoreDriver, testing::Test {
    static constexpr SessionId boss = 1, chief = 2, ann = 3, mallory = 4;
    const std::string lobby_ban = "davenport-ban~lobby~mallory";

    Moderation()
        : CoreDriver{[] {
              ChatConfig config;
              config.members_only = true;
              config.presence = false;
              config.auth_secrets = {"a secret of this chat"};
              config.moderators = {"boss", "chief"};
              return config;
          }()} {}

    void SetUp() override {
        start();
        store_up();
        stream("feed=continuous", "\n");
        answer("_all_docs?include_docs", 200, R"({"rows":[]})");  // notes: none
        sign_in(boss, "boss");
        sign_in(chief, "chief");
        sign_in(ann, "ann");
        sign_in(mallory, "mallory");
        for (const auto session : {boss, chief, ann, mallory}) take(session);
    }

    void sign_in(SessionId session, const std::string& name, std::string_view roles = {}) {
        handle(Requested{7,
                         {"POST",
                          "/api/session",
                          {{"Content-Type", "application/json"}},
                          fmt::format(R"({{"name":"{}","password":"pw"}})", name)},
                         "127.0.0.1"});
        answer("POST /_session", 200, fmt::format(R"({{"ok":true,"name":"{}","roles":[]}})", name));
        answer("GET /chat/_security", 200, "{}");
        account(name, roles);
        const std::string given{base::header(responses.at(7).headers, "Set-Cookie")};
        cookies[name] = given.substr(0, given.find(';'));
        handle(Opened{session, "127.0.0.1", cookies[name]});
        join(session, "lobby");
    }
    /// The store's answer about one account.
    void account(std::string_view name, std::string_view roles = {}) {
        answer("POST /_users/_all_docs", 200,
               fmt::format(R"({{"rows":[{{"id":"org.couchdb.user:{0}","doc":{{"name":"{0}","roles":[{1}],)"
                           R"("salt":"s","derived_key":"k"}}}}]}})",
                           name, roles));
    }

    void ban_with(SessionId by, std::string_view name, std::string_view room, std::string_view key) {
        say(by,
            fmt::format(R"({{"t":"ban","name":"{}"{},"key":"{}","reason":"spam"}})", name, in(room), key));
    }
    void ban(std::string_view name) { ban_with(boss, name, "lobby", next_key()); }
    void unban(std::string_view name, std::string_view room = "lobby") {
        say(boss, fmt::format(R"({{"t":"unban","name":"{}"{},"key":"{}"}})", name, in(room), next_key()));
    }
    static std::string in(std::string_view room) {
        return room.empty() ? std::string{} : fmt::format(R"(,"room":"{}")", room);
    }
    /// As exchange 9. Gives the answer, or one with status 0 when there is none yet.
    base::HttpResponse ask(std::string method, std::string target, const std::string& name,
                           std::string body = {}) {
        responses.erase(9);
        handle(Requested{9,
                         {std::move(method),
                          std::move(target),
                          {{"Content-Type", "application/json"}, {"Cookie", cookies[name]}},
                          std::move(body)},
                         "127.0.0.1"});
        const auto found = responses.find(9);
        return found == responses.end() ? base::HttpResponse{0, {}, {}} : found->second;
    }

    // ---- the store

    /// As another node writes it. `at_ms`: of its key, after the beginning.
    static std::string ban_document(std::string_view name, std::int64_t at_ms = 0, bool lifted = false,
                                    std::string_view room = "lobby") {
        base::Ban one{std::string{name}, std::string{room}, "chief", "spam"};
        one.lifted = lifted;
        return base::policy_body(one, base::MessageKey{epoch_ms + at_ms, 9, "other"}.text());
    }
    static std::string whole(std::string_view id, std::string_view rev, std::string_view body) {
        const auto members = body.substr(1);
        return fmt::format(R"({{"_id":"{}","_rev":"{}"{}{})", id, rev, members == "}" ? "" : ",", members);
    }
    std::string feed_row_of(std::string_view id, std::string_view rev, std::string_view body) {
        return fmt::format(R"({{"seq":"{}-s","id":"{}","changes":[{{"rev":"{}"}}],"doc":{}}})", ++seq_, id,
                           rev, whole(id, rev, body)) +
               "\n";
    }
    void feeds(std::string_view id, std::string_view rev, std::string_view body) {
        stream("feed=continuous", feed_row_of(id, rev, body));
    }
    void feeds_deleted(std::string_view id, std::string_view rev) {
        stream("feed=continuous",
               fmt::format(R"({{"seq":"{}-s","id":"{}","changes":[{{"rev":"{}"}}],"deleted":true}})", ++seq_,
                           id, rev) +
                   "\n");
    }
    static std::string row_of(std::string_view id, std::string_view rev, std::string_view body) {
        return fmt::format(R"({{"id":"{0}","key":"{0}","value":{{"rev":"{1}"}},"doc":{2}}})", id, rev,
                           whole(id, rev, body));
    }
    /// Asked for documents by their ids, it answers with this row.
    void store_tells(const std::string& row) {
        answer("POST /chat/_all_docs?include_docs", 200, fmt::format(R"({{"rows":[{}]}})", row));
    }
    /// The same, and it has none of them.
    void store_has_nothing() {
        const auto* asked_for_them = fetch("POST /chat/_all_docs?include_docs");
        ASSERT_TRUE(asked_for_them) << asked_for();
        std::string rows;
        const auto body = base::parse_json(asked_for_them->request.body);
        for (const auto& key : base::member(*body, "keys")->get_array())
            rows += fmt::format(R"({}{{"key":{},"error":"not_found"}})", rows.empty() ? "" : ",",
                                base::write_json(key));
        store_tells(rows);
    }
    /// What it is given for this id; it is stored.
    std::string written(std::string_view id) {
        return answer("_bulk_docs", 201, fmt::format(R"([{{"ok":true,"id":"{}","rev":"1-w"}}])", id)).body;
    }
    void store_goes() {
        fail_all();
        for (const auto session : {boss, chief, ann, mallory}) take(session);
        advance(5s);
    }
    void settle() {
        persist_all();
        advance(600ms);
        persist_all();
    }

    std::map<std::string, std::string> cookies;
    int seq_ = 10;
};

}  // namespace davenport::node
