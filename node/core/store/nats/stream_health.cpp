#include "node/core/store/nats/stream_health.hpp"

#include "node/base/json.hpp"
#include "node/base/json_view.hpp"
#include "node/base/mark.hpp"

#include <algorithm>

namespace davenport::node::nats {
namespace {

constexpr base::Duration look_again_after = std::chrono::seconds{5};
constexpr base::Duration probe_again_after = std::chrono::milliseconds{200};
constexpr std::size_t probes_at_once = 16;
// A leader that has lost the others tells what it has for some seconds, and takes nothing: what is written
// fails less often meanwhile than probes do.
constexpr base::Duration failures_apart_most = std::chrono::seconds{6};
/// The word of a generation, and the stream's creation.
constexpr char between = '@';

std::string word_of(const base::Generation& generation) {
    return generation.substr(0, generation.rfind(between));
}

bool is_of(const base::Generation& generation, const std::string& created) {
    return !created.empty() && generation.ends_with(between + created);
}

}  // namespace

StreamHealth::StreamHealth(const ChatConfig& config, const StreamApi& api, Requests& requests,
                           base::Random& random, ChatVersion& version)
    : probe_interval_{config.probe_interval},
      request_timeout_{std::min(answer_time(config), config.feed_dead_after)},
      api_{&api},
      requests_{&requests},
      random_{&random},
      version_{&version},
      backoff_{config.probe_interval, config.probe_interval} {}

void StreamHealth::ask(Turn& turn, State state, base::NatsMessage message) {
    state_ = state;
    const auto number = ++asked_;
    const auto at = *asked_at_;
    const auto request = requests_->ask(
        turn, std::move(message), {.timeout = request_timeout_, .tells_health = false},
        [this, number, at](Turn& t, const base::NatsMessage* answer, const std::string& reason) {
            open_.erase(number);
            if (answer) {
                forget_open();
                asked_at_ = at;
                on_answer(t, *answer);
            } else if (open_.empty()) {
                no_answer(t, reason);
            }
            return true;
        });
    open_[number] = {request, at};
}

void StreamHealth::forget_open() {
    for (auto& [number, open] : open_) requests_->forget(open.request);
    open_.clear();
}

void StreamHealth::note_failure(Turn& turn) {
    if (!failing_since_ || turn.now.time - failed_at_ > failures_apart_most) failing_since_ = turn.now.time;
    failed_at_ = turn.now.time;
    if (failed_at_ - *failing_since_ < change_server_after) return;
    DAVENPORT_MARK("a node leaves a server that serves nothing");
    failing_since_.reset();
    turn.emit(ChangeServer{});
}

void StreamHealth::probe(Turn& turn) {
    if (!usable()) note_failure(turn);
    if (open_.empty()) ++looks_;
    asked_at_ = turn.now.time;
    ask(turn, State::reading, api_->stream_info());
    if (usable() || open_.size() >= probes_at_once) return;
    deadline_ = turn.now.time + probe_again_after;
    turn.emit(SetTimer{timers::health, deadline_});
}

void StreamHealth::wait(Turn& turn, base::Duration pause) {
    state_ = State::waiting;
    forget_open();
    deadline_ = turn.now.time + pause;
    turn.emit(SetTimer{timers::health, deadline_});
}

void StreamHealth::report_failure(Turn& turn) {
    note_failure(turn);
    if (!up_ || std::exchange(doubted_, true)) return;
    if (open_.empty()) look_into_it(turn);
}

void StreamHealth::recheck(Turn& turn) {
    if (state_ == State::settled) look_into_it(turn);
}

void StreamHealth::look_into_it(Turn& turn) {
    const auto earliest = asked_at_ ? *asked_at_ + probe_interval_ : turn.now.time;
    if (earliest > turn.now.time) return wait(turn, earliest - turn.now.time);
    probe(turn);
}

void StreamHealth::on_timer(Turn& turn, TimerId timer) {
    if (timer != timers::health || turn.now.time < deadline_) return;
    const bool again = state_ == State::reading && !usable() && open_.size() < probes_at_once;
    if (open_.empty() || again) probe(turn);
}

void StreamHealth::on_answer(Turn& turn, const base::NatsMessage& answer) {
    switch (state_) {
        case State::reading:
            return on_info(turn, answer);
        case State::making_stream: {
            const auto error = error_of(answer);
            if (!error || error->err_code == stream_name_in_use) return probe(turn);
            return went_down(turn, "cannot make the stream: " + error->description);
        }
        case State::reading_word:
            return on_word(turn, answer);
        case State::writing_word:
            // Read back, whatever the answer: another node may have been first.
            if (read_write_answer(answer).outcome == WriteAnswer::Outcome::unknown)
                return went_down(turn, "cannot name the stream: " + read_write_answer(answer).reason);
            return ask(turn, State::reading_word, api_->read_last(api_->generation_subject()));
        case State::settled:
        case State::waiting:
            return;
    }
}

void StreamHealth::on_info(Turn& turn, const base::NatsMessage& answer) {
    const auto info = read_stream_info(answer);
    if (!info) {
        const auto error = error_of(answer);
        if (error && error->err_code == stream_not_found)
            return ask(turn, State::making_stream, api_->make_stream());
        return went_down(turn, error ? error->description : "an answer that is not JetStream's");
    }
    if (!info->one_per_subject)
        return went_down(turn,
                         "the stream " + api_->stream() +
                             " is no chat's: it keeps more than one message of a subject; name another, or "
                             "set its max_msgs_per_subject to 1");
    created_ = info->created;
    last_sequence_ = info->last_sequence;
    messages_ = info->messages;
    replicas_ = info->replicas;
    ask(turn, State::reading_word, api_->read_last(api_->generation_subject()));
}

void StreamHealth::on_word(Turn& turn, const base::NatsMessage& answer) {
    const auto read = read_message_answer(answer);
    // While nobody leads the servers of a cluster, they read nothing, though the stream takes what is
    // written. It is the same one as long as its creation is.
    if (!read.answered && is_of(known_, created_)) return came_up(turn, known_);
    if (!read.answered) return went_down(turn, "it does not tell the stream's name");
    if (!read.message) return write_word(turn);
    base::JsonReader reader;
    const auto document = reader.read(read.message->payload);
    const auto word = document ? base::text_member(*document, "generation") : std::string{};
    if (word.empty())
        return went_down(turn, "the message at " + api_->generation_subject() + " is no chat's");
    auto again = base::text_member(*document, "again");
    using Verdict = ChatVersion::Verdict;
    const auto verdict =
        version_->judge(base::int_member(*document, "v"), base::int_member(*document, "ids_from"));
    if (verdict == Verdict::is_told) {
        turn.info("store: it is told of which version its chat is");
        return write_word(turn, word, again, read.message->sequence);
    }
    if (verdict != Verdict::fits) return went_down(turn, ChatVersion::reason(verdict));
    auto generation = word + between + created_;
    shaken_ |= generation == generation_ && again != again_;
    again_ = std::move(again);
    came_up(turn, std::move(generation));
}

void StreamHealth::write_word(Turn& turn) {
    const bool lost = is_of(known_, created_);
    // A server that deletes the stream at this moment tells of one without messages. What is written into
    // that, breaks it: nats-server 2.9.10 then neither deletes nor serves it.
    if (lost && std::exchange(wordless_, created_) != created_) {
        doubted_ = true;
        return wait(turn, probe_interval_);
    }
    if (lost) turn.warn("store: its stream has lost its name; it is given the known one");
    if (lost) DAVENPORT_MARK("a stream has lost its name");
    const auto word = lost ? word_of(known_) : random_->uuid();
    write_word(turn, word, lost ? random_->name() : std::string{}, 0);
}

void StreamHealth::write_word(Turn& turn, std::string_view word, std::string_view again, Sequence over) {
    std::string document = "{\"generation\":";
    base::append_json_string(document, word);
    if (!again.empty()) base::append_json_string(document += ",\"again\":", again);
    document += ',' + version_->members() + '}';
    ask(turn, State::writing_word, StreamApi::write(api_->generation_subject(), std::move(document), over));
}

void StreamHealth::came_up(Turn& turn, base::Generation generation) {
    if (!up_ && told_down_) turn.info("store: it is back");
    state_ = State::settled;
    up_ = looked_ = true;
    doubted_ = told_down_ = false;
    wordless_.clear();
    backoff_.reset();
    generation_ = known_ = std::move(generation);
    confirmed_at_ = *asked_at_;
    deadline_ = turn.now.time + look_again_after;
    turn.emit(SetTimer{timers::health, deadline_});
}

void StreamHealth::no_answer(Turn& turn, const std::string& reason) {
    // One lost answer is no outage: clients are told only when the next try fails too.
    if (up_ && !doubted_) {
        doubted_ = true;
        return wait(turn, probe_interval_);
    }
    went_down(turn, reason);
}

void StreamHealth::went_down(Turn& turn, const std::string& reason) {
    if (!std::exchange(told_down_, true))
        turn.warn("store: it does not answer (" + reason + "); messages are kept here until it does");
    up_ = doubted_ = false;
    wait(turn, backoff_.next(*random_));
}

}  // namespace davenport::node::nats
