#include "node/core/store/nats/stream_policies.hpp"

#include "node/base/json_view.hpp"
#include "node/base/mark.hpp"
#include "node/core/store/policy_looks.hpp"

#include <algorithm>
#include <charconv>

namespace davenport::node::nats {
namespace {

constexpr std::size_t policies_at_once = 200;

Sequence sequence_of(std::string_view revision) {
    Sequence out = 0;
    std::from_chars(revision.data(), revision.data() + revision.size(), out);
    return out;
}

}  // namespace

StreamPolicies::StreamPolicies(const ChatConfig& config, const StreamApi& api, Requests& requests,
                               base::Random& random, const StreamHealth& health, CommitQueue& log)
    : request_timeout_{answer_time(config)},
      api_{&api},
      requests_{&requests},
      health_{&health},
      log_{&log},
      random_{&random},
      backoff_{pause_least, pause_most} {}

void StreamPolicies::look_at(std::string id) {
    if (queued_.insert(id).second) to_look_at_.push_back(std::move(id));
}

void StreamPolicies::look_at_all() {
    for (auto& id : log_->policies().ids()) look_at(std::move(id));
}

void StreamPolicies::store_changed() {
    put_back();
    look_at_all();
}

void StreamPolicies::start_over(Turn& turn) {
    requests_->cancel(turn, request_);
    put_back();
    not_before_ = turn.now.time;
    backoff_.reset();
    look_at_all();
}

void StreamPolicies::put_back() {
    requests_->forget(request_);
    for (auto& [id, sequence] : std::exchange(asked_, {})) look_at(std::move(id));
    for (auto& write : std::exchange(writes_, {})) look_at(std::move(write.id));
}

void StreamPolicies::pump(Turn& turn) {
    if (request_ != 0 || !health_->usable() || turn.now.time < not_before_) return;
    if (turn.now.time >= look_again_ && !log_->policies().empty()) {
        look_again_ = turn.now.time + policies_looked_at_every(log_->policies().size());
        turn.emit(SetTimer{timers::policies, look_again_});
        look_at_all();
    }
    if (writes_.empty() && to_look_at_.empty()) return;
    sent_to_ = health_->generation();
    if (writes_.empty())
        read(turn);
    else
        write(turn);
}

// ---- what the stream has, and what counts

void StreamPolicies::on_row(Turn& turn, const std::string& id, Sequence sequence, std::string_view document,
                            bool old) {
    if (old) return look_at(id);
    compare(turn, id, sequence, document, false);
}

bool StreamPolicies::is_known_stored(const HeldPolicy& held) const {
    return !held.stored_in.empty() && held.stored_in == health_->generation();
}

Sequence StreamPolicies::known_sequence(const std::string& id) const {
    const auto* held = log_->policies().find(id);
    return held && is_known_stored(*held) ? sequence_of(held->revision) : 0;
}

void StreamPolicies::compare(Turn& turn, const std::string& id, Sequence sequence, std::string_view document,
                             bool read) {
    const auto* held = log_->policies().find(id);
    const auto known = known_sequence(id);
    if (known == sequence) {
        if (read) news_.push_back({News::Kind::stored, id});
        return;
    }
    // An old row of a feed that went back; or the server lost what came after it.
    if (sequence < known && !read) return look_at(id);
    base::JsonReader reader;
    const auto json = reader.read(document);
    auto reading = json && json->is_object()
                       ? base::read_policy(id, *json)
                       : base::PolicyReading{.problem = "it is no JSON object", .body = "{}"};
    const auto key = reading.policy ? std::string_view{reading.policy->key} : "";
    const bool theirs_counts = !held || key >= held->key() || (known != 0 && key.empty());
    if (theirs_counts) return adopt(turn, id, sequence, reading);
    if (known != 0) DAVENPORT_MARK("the store tells an older state of a policy");
    if (read)
        write_over(id, *held, sequence);
    else
        look_at(id);
}

void StreamPolicies::adopt(Turn& turn, const std::string& id, Sequence sequence,
                           base::PolicyReading& reading) {
    auto& policies = log_->policies();
    const auto* held = policies.find(id);
    if (held && held->body == reading.body) {
        policies.mark_stored(id, std::to_string(sequence), health_->generation());
        news_.push_back({News::Kind::stored, id});
        return;
    }
    if (!reading.policy)
        turn.warn("store: the message " + id + " is no policy (" + std::string{reading.problem} +
                  "); it is passed over");
    if (!held && policies.full())
        return turn.error("store: there are too many bans and rooms' settings; " + id + " is passed over");
    policies.set(id, std::move(reading.body), std::move(reading.policy), std::to_string(sequence),
                 health_->generation());
    news_.push_back({News::Kind::changed, id});
}

void StreamPolicies::write_over(const std::string& id, const HeldPolicy& held, Sequence over) {
    if (held.policy) {
        writes_.push_back({id, held.body, over, held.version});
        return;
    }
    log_->policies().erase(id);  // of another store, and it made no sense there
    news_.push_back({News::Kind::changed, id});
}

// ---- requests

void StreamPolicies::read(Turn& turn) {
    std::vector<base::NatsMessage> messages;
    while (!to_look_at_.empty() && asked_.size() < policies_at_once) {
        auto id = std::move(to_look_at_.front());
        to_look_at_.pop_front();
        queued_.erase(id);
        messages.push_back(api_->read_last(api_->policy_subject(id)));
        const auto known = known_sequence(id);
        asked_.emplace_back(std::move(id), known);
    }
    request_ = requests_->ask_all(turn, std::move(messages), {.timeout = request_timeout_},
                                  [this](Turn& t, const Requests::Answers& answers, const std::string&) {
                                      request_ = 0;
                                      return on_read(t, answers);
                                  });
}

bool StreamPolicies::on_read(Turn& turn, const Requests::Answers& answers) {
    if (sent_to_ != health_->generation()) return put_back(), true;
    const auto asked = std::exchange(asked_, {});
    bool good = true;
    for (std::size_t i = 0; i < asked.size(); ++i) {
        const auto& [id, known_then] = asked[i];
        const auto read = answers[i] ? read_message_answer(*answers[i]) : ReadAnswer{};
        good &= read.answered;
        if (!read.answered || known_sequence(id) != known_then) {  // no answer, or told anew meanwhile
            look_at(id);
            continue;
        }
        const auto* held = log_->policies().find(id);
        if (read.message)
            compare(turn, id, read.message->sequence, read.message->payload, true);
        else if (held)
            write_over(id, *held, 0);
    }
    return good || pause(turn);
}

void StreamPolicies::write(Turn& turn) {
    std::vector<base::NatsMessage> messages;
    for (const auto& write : writes_)
        messages.push_back(StreamApi::write(api_->policy_subject(write.id), write.body, write.over));
    request_ = requests_->ask_all(turn, std::move(messages), {.timeout = request_timeout_},
                                  [this](Turn& t, const Requests::Answers& answers, const std::string&) {
                                      request_ = 0;
                                      return on_written(t, answers);
                                  });
}

bool StreamPolicies::on_written(Turn& turn, const Requests::Answers& answers) {
    using Outcome = WriteAnswer::Outcome;
    if (sent_to_ != health_->generation()) return put_back(), true;
    const auto writes = std::exchange(writes_, {});
    bool good = true, overtaken = false;
    for (std::size_t i = 0; i < writes.size(); ++i) {
        const auto& write = writes[i];
        const auto answer = answers[i] ? read_write_answer(*answers[i]) : WriteAnswer{};
        const auto* held = log_->policies().find(write.id);
        good &= answer.outcome != Outcome::unknown;
        overtaken |= answer.outcome == Outcome::overtaken;
        if (answer.outcome == Outcome::refused) {
            turn.error("store: it refuses " + write.id + " for good (" + answer.reason + ")");
            log_->policies().erase(write.id);
            news_.push_back({News::Kind::refused, write.id, answer.reason});
            look_at(write.id);
        } else if (answer.outcome != Outcome::stored || !held || held->version != write.version) {
            look_at(write.id);  // somebody was faster, here or there; or nobody knows
        } else {
            log_->policies().mark_stored(write.id, std::to_string(answer.sequence), health_->generation());
            news_.push_back({News::Kind::stored, write.id});
        }
    }
    if (overtaken || !good) pause(turn);
    if (good && !overtaken) backoff_.reset();
    return good;
}

/// Gives false: the answers were of no use.
bool StreamPolicies::pause(Turn& turn) {
    not_before_ = turn.now.time + backoff_.next(*random_);
    turn.emit(SetTimer{timers::policies, not_before_});
    return false;
}

}  // namespace davenport::node::nats
