#include "node/core/stream_erasure.hpp"

#include "node/base/change.hpp"
#include "node/base/chat_message.hpp"
#include "node/base/time.hpp"
#include "node/core/store/nats/stream_api.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace davenport::node {
namespace {

constexpr std::int64_t no_such_sequence = 10043;

}  // namespace

StreamErasure::StreamErasure(Erasure::Config config, StreamAccess store)
    : config_{std::move(config)}, api_{std::make_unique<nats::StreamApi>(std::move(store))} {
    const auto& what = config_.what;
    for (const auto& id : what.ids) subjects_.push_back(api_->message_subject(id));
    std::ranges::reverse(subjects_);
    if (!what.ids.empty()) return;
    if (what.room.empty() || what.room == base::default_room)
        patterns_.push_back(api_->subjects_of_foreign_messages());
    patterns_.push_back(what.room.empty() ? api_->subjects_of_messages() : api_->subjects_of_room(what.room));
}
StreamErasure::~StreamErasure() = default;

std::vector<base::NatsMessage> StreamErasure::requests() const {
    std::vector<base::NatsMessage> out;
    switch (step_) {
        case Step::stream:
            out.push_back(api_->stream_info());
            break;
        case Step::list:
            out.push_back(api_->stream_info(patterns_.back(), listed_));
            break;
        case Step::read: {
            const auto count = std::min(subjects_.size(), config_.write_rows);
            for (auto at = subjects_.rbegin(); out.size() < count; ++at) out.push_back(api_->read_last(*at));
            break;
        }
        case Step::destroy:
            for (const auto& item : items_) out.push_back(api_->delete_securely(item.sequence));
            break;
        case Step::publish:
            for (const auto& item : items_)
                out.push_back(nats::StreamApi::write(item.subject, item.removal, 0));
            break;
        case Step::done:
            break;
    }
    return out;
}

bool StreamErasure::take(const Answers& answers) {
    trouble_ = "no answer came in time";
    switch (step_) {
        case Step::stream:
            return take_stream(answers);
        case Step::list:
            return take_list(answers);
        case Step::read:
            return take_read(answers);
        case Step::destroy:
            return take_destroyed(answers);
        case Step::publish:
            return take_published(answers);
        case Step::done:
            break;
    }
    return true;
}

bool StreamErasure::fail(std::string trouble) {
    trouble_ = std::move(trouble);
    return false;
}

bool StreamErasure::take_stream(const Answers& answers) {
    const auto& answer = answers.at(0);
    if (!answer) return false;
    const auto info = nats::read_stream_info(*answer);
    if (!info) {
        const auto error = nats::error_of(*answer);
        if (error && error->err_code == nats::stream_not_found)
            throw ErasureError("the server has no such stream: check the name behind the servers in --store");
        return fail(error ? error->description : "an answer that is not JetStream's");
    }
    if (!info->one_per_subject)
        throw ErasureError("that stream is no chat's: it keeps more than one message of a subject");
    replicas_ = info->replicas;
    progress_.of = config_.what.ids.empty() ? info->messages : config_.what.ids.size();
    go_on();
    return true;
}

bool StreamErasure::take_list(const Answers& answers) {
    if (!answers.at(0)) return false;
    const auto info = nats::read_stream_info(*answers.at(0));
    if (!info) return fail(nats::error_of(*answers.at(0))->description);
    listed_ += info->subjects.size();
    subjects_.insert(subjects_.end(), info->subjects.begin(), info->subjects.end());
    if (info->subjects.empty() || listed_ >= info->subjects_total) {
        patterns_.pop_back();
        listed_ = 0;
    }
    go_on();
    return true;
}

bool StreamErasure::take_read(const Answers& answers) {
    std::vector<std::optional<nats::StoredMessage>> found;
    for (const auto& answer : answers) {
        auto read = answer ? nats::read_message_answer(*answer) : nats::ReadAnswer{};
        if (answer && !read.answered) trouble_ = "it reads nothing: nobody leads the servers";
        if (!read.answered) return false;
        found.push_back(std::move(read.message));
    }
    for (const auto& message : found) {
        const auto subject = std::move(subjects_.back());
        subjects_.pop_back();
        const bool is_first_look = !counted_.contains(subject);
        progress_.documents += is_first_look ? 1 : 0;
        if (message)
            take_message(subject, message->sequence, message->payload);
        else if (is_first_look && !config_.what.ids.empty())
            progress_.missing.push_back(id_of(subject));
    }
    go_on();
    return true;
}

void StreamErasure::take_message(const std::string& subject, std::uint64_t sequence,
                                 const std::string& payload) {
    const auto message = nats::read_chat_message(payload, base::wall_from_unix_ms(config_.key.unix_ms));
    const bool is_first_look = counted_.erase(subject) == 0;
    if (!message) {
        if (is_first_look && !config_.what.ids.empty()) progress_.missing.push_back(id_of(subject));
        return;
    }
    const auto unix_ms = base::key_of_position(message->position()).unix_ms;
    if (!config_.what.covers(*message, unix_ms)) return;
    if (is_first_look) progress_.count(*message, unix_ms);
    const auto removal = base::removed(*message, config_.key, config_.by);
    if (message->is_removed()) {  // by this erasure, whose answer was lost, or by somebody else
        const bool is_ours = !is_first_look && message->removed() == removal.removed();
        ++(is_ours ? progress_.erased : progress_.removed_before);
        return;
    }
    items_.push_back({std::string{message->id()}, subject, sequence, base::to_document(removal),
                      !message->edited().empty()});
}

/// A sequence that is not there was deleted by a request whose answer was lost, or was written over: the
/// publication finds out.
bool StreamErasure::take_destroyed(const Answers& answers) {
    for (const auto& answer : answers) {
        const auto error = answer ? nats::error_of(*answer) : std::nullopt;
        if (!answer) return false;
        if (error && error->err_code != no_such_sequence) return fail(error->description);
    }
    step_ = Step::publish;
    return true;
}

bool StreamErasure::take_published(const Answers& answers) {
    using Outcome = nats::WriteAnswer::Outcome;
    std::vector<Item> open;
    for (std::size_t i = 0; i < items_.size(); ++i) {
        auto& item = items_[i];
        const auto answer = answers.at(i) ? nats::read_write_answer(*answers.at(i)) : nats::WriteAnswer{};
        switch (answer.outcome) {
            case Outcome::stored:
                ++progress_.erased;
                edited_ += item.was_edited ? 1 : 0;
                break;
            case Outcome::overtaken:  // by a node that wrote it again, or by this, without an answer
                counted_.insert(item.subject);
                subjects_.push_back(std::move(item.subject));
                break;
            case Outcome::refused:
                progress_.refused.push_back({item.id, answer.reason});
                break;
            case Outcome::unknown:
                if (!answer.reason.empty()) trouble_ = answer.reason;
                open.push_back(std::move(item));
                break;
        }
    }
    items_ = std::move(open);
    if (!items_.empty()) return false;
    go_on();
    return true;
}

void StreamErasure::go_on() {
    if (config_.dry_run) items_.clear();
    step_ = !items_.empty()      ? Step::destroy
            : !patterns_.empty() ? Step::list
            : !subjects_.empty() ? Step::read
                                 : Step::done;
}

std::string StreamErasure::id_of(const std::string& subject) const { return api_->parse(subject).id; }

}  // namespace davenport::node
