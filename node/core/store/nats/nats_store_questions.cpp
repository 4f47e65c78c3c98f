#include "node/base/change.hpp"
#include "node/base/json.hpp"
#include "node/base/json_view.hpp"
#include "node/base/message_id.hpp"
#include "node/base/presence.hpp"
#include "node/core/store/nats/nats_store.hpp"

#include <algorithm>
#include <functional>
#include <utility>

namespace davenport::node::nats {
namespace {

constexpr std::size_t rows_of_a_page = 500;
constexpr std::size_t subjects_max = 2'000'000;

StoreNote note_of(std::string id, const StoredMessage& message) {
    base::JsonReader reader;
    const auto document = reader.read(message.payload);
    const bool is_one = document && document->is_object();
    return {std::move(id), std::to_string(message.sequence), is_one ? document->text() : std::string{},
            !is_one};
}

}  // namespace

// ---- one message

Store::RequestId NatsStore::fetch(Turn& turn, std::string_view id, OnLookup on_lookup) {
    const auto question = begin_question();
    questions_[question] = requests_.ask(
        turn, api_.read_last(api_.message_subject(id)), {.timeout = answer_time(*config_)},
        [this, question, wanted = std::string{id}, on_lookup = std::move(on_lookup)](
            Turn& t, const base::NatsMessage* answer, const std::string&) {
            questions_.erase(question);
            const auto read = answer ? read_message_answer(*answer) : ReadAnswer{};
            auto message = read.message ? read_message(wanted, read.message->payload,
                                                       read.message->taken.value_or(t.now.wall))
                                        : std::nullopt;
            const auto found = !read.answered ? Lookup::no_answer : message ? Lookup::known : Lookup::unknown;
            if (message) take_in(t, std::move(*message));
            on_lookup(t, found);
            return read.answered;
        });
    return question;
}

// ---- several

void NatsStore::list(Turn& turn, RequestId question, std::string pattern, std::vector<std::string> found,
                     OnSubjects on_subjects) {
    auto request = api_.stream_info(pattern, found.size());
    questions_[question] = requests_.ask(
        turn, std::move(request), {.timeout = answer_time(*config_)},
        [this, question, pattern = std::move(pattern), so_far = std::move(found),
         on_subjects = std::move(on_subjects)](Turn& t, const base::NatsMessage* answer, const std::string&) {
            questions_.erase(question);
            auto info = answer ? read_stream_info(*answer) : std::nullopt;
            if (!info) return on_subjects(t, nullptr), false;
            auto all = so_far;
            const bool got_some = !info->subjects.empty();
            all.insert(all.end(), info->subjects.begin(), info->subjects.end());
            if (got_some && all.size() < std::min(info->subjects_total, subjects_max))
                list(t, question, pattern, std::move(all), on_subjects);
            else
                on_subjects(t, &all);
            return true;
        });
}

void NatsStore::read_all(Turn& turn, RequestId question, const std::vector<std::string>& subjects,
                         OnPayloads on_payloads) {
    if (subjects.empty()) {
        const std::vector<std::optional<StoredMessage>> none;
        return on_payloads(turn, &none);
    }
    std::vector<base::NatsMessage> messages;
    messages.reserve(subjects.size());
    for (const auto& subject : subjects) messages.push_back(api_.read_last(subject));
    questions_[question] =
        requests_.ask_all(turn, std::move(messages), {.timeout = answer_time(*config_)},
                          [this, question, on_payloads = std::move(on_payloads)](
                              Turn& t, const Requests::Answers& answers, const std::string&) {
                              questions_.erase(question);
                              std::vector<std::optional<StoredMessage>> found;
                              for (const auto& answer : answers) {
                                  auto read = answer ? read_message_answer(*answer) : ReadAnswer{};
                                  if (!read.answered) return on_payloads(t, nullptr), false;
                                  found.push_back(std::move(read.message));
                              }
                              on_payloads(t, &found);
                              return true;
                          });
}

Store::RequestId NatsStore::read_room(Turn& turn, std::string_view room, std::string_view before,
                                      std::size_t limit, OnRoom on_room) {
    const auto question = begin_question();
    list(turn, question, api_.subjects_of_room(room), {},
         [this, question, limit, name = std::string{room}, end = std::string{before},
          on_room = std::move(on_room)](Turn& t, std::vector<std::string>* subjects) {
             if (!subjects) return on_room(t, nullptr);
             // A room's subjects differ in their last token, the letters of the message's place.
             if (!end.empty())
                 std::erase_if(*subjects, [&](const std::string& subject) {
                     return std::string_view{subject}.substr(subject.rfind('.') + 1) >= end;
                 });
             const auto count = static_cast<std::ptrdiff_t>(std::min(subjects->size(), limit + 1));
             std::ranges::partial_sort(*subjects, subjects->begin() + count, std::greater{});
             subjects->resize(static_cast<std::size_t>(count));
             read_all(t, question, *subjects,
                      [this, limit, name, end, on_room, wanted = *subjects](
                          Turn& later, const std::vector<std::optional<StoredMessage>>* found) {
                          if (!found) return on_room(later, nullptr);
                          std::vector<base::ChatMessage> messages;
                          for (std::size_t i = 0; i < found->size(); ++i)
                              if ((*found)[i])
                                  if (auto message = read_message(api_.parse(wanted[i]).id,
                                                                  (*found)[i]->payload, later.now.wall))
                                      messages.push_back(std::move(*message));
                          on_room(later, &messages);
                          if (end.empty() && catching_up())
                              newest_read_[name] = std::max(newest_read_[name], limit);
                          for (auto& message : messages) take_in(later, std::move(message));
                      });
         });
    return question;
}

bool NatsStore::has_newest(std::string_view room, std::size_t limit) const {
    const auto found = newest_read_.find(room);
    return found != newest_read_.end() && found->second >= limit;
}

Store::RequestId NatsStore::read_since(Turn& turn, const Place& place, OnPage on_page) {
    const auto question = begin_question();
    const auto after = StreamPlace::parse(place);
    if (!after) {
        answer_later(turn, question, [on_page = std::move(on_page)](Turn& t) { on_page(t, nullptr, true); });
        return question;
    }
    auto page = std::make_unique<StreamPage>(
        api_, requests_, *random_, answer_time(*config_), std::min(rows_of_a_page, config_->page_rows_max),
        *after, [this, question, on_page = std::move(on_page)](Turn& t, StreamPage::Page* read) {
            if (auto node = pages_.extract(question)) ended_pages_.push_back(std::move(node.mapped()));
            if (!read) return on_page(t, nullptr, false);
            StorePage out{{}, read->next.text(), read->more};
            std::vector<base::ChatMessage> told;  // as the stream has them, whatever is known here
            for (const auto& row : read->rows) {
                const auto parts = api_.parse(row.subject);
                if (parts.kind != SubjectKind::message) continue;
                const base::WallTime taken{std::chrono::microseconds{row.place.taken_ns / 1000}};
                if (auto message = read_message(parts.id, row.payload, taken)) {
                    // A change that nobody was shown yet is shown by its commit, and once.
                    const auto* change = log_->changes().last(parts.id);
                    const auto known = change && !change->shown ? std::nullopt : log_->latest(parts.id);
                    out.messages.push_back(known ? base::later_of(*known, *message) : *message);
                    told.push_back(std::move(*message));
                } else if (const auto known = log_->knows(parts.id) ? log_->latest(parts.id) : std::nullopt) {
                    out.messages.push_back(known->is_removed() ? *known : base::removed_by_store(*known));
                    told.push_back(out.messages.back());
                } else if (auto gone = base::gone_unknown(parts.id)) {
                    out.messages.push_back(*gone);
                    told.push_back(std::move(*gone));
                }
            }
            const auto is_unknown = [](const base::ChatMessage& message) { return message.user().empty(); };
            // What is old to a new node is shown to no follower as it comes in.
            for (const auto& message : out.messages)
                if (!log_->knows(message.id()) && !is_unknown(message) && is_old(t, message)) add(t, message);
            on_page(t, &out, false);
            for (auto& message : told)
                if (is_unknown(message))
                    on_gone_unknown(t, message.id());
                else
                    take_in(t, std::move(message));
        });
    auto& started = *page;
    pages_.emplace(question, std::move(page));
    started.start(turn);
    return question;
}

void NatsStore::cancel(Turn& turn, RequestId request) {
    if (auto found = questions_.find(request); found != questions_.end()) {
        requests_.cancel(turn, found->second);
        questions_.erase(found);
    }
    if (auto page = pages_.extract(request)) {
        page.mapped()->stop(turn);
        ended_pages_.push_back(std::move(page.mapped()));
    }
    answers_.erase(request);
}

void NatsStore::answer_later(Turn& turn, RequestId question, std::function<void(Turn&)> answer) {
    answers_.emplace(question, std::move(answer));
    turn.emit(SetTimer{timers::sign_in, turn.now.time});
}

// ---- people: a stream has no accounts, and a node with --auth couchdb does not start on one

Store::RequestId NatsStore::check_password(Turn& turn, std::string_view, std::string_view,
                                           OnPassword on_password) {
    const auto question = begin_question();
    answer_later(turn, question,
                 [on_password = std::move(on_password)](Turn& t) { on_password(t, Password::no_answer); });
    return question;
}

Store::RequestId NatsStore::read_accounts(Turn& turn, std::vector<std::string>, OnAccounts on_accounts) {
    const auto question = begin_question();
    answer_later(turn, question, [on_accounts = std::move(on_accounts)](Turn& t) {
        on_accounts(t, AccountsAnswer::no_answer, {});
    });
    return question;
}

// ---- notes

Store::RequestId NatsStore::write_note(Turn& turn, const StoreNote& note, OnNoted on_noted) {
    const auto question = begin_question();
    const auto over =
        note.revision.empty() ? 0 : StreamPlace::parse(note.revision + ".0").value_or(StreamPlace{}).sequence;
    questions_[question] = requests_.ask(
        turn, StreamApi::write(api_.note_subject(note.id), "{\"v\":1," + note.body + "}", over),
        {.timeout = answer_time(*config_), .tells_health = false},
        [this, question, on_noted = std::move(on_noted)](Turn& t, const base::NatsMessage* answer,
                                                         const std::string&) {
            questions_.erase(question);
            const auto outcome = answer ? read_write_answer(*answer).outcome : WriteAnswer::Outcome::unknown;
            on_noted(t, outcome == WriteAnswer::Outcome::stored      ? Noted::stored
                        : outcome == WriteAnswer::Outcome::overtaken ? Noted::other_revision
                                                                     : Noted::failed);
            return true;
        });
    return question;
}

Store::RequestId NatsStore::read_note(Turn& turn, const std::string& id, OnNote on_note) {
    const auto question = begin_question();
    read_all(
        turn, question, {api_.note_subject(id)},
        [id, on_note = std::move(on_note)](Turn& t, const std::vector<std::optional<StoredMessage>>* found) {
            if (!found) return on_note(t, nullptr);
            const auto note = found->front() ? note_of(id, *found->front()) : StoreNote{id, {}, {}, false};
            on_note(t, &note);
        });
    return question;
}

Store::RequestId NatsStore::read_notes(Turn& turn, OnNotes on_notes) {
    const auto question = begin_question();
    list(turn, question, api_.subjects_of_notes(), {},
         [this, question, on_notes = std::move(on_notes)](Turn& t, std::vector<std::string>* subjects) {
             if (!subjects) return on_notes(t, nullptr);
             read_all(t, question, *subjects,
                      [this, on_notes, wanted = *subjects](
                          Turn& later, const std::vector<std::optional<StoredMessage>>* found) {
                          if (!found) return on_notes(later, nullptr);
                          std::vector<StoreNote> notes;
                          for (std::size_t i = 0; i < found->size(); ++i)
                              if ((*found)[i])
                                  notes.push_back(note_of(api_.parse(wanted[i]).id, *(*found)[i]));
                          on_notes(later, &notes);
                      });
         });
    return question;
}

// ---- who is there

void NatsStore::publish(Turn& turn, const base::People& people, bool asks, OnPublished on_published) {
    const base::Presence presence{log_->uuid(), config_->name, people, std::string{log_->run()}, asks};
    presence_asked_at_ = turn.now.time;
    presence_request_ = requests_.ask(
        turn,
        StreamApi::write(api_.presence_subject(log_->uuid()), base::to_document(presence, {}),
                         presence_over_),
        {.timeout = answer_time(*config_), .tells_health = false},
        [this, on_published = std::move(on_published)](Turn& t, const base::NatsMessage* answer,
                                                       const std::string&) {
            presence_request_ = 0;
            const auto written = answer ? read_write_answer(*answer) : WriteAnswer{};
            if (written.outcome == WriteAnswer::Outcome::overtaken) {  // something of an earlier life
                presence_request_ = requests_.ask(
                    t, api_.read_last(api_.presence_subject(log_->uuid())),
                    {.timeout = answer_time(*config_), .tells_health = false},
                    [this, on_published](Turn& later, const base::NatsMessage* found, const std::string&) {
                        presence_request_ = 0;
                        const auto read = found ? read_message_answer(*found) : ReadAnswer{};
                        if (!read.answered) return on_published(Published::failed), true;
                        presence_over_ = read.message ? read.message->sequence : 0;
                        const auto document =
                            read.message ? base::parse_json(read.message->payload) : std::nullopt;
                        if (document) on_own_run(later, base::text_member(*document, "run"));
                        on_published(Published::again);
                        return true;
                    });
                return true;
            }
            const bool stored = written.outcome == WriteAnswer::Outcome::stored;
            if (stored) {
                presence_over_ = written.sequence;
                note_time(t);
            }
            on_published(stored ? Published::stored : Published::failed);
            return true;
        });
}

}  // namespace davenport::node::nats
