#include "sim/orchestrator/searches.hpp"

#include "node/base/json.hpp"
#include "node/base/message_id.hpp"
#include "sim/client/message_text.hpp"
#include "sim/orchestrator/placement.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

namespace davenport::sim::orchestrator {
namespace {

using namespace std::chrono_literals;

constexpr Duration ask_interval = 500ms;
constexpr Duration index_wait = 200ms;
constexpr std::size_t shown_kept_max = 100'000;
constexpr std::size_t asked_at_end_max = 60;  // of each node
constexpr int answer_pages_max = 3;
constexpr int index_waits_max = 25;

}  // namespace

Searches::Searches(Context& context, const Nodes& nodes)
    : context_{context}, nodes_{nodes}, wanted_{clients_search(context.scenario)} {}

void Searches::start() {
    if (wanted_) context_.soon(ask_interval, [this] { look(); });
}

void Searches::on_record(const Record& record) {
    if (!wanted_) return;
    if (record.kind == RecordKind::shown && !record.msg.empty()) {
        auto& shown = shown_[record.node];
        if (shown.size() < shown_kept_max) shown.push_back({record.room, record.msg, record.id});
    } else if (record.kind == RecordKind::change_sent) {
        changed_.push_back({record.room, record.msg, record.id});
    }
}

/// One question for each node: in turn for what was shown there, from the first to the newest.
void Searches::look() {
    if (context_.phase != Phase::playing) return;
    for (const auto& node : nodes_.names(true)) {
        const auto& shown = shown_[node];
        if (shown.empty()) continue;
        auto& next = next_[node];
        // A few of all, spread over what there is; none twice in a row.
        next = (next * 2 + 1) % shown.size();
        ask({node, shown[next], context_.now.count(), {}, answer_pages_max, 2});
    }
    context_.soon(ask_interval, [this] { look(); });
}

void Searches::ask_all(std::function<void()> then) {
    if (!wanted_) return then();
    then_ = std::move(then);
    ++open_;  // until all have been asked
    for (const auto& node : nodes_.names(true)) {
        const auto& shown = shown_[node];
        const auto step = std::max<std::size_t>(shown.size() / asked_at_end_max, 1);
        std::set<std::string> asked;
        const auto once = [&](const Shown& about) {
            if (asked.insert(about.msg).second)
                ask({node, about, context_.now.count(), {}, answer_pages_max, index_waits_max});
        };
        for (std::size_t i = 0; i < shown.size(); i += step) once(shown[i]);
        for (std::size_t i = 0; i < std::min(changed_.size(), asked_at_end_max); ++i) {
            const auto& changed = changed_[changed_.size() - 1 - i];
            const auto known = std::ranges::find(shown, changed.msg, &Shown::msg);
            if (known != shown.end()) once(*known);
        }
    }
    if (--open_ == 0) std::exchange(then_, {})();
}

void Searches::ask(Question question) {
    ++open_;
    const auto room = context_.environment.room_prefix + question.about.room;
    auto target = fmt::format("/api/search?q=%22{}%22&room={}&limit=100",
                              base::percent_encode(question.about.msg), base::percent_encode(room));
    if (!question.before.empty()) target += "&before=" + base::percent_encode(question.before);
    auto node = question.node;
    context_.ask_node(std::move(node), {"GET", std::move(target), {}, {}},
                      [this, question = std::move(question)](const Answered& answer) {
                          on_answer(question, answer);
                          if (--open_ == 0 && then_) std::exchange(then_, {})();
                      });
}

void Searches::on_answer(Question question, const Answered& answer) {
    const auto ask_later = [this](Question again) {
        ++open_;
        context_.soon(index_wait, [this, again = std::move(again)] {
            auto question_then = again;
            question_then.asked_us = context_.now.count();
            ask(std::move(question_then));
            --open_;
        });
    };
    const auto body = answer.status == 200 ? base::parse_json(answer.body) : std::nullopt;
    const auto* messages = body ? base::member(*body, "messages") : nullptr;
    constexpr int too_many_at_once = 503;
    if (answer.status == too_many_at_once && --question.tries_left > 0) return ask_later(std::move(question));
    if (!messages || !messages->is_array())
        return note(question, false, 0,
                    answer.status == 0 ? "the node did not answer"
                                       : fmt::format("the node answered {}", answer.status));
    bool found = false;
    std::int64_t count = 0;
    for (const auto& message : messages->get_array()) {
        if (base::text_member(message, "id") != question.about.id || base::member(message, "removed"))
            continue;
        found = true;
        const auto user = base::text_member(message, "user"), text = base::text_member(message, "text");
        count = client::text_name(client::msg_said_by(user, text)).edit;
    }
    if (found) return note(question, true, count, "");
    if (base::bool_member(*body, "partial")) {
        if (--question.tries_left <= 0)
            return note(question, false, 0, "the node was still building its index");
        question.before.clear();
        return ask_later(std::move(question));
    }
    // Words that begin alike ("c3-1", "c3-17") can fill more than a page.
    if (const auto next = base::text_member(*body, "next"); !next.empty() && question.pages_left-- > 0) {
        question.before = next;
        return ask(std::move(question));
    }
    note(question, false, 0, "");
}

void Searches::note(const Question& question, bool found, std::int64_t count, std::string silent) {
    if (context_.phase == Phase::over) return;
    Record record{.kind = RecordKind::searched};
    record.node = question.node;
    record.room = question.about.room;
    record.msg = question.about.msg;
    record.id = question.about.id;
    record.due_us = question.asked_us;
    record.flag = found;
    record.count = count;
    record.text = std::move(silent);
    context_.note(std::move(record));
}

}  // namespace davenport::sim::orchestrator
