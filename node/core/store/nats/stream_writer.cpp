#include "node/core/store/nats/stream_writer.hpp"

#include "node/base/mark.hpp"

#include <algorithm>

namespace davenport::node::nats {
namespace {

constexpr std::size_t batch_messages_max =
    100;  // a server is quick: with more, clients wait longer for their turn
// A leader acknowledges within milliseconds, and one that has died never does. At first; a repeat is
// harmless.
constexpr base::Duration writer_patience = std::chrono::seconds{1};
constexpr std::size_t batch_bytes_max = 1024 * 1024;
// From one batch of a long backlog to the next: in between, local chat has its turn.
constexpr base::Duration backlog_pace = std::chrono::milliseconds{6};

}  // namespace

StreamWriter::StreamWriter(const ChatConfig& config, const StreamApi& api, Requests& requests,
                           base::Random& random, WriteQueue& queue, const StreamHealth& health)
    : batch_max_{std::clamp<std::size_t>(config.bulk_documents_max, 1, batch_messages_max)},
      request_timeout_{answer_time(config)},
      api_{&api},
      requests_{&requests},
      random_{&random},
      queue_{&queue},
      health_{&health},
      backoff_{pause_least, pause_most} {}

void StreamWriter::store_changed(bool keep) {
    if (!keep && request_ == 0) batch_.clear();
}

void StreamWriter::start_over(Turn& turn) {
    requests_->cancel(turn, request_);
    not_before_ = turn.now.time;
    failures_ = 0;
    backoff_.reset();
}

void StreamWriter::pump(Turn& turn) {
    if (request_ != 0 || !health_->usable() || turn.now.time < not_before_) return;
    std::erase_if(batch_, [&](const WriteQueue::Item& item) { return queue_->needless(item); });
    while (batch_.empty() && queue_->take(batch_, batch_max_, batch_bytes_max)) {
    }
    if (!batch_.empty()) send(turn);
}

void StreamWriter::send(Turn& turn) {
    sent_to_ = health_->generation();
    sent_at_ = turn.now.time;
    std::vector<base::NatsMessage> messages;
    for (const auto& item : batch_)
        messages.push_back(StreamApi::write(api_->message_subject(item.id), item.document, 0));
    request_ = requests_->ask_all(turn, std::move(messages),
                                  {.timeout = std::min(request_timeout_, writer_patience * (failures_ + 1))},
                                  [this](Turn& t, const Requests::Answers& answers, const std::string&) {
                                      request_ = 0;
                                      return on_answers(t, answers);
                                  });
}

bool StreamWriter::on_answers(Turn& turn, const Requests::Answers& answers) {
    using Outcome = WriteAnswer::Outcome;
    if (sent_to_ != health_->generation()) return true;  // another stream took them, or did not
    std::vector<WriteQueue::Item> rest;
    for (std::size_t i = 0; i < batch_.size(); ++i) {
        auto& item = batch_[i];
        const auto answer = answers[i] ? read_write_answer(*answers[i]) : WriteAnswer{};
        switch (answer.outcome) {
            case Outcome::stored:
                last_stored_ = std::max(last_stored_, answer.sequence);
                [[fallthrough]];
            case Outcome::overtaken:  // an earlier try came through: an equal id is an equal message
                outcomes_.push_back({std::move(item.id), true, {}, answer.outcome == Outcome::overtaken});
                break;
            case Outcome::refused:
                queue_->refuse(item.id);
                outcomes_.push_back({std::move(item.id), false, answer.reason});
                break;
            case Outcome::unknown:
                rest.push_back(std::move(item));
                break;
        }
    }
    const bool whole = rest.empty();
    batch_ = std::move(rest);
    if (!whole) {
        DAVENPORT_MARK("a batch of publications leaves messages open");
        ++failures_;
        not_before_ = turn.now.time + backoff_.next(*random_);
        turn.emit(SetTimer{timers::writer, not_before_});
        return false;
    }
    failures_ = 0;
    backoff_.reset();
    if (const auto next_at = sent_at_ + backlog_pace; turn.now.time < next_at && queue_->reads_journal()) {
        not_before_ = next_at;
        turn.emit(SetTimer{timers::writer, not_before_});
    }
    return true;
}

}  // namespace davenport::node::nats
