#include "node/core/store/nats/stream_change_writer.hpp"

#include "node/base/change.hpp"
#include "node/base/json_view.hpp"
#include "node/base/mark.hpp"

#include <algorithm>
#include <compare>

namespace davenport::node::nats {
namespace {

constexpr std::size_t changes_at_once = 100;

}  // namespace

StreamChangeWriter::StreamChangeWriter(const ChatConfig& config, const StreamApi& api, Requests& requests,
                                       base::Random& random, ChangeQueue& queue, const StreamHealth& health)
    : request_timeout_{answer_time(config)},
      api_{&api},
      requests_{&requests},
      queue_{&queue},
      health_{&health},
      random_{&random},
      backoff_{pause_least, pause_most} {}

void StreamChangeWriter::store_changed(bool keep) {
    put_back();
    if (!keep) queue_->clear();
}

void StreamChangeWriter::start_over(Turn& turn) {
    requests_->cancel(turn, request_);
    put_back();
    not_before_ = turn.now.time;
    backoff_.reset();
}

void StreamChangeWriter::put_back() {
    requests_->forget(request_);
    for (auto item = batch_.rbegin(); item != batch_.rend(); ++item) queue_->put_first(item->message);
    batch_.clear();
}

void StreamChangeWriter::pump(Turn& turn) {
    if (request_ != 0 || !health_->usable() || turn.now.time < not_before_) return;
    while (batch_.size() < changes_at_once && !queue_->empty()) {
        base::ChatMessage message;
        if (queue_->take(message)) batch_.push_back({std::move(message)});
    }
    if (batch_.empty()) return;
    sent_to_ = health_->generation();
    if (std::ranges::any_of(batch_, [](const Item& item) { return item.document.empty(); }))
        read(turn);
    else
        write(turn);
}

void StreamChangeWriter::read(Turn& turn) {
    std::vector<base::NatsMessage> messages;
    for (const auto& item : batch_)
        messages.push_back(api_->read_last(api_->message_subject(item.message.id())));
    request_ = requests_->ask_all(turn, std::move(messages), {.timeout = request_timeout_},
                                  [this](Turn& t, const Requests::Answers& answers, const std::string&) {
                                      request_ = 0;
                                      return on_read(t, answers);
                                  });
}

void StreamChangeWriter::write(Turn& turn) {
    std::vector<base::NatsMessage> messages;
    for (auto& item : batch_) {
        item.sent = true;
        messages.push_back(
            StreamApi::write(api_->message_subject(item.message.id()), item.document, item.over));
    }
    request_ = requests_->ask_all(turn, std::move(messages), {.timeout = request_timeout_},
                                  [this](Turn& t, const Requests::Answers& answers, const std::string&) {
                                      request_ = 0;
                                      return on_written(t, answers);
                                  });
}

bool StreamChangeWriter::on_read(Turn& turn, const Requests::Answers& answers) {
    if (sent_to_ != health_->generation()) return put_back(), true;
    bool good = true;
    for (std::size_t i = 0; i < batch_.size(); ++i) {
        auto& item = batch_[i];
        const auto read = answers[i] ? read_message_answer(*answers[i]) : ReadAnswer{};
        if (!read.answered) {
            good = false;
        } else if (read.message) {
            decide(item, *read.message, turn.now.wall);
        } else {
            item.document = base::to_document(item.message);
            item.over = 0;
        }
    }
    std::erase_if(batch_, [](const Item& item) { return item.done; });
    return good || pause(turn);
}

void StreamChangeWriter::decide(Item& item, const StoredMessage& found, base::WallTime now) {
    using Kind = ChangeOutcome::Kind;
    const auto& message = item.message;
    base::JsonReader reader;
    const auto document = reader.read(found.payload);
    const auto theirs =
        document && document->is_object() ? base::from_document(*document, now) : std::nullopt;
    if (!theirs) {  // somebody emptied it: a removal
        if (message.is_removed()) return done(item, Kind::stored);
        outcomes_.push_back({Kind::overtaken, message, base::removed_by_store(message)});
        item.done = true;
        return;
    }
    const auto order = base::compare_states(message, *theirs);
    if (std::is_eq(order)) return done(item, Kind::stored);
    if (std::is_gt(order)) {
        item.document = base::to_document(message, *document);
        item.over = found.sequence;
        return;
    }
    outcomes_.push_back({Kind::overtaken, message, theirs});
    item.done = true;
}

bool StreamChangeWriter::on_written(Turn& turn, const Requests::Answers& answers) {
    using Outcome = WriteAnswer::Outcome;
    if (sent_to_ != health_->generation()) return put_back(), true;
    bool good = true;
    for (std::size_t i = 0; i < batch_.size(); ++i) {
        auto& item = batch_[i];
        const auto answer = answers[i] ? read_write_answer(*answers[i]) : WriteAnswer{};
        if (answer.outcome == Outcome::stored) {
            done(item, ChangeOutcome::Kind::stored);
        } else if (answer.outcome == Outcome::refused) {
            done(item, ChangeOutcome::Kind::refused, answer.reason);
        } else {
            item.document.clear();  // somebody was faster; or nobody knows: what the stream has is read again
            good &= answer.outcome == Outcome::overtaken;
        }
    }
    std::erase_if(batch_, [](const Item& item) { return item.done; });
    if (!good) return pause(turn);
    if (batch_.empty()) backoff_.reset();
    return true;
}

/// Gives false: the answers were of no use.
bool StreamChangeWriter::pause(Turn& turn) {
    not_before_ = turn.now.time + backoff_.next(*random_);
    turn.emit(SetTimer{timers::changes, not_before_});
    return false;
}

void StreamChangeWriter::done(Item& item, ChangeOutcome::Kind kind, std::string reason) {
    outcomes_.push_back({kind, item.message, std::nullopt, std::move(reason), item.sent});
    item.done = true;
}

}  // namespace davenport::node::nats
