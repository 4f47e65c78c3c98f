#include "node/core/store/nats/requests.hpp"

#include <algorithm>
#include <utility>

namespace davenport::node::nats {

FetchId Requests::ask(Turn& turn, base::NatsMessage message, Options options, OnAnswer on_answer) {
    std::vector<base::NatsMessage> one;
    one.push_back(std::move(message));
    return ask_all(
        turn, std::move(one), options,
        [on_answer = std::move(on_answer)](Turn& t, const Answers& answers, const std::string& reason) {
            return on_answer(t, answers.front() ? &*answers.front() : nullptr, reason);
        });
}

FetchId Requests::ask_all(Turn& turn, std::vector<base::NatsMessage> messages, Options options,
                          OnAnswers on_answers) {
    const auto first = count_ + 1;
    count_ += messages.size();
    const auto deadline = turn.now.time + options.timeout;
    groups_.emplace(first, Group{deadline, options.tells_health, std::move(on_answers),
                                 Answers(messages.size()), messages.size()});
    for (std::size_t i = 0; i < messages.size(); ++i) turn.emit(Ask{first + i, std::move(messages[i])});
    if (!alarm_ || deadline < *alarm_) wake_at(turn, deadline);
    return first;
}

void Requests::forget(FetchId& request) { groups_.erase(std::exchange(request, 0)); }

void Requests::cancel(Turn& turn, FetchId& request) {
    const auto group = groups_.find(std::exchange(request, 0));
    if (group == groups_.end()) return;
    for (std::size_t i = 0; i < group->second.answers.size(); ++i)
        if (!group->second.answers[i]) turn.emit(CancelFetch{group->first + i});
    groups_.erase(group);
}

FetchId Requests::subscribe(Turn& turn, std::string subject, Listener& listener) {
    const auto id = ++count_;
    listeners_.emplace(id, &listener);
    turn.emit(Subscribe{id, std::move(subject)});
    return id;
}

void Requests::unsubscribe(Turn& turn, FetchId& subscription) {
    const auto id = std::exchange(subscription, 0);
    if (listeners_.erase(id) > 0) turn.emit(CancelFetch{id});
}

void Requests::on(Turn& turn, Answered& e) { settle(turn, e.fetch, std::move(e.answer), {}); }

void Requests::on(Turn& turn, Delivered& e) {
    if (const auto found = listeners_.find(e.fetch); found != listeners_.end())
        found->second->on_delivered(turn, e.messages);
}

void Requests::on(Turn& turn, const FetchFailed& e) {
    if (const auto found = listeners_.find(e.fetch); found != listeners_.end()) {
        auto* listener = found->second;
        listeners_.erase(found);
        return listener->on_broken(turn);
    }
    settle(turn, e.fetch, std::nullopt, e.reason);
}

void Requests::settle(Turn& turn, FetchId id, std::optional<base::NatsMessage> answer,
                      const std::string& reason) {
    auto found = groups_.upper_bound(id);
    if (found == groups_.begin()) return;
    --found;
    auto& group = found->second;
    const auto index = id - found->first;
    if (index >= group.answers.size() || group.answers[index]) return;
    if (!answer) group.reason = reason;
    group.answers[index] = std::move(answer);
    if (--group.open == 0) end(turn, found);
}

void Requests::end(Turn& turn, std::map<FetchId, Group>::iterator group) {
    const auto ended = std::move(group->second);
    groups_.erase(group);
    const bool whole =
        std::ranges::all_of(ended.answers, [](const auto& answer) { return answer.has_value(); });
    const bool good = ended.on_answers(turn, ended.answers, ended.reason);
    if (ended.tells_health && !(good && whole)) on_failure_(turn);
}

void Requests::wake_at(Turn& turn, base::Time at) {
    alarm_ = at;
    turn.emit(SetTimer{timers::lookup, at});
}

void Requests::on_timer(Turn& turn, TimerId timer) {
    if (timer != timers::lookup) return;
    std::vector<FetchId> late;
    for (const auto& [id, group] : groups_)
        if (turn.now.time >= group.deadline) late.push_back(id);
    for (const auto id : late) {
        const auto group = groups_.find(id);
        if (group == groups_.end()) continue;
        for (std::size_t i = 0; i < group->second.answers.size(); ++i)
            if (!group->second.answers[i]) turn.emit(CancelFetch{id + i});
        group->second.reason = "no answer in time";
        end(turn, group);
    }
    alarm_.reset();
    auto next = base::Time::max();
    for (const auto& [id, group] : groups_) next = std::min(next, group.deadline);
    if (next != base::Time::max()) wake_at(turn, next);
}

}  // namespace davenport::node::nats
