#include "node/base/json.hpp"
#include "sim/virtual/model_jetstream.hpp"

#include <algorithm>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace davenport::sim::virtual_world {
namespace {

using base::json::array;
using base::json::object;
using base::json::value;

base::json::string text(std::string_view bytes) { return base::json::string{bytes}; }

/// What of an answer does not differ from time to time, as record.py has it.
value normal(const base::NatsMessage& answer) {
    if (answer.status != 0) return object{{"status", answer.status}};
    if (answer.reply.starts_with("$JS.ACK.")) {
        std::vector<std::string> tokens(1);
        for (const char c : answer.reply) c == '.' ? tokens.emplace_back() : tokens.back() += c;
        return object{{"subject", text(answer.subject)},
                      {"sequence", std::stoll(tokens.at(5))},
                      {"number", std::stoll(tokens.at(6))},
                      {"pending", std::stoll(tokens.at(8))},
                      {"payload", text(answer.payload)}};
    }
    if (const auto sequence = base::header(answer.headers, "Nats-Sequence"); !sequence.empty())
        return object{{"subject", text(base::header(answer.headers, "Nats-Subject"))},
                      {"seq", std::stoll(std::string{sequence})},
                      {"payload", text(answer.payload)}};
    const auto body = base::parse_json(answer.payload);
    if (!body) return text("no JSON: " + answer.payload);
    object out;
    if (const auto* error = base::member(*body, "error"))
        return object{{"code", error->at("code")}, {"err_code", error->at("err_code")}};
    for (const auto* key : {"seq", "success", "num_pending"})
        if (const auto* told = base::member(*body, key)) out[key] = *told;
    if (const auto* state = base::member(*body, "state")) {
        out["messages"] = state->at("messages");
        out["last_seq"] = state->at("last_seq");
        const auto* subjects = base::member(*state, "subjects");
        if (subjects && !subjects->get_object().empty()) out["subjects"] = *subjects;
    }
    if (const auto* message = base::member(*body, "message")) {
        out["subject"] = message->at("subject");
        out["seq"] = message->at("seq");
        out["payload"] = text(base::base64_decode(base::text_member(message, "data")).value_or("no base64"));
    }
    return out;
}

class Model {
public:
    /// The answer; what comes for inboxes beside it is kept.
    value ask(const base::NatsMessage& message) {
        value answer = "none";
        now_ += std::chrono::milliseconds{1};
        for (auto& told : server_.publish(1, message, {base::Time{now_}, base::WallTime{begin_ + now_}}))
            if (told.inbox == message.reply && !message.reply.starts_with("_INBOX.pull"))
                answer = normal(told.message), last_ = told.message.payload;
            else
                inboxes_[told.inbox].push_back(normal(told.message));
        return answer;
    }
    void subscribe(const std::string& inbox) { server_.subscribe(1, inbox); }
    array& inbox(const std::string& name) { return inboxes_[name]; }
    [[nodiscard]] const std::string& last() const { return last_; }

private:
    static constexpr base::Duration begin_ = std::chrono::hours{24 * 365 * 56};  // in 2026
    base::Duration now_{};
    ModelJetStream server_;
    std::map<std::string, array> inboxes_;
    std::string last_;
};

/// recording.jsonl is what a real nats-server answered to record.py.
TEST(ModelJetStream, AnswersAsARealServerDid) {
    std::ifstream file{DAVENPORT_RECORDING};
    Model model;
    std::vector<std::pair<std::string, value>> rows;  // by inbox, as they must be at the end
    int steps = 0;
    for (std::string line; std::getline(file, line); ++steps) {
        const auto step = base::parse_json(line);
        ASSERT_TRUE(step) << line;
        SCOPED_TRACE(line);
        base::NatsMessage message{.subject = base::text_member(*step, "subject"),
                                  .reply = "answer",
                                  .payload = base::text_member(*step, "payload")};
        if (const auto over = base::string_member(*step, "over"))
            message.headers.emplace_back("Nats-Expected-Last-Subject-Sequence", *over);
        if (const auto inbox = base::text_member(*step, "inbox"); !inbox.empty()) {
            model.subscribe(inbox);
            rows.emplace_back(inbox, step->at("rows").at(0));
        }
        EXPECT_EQ(model.ask(message), step->at("answer"));
        const auto* pulls = base::member(*step, "pull");
        if (!pulls) continue;
        const auto made = base::parse_json(model.last());
        ASSERT_TRUE(made);
        const auto name = base::text_member(*made, "name");
        for (std::size_t i = 0; i < pulls->get_array().size(); ++i) {
            const auto inbox = "_INBOX.pull" + std::to_string(steps) + '-' + std::to_string(i);
            const auto batch = pulls->get_array()[i].as_int64();
            model.ask({.subject = "$JS.API.CONSUMER.MSG.NEXT.chat." + name,
                       .reply = inbox,
                       .payload = base::write_json(object{{"batch", batch}, {"no_wait", true}})});
            EXPECT_EQ(value(model.inbox(inbox)), step->at("rows").at(i));
        }
    }
    EXPECT_GT(steps, 30);
    for (const auto& [inbox, wanted] : rows) EXPECT_EQ(value(model.inbox(inbox)), wanted) << inbox;
}

}  // namespace
}  // namespace davenport::sim::virtual_world
