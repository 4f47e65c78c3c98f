#include "node/base/json.hpp"
#include "sim/client/client_core.hpp"

#include <fstream>
#include <iterator>
#include <map>

#include <gtest/gtest.h>

/// The simulated client says what the page says: both are held to the conversations of a file, the page in
/// tests/npm/page_modules.mjs.
namespace davenport::sim::client {
namespace {

using base::json::value;
using Lines = std::vector<std::string>;

class Conversation {
public:
    Conversation() {
        Config config;
        config.repeats_accepted = true;
        config.name = "c1";
        config.node = "n1";
        config.rooms = {"r1"};
        config.start = now_.time;
        core_.emplace(std::move(config));
        take(core_->start(now_));
        welcome();
        sent_.clear();
    }

    /// Lets the time pass, then does what the step says; returns what was sent.
    Lines perform(const value& step) {
        const auto at = begin_ + std::chrono::milliseconds{*base::int_member(step, "at")};
        now_.wall += at - now_.time;
        now_.time = at;
        if (const auto due = timers_.find(posts_timer); due != timers_.end() && due->second <= at) {
            timers_.erase(due);
            tell(TimerFired{posts_timer});
        }
        if (const auto said = base::string_member(step, "say")) {
            names_.emplace_back(*said);
            tell(Post{"r1", 40, now_.time});
        }
        for (const auto* what : {"accepted", "stored", "refused"}) {
            const auto post = base::string_member(step, what);
            if (!post) continue;
            base::json::object frame{
                {"t", what}, {"key", keys_[std::string{*post}]}, {"id", "r1:" + std::string{*post}}};
            for (const auto* member : {"code", "retry_ms"})
                if (const auto* given = base::member(step, member)) frame[member] = *given;
            tell(Received{base::write_json(frame)});
        }
        if (const auto offset = base::int_member(step, "pong"))
            tell(Received{base::write_json(
                base::json::object{{"t", "pong"}, {"now", base::unix_ms(now_.wall) + *offset}})});
        if (base::bool_member(step, "lost")) {
            tell(Disconnected{"reset"});
            tell(TimerFired{reconnect_timer});
        }
        if (base::bool_member(step, "welcome")) welcome();
        return std::exchange(sent_, {});
    }

private:
    static constexpr std::uint32_t reconnect_timer = 1;
    static constexpr std::uint32_t posts_timer = 2;

    void welcome() {
        tell(Connected{});
        tell(Received{base::write_json(
            base::json::object{{"t", "welcome"}, {"node", "n1"}, {"now", base::unix_ms(now_.wall)}})});
    }
    void tell(const Event& event) { take(core_->handle(event, now_)); }
    void take(const Effects& effects) {
        for (const auto& effect : effects) {
            if (const auto* timer = std::get_if<SetTimer>(&effect)) timers_[timer->timer] = timer->at;
            const auto* send = std::get_if<Send>(&effect);
            if (!send) continue;
            const auto frame = *base::parse_json(send->frame);
            const auto t = base::text_member(frame, "t");
            if (t == "ping") sent_.emplace_back("ping");
            if (t == "post") note_post(frame);
        }
    }
    /// "a", or "a'" with another key than before.
    void note_post(const value& frame) {
        const auto text = base::text_member(frame, "text");  // "c1-2 ..." is the second that was said
        const auto number = std::stoul(text.substr(3));
        const auto& name = names_.at(number - 1);
        auto& key = keys_[name];
        const auto its_key = base::text_member(frame, "key");
        sent_.push_back(name + (key.empty() || key == its_key ? "" : "'"));
        key = its_key;
    }

    base::Now now_{base::Time{std::chrono::hours{1}}, base::wall_from_unix_ms(1'800'000'000'000)};
    const base::Time begin_ = now_.time;
    std::optional<ClientCore> core_;
    std::map<std::uint32_t, base::Time> timers_;
    Lines names_;
    std::map<std::string, std::string> keys_;
    Lines sent_;
};

TEST(ClientConversation, IsThatOfThePage) {
    std::ifstream in{DAVENPORT_CONVERSATIONS "/posts.json", std::ios::binary};
    const std::string text{std::istreambuf_iterator<char>{in}, {}};
    const auto conversations = base::parse_json(text);
    ASSERT_TRUE(conversations && conversations->is_array());
    EXPECT_GE(conversations->get_array().size(), 8u);
    for (const auto& one : conversations->get_array()) {
        Conversation conversation;
        for (const auto& step : base::member(one, "steps")->get_array()) {
            Lines expected;
            if (const auto* sent = base::member(step, "sent"))
                for (const auto& line : sent->get_array()) expected.emplace_back(line.get_string());
            EXPECT_EQ(conversation.perform(step), expected)
                << base::text_member(one, "name") << ": " << base::write_json(step);
        }
    }
}

}  // namespace
}  // namespace davenport::sim::client
