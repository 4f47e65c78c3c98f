#include "node/core/store/nats/stream_policies.hpp"

#include "node/base/json_view.hpp"

#include <charconv>

namespace davenport::node::nats {
namespace {

constexpr std::size_t policies_at_once = 200;

Sequence sequence_of(std::string_view revision) {
    Sequence out = 0;
    std::from_chars(revision.data(), revision.data() + revision.size(), out);
    return out;
}

bool is_newer(std::string_view revision, std::string_view than) {
    return sequence_of(revision) > sequence_of(than);
}

}  // namespace

StreamPolicies::StreamPolicies(const ChatConfig& config, const StreamApi& api, Requests& requests,
                               base::Random& random, const StreamHealth& health, CommitQueue& log)
    : PolicyReconciler{log, health.generation(), random, is_newer},
      request_timeout_{answer_time(config)},
      api_{&api},
      requests_{&requests},
      health_{&health} {}

void StreamPolicies::store_changed() {
    give_up();
    look_at_all();
}

void StreamPolicies::start_over(Turn& turn) {
    requests_->cancel(turn, request_);
    requests_->forget(request_);
    begin_again(turn.now.time);
}

/// What is under way is looked at anew.
void StreamPolicies::give_up() {
    requests_->forget(request_);
    put_back();
}

void StreamPolicies::pump(Turn& turn) {
    if (request_ != 0 || !health_->usable() || !is_due(turn)) return;
    if (writes_.empty())
        read(turn);
    else
        write(turn);
}

void StreamPolicies::on_row(Turn& turn, const std::string& id, Sequence sequence, std::string_view document,
                            bool old) {
    if (old) return look_at(id);
    compare_with(turn, id, sequence, document, false);
}

void StreamPolicies::compare_with(Turn& turn, const std::string& id, Sequence sequence,
                                  std::string_view document, bool read) {
    base::JsonReader reader;
    const auto json = reader.read(document);
    Told told{std::to_string(sequence)};
    told.reading = json && json->is_object()
                       ? base::read_policy(id, *json)
                       : base::PolicyReading{.problem = "it is no JSON object", .body = "{}"};
    compare(turn, id, &told, read);
}

void StreamPolicies::read(Turn& turn) {
    take_to_read(policies_at_once);
    std::vector<base::NatsMessage> messages;
    for (const auto& asked : asked_) messages.push_back(api_->read_last(api_->policy_subject(asked.id)));
    request_ = requests_->ask_all(turn, std::move(messages), {.timeout = request_timeout_},
                                  [this](Turn& t, const Requests::Answers& answers, const std::string&) {
                                      request_ = 0;
                                      return on_read(t, answers);
                                  });
}

bool StreamPolicies::on_read(Turn& turn, const Requests::Answers& answers) {
    if (is_of_another_store()) return give_up(), true;
    const auto all = std::exchange(asked_, {});
    bool good = true;
    for (std::size_t i = 0; i < all.size(); ++i) {
        const auto& id = all[i].id;
        const auto read = answers[i] ? read_message_answer(*answers[i]) : ReadAnswer{};
        good &= read.answered;
        if (!read.answered || is_overtaken(all[i])) {  // no answer, or told anew meanwhile
            look_at(id);
            continue;
        }
        const auto* held = find(id);
        if (read.message)
            compare_with(turn, id, read.message->sequence, read.message->payload, true);
        else if (held)
            write_over(id, *held, {});
    }
    if (!good) pause(turn);
    return good;
}

void StreamPolicies::write(Turn& turn) {
    std::vector<base::NatsMessage> messages;
    for (const auto& write : writes_)
        messages.push_back(
            StreamApi::write(api_->policy_subject(write.id), write.body, sequence_of(write.over)));
    request_ = requests_->ask_all(turn, std::move(messages), {.timeout = request_timeout_},
                                  [this](Turn& t, const Requests::Answers& answers, const std::string&) {
                                      request_ = 0;
                                      return on_written(t, answers);
                                  });
}

bool StreamPolicies::on_written(Turn& turn, const Requests::Answers& answers) {
    using Outcome = WriteAnswer::Outcome;
    if (is_of_another_store()) return give_up(), true;
    auto writes = std::exchange(writes_, {});
    bool good = true, overtaken = false;
    for (std::size_t i = 0; i < writes.size(); ++i) {
        auto& write = writes[i];
        const auto answer = answers[i] ? read_write_answer(*answers[i]) : WriteAnswer{};
        good &= answer.outcome != Outcome::unknown;
        overtaken |= answer.outcome == Outcome::overtaken;
        if (answer.outcome == Outcome::refused)
            refused(turn, write.id, answer.reason);
        else if (answer.outcome == Outcome::stored)
            written(write, std::to_string(answer.sequence));
        else
            look_at(write.id);  // somebody was faster; or nobody knows
    }
    if (overtaken || !good) pause(turn);
    if (good && !overtaken) went_well();
    return good;
}

}  // namespace davenport::node::nats
