#include "sim/virtual/model_jetstream.hpp"

#include "node/base/http.hpp"
#include "node/base/json.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace davenport::sim::virtual_world {
namespace {

constexpr std::string_view api = "$JS.API.";
constexpr std::string_view flow_control = "$JS.FC.";
constexpr std::string_view expected = "Nats-Expected-Last-Subject-Sequence";
constexpr std::uint64_t flow_messages = 64;  // then it waits for a word of its reader
constexpr std::size_t subjects_told_max = 100'000;

std::string error(int code, int err_code, std::string_view description) {
    return fmt::format(R"({{"error":{{"code":{},"err_code":{},"description":"{}"}}}})", code, err_code,
                       description);
}

std::string quoted(std::string_view text) {
    std::string out;
    base::append_json_string(out, text);
    return out;
}

std::int64_t unix_ns(base::WallTime wall) { return wall.time_since_epoch().count() * 1000; }

std::string rfc3339(base::WallTime wall) {
    auto text = base::iso8601(wall);
    text.insert(text.size() - 1, fmt::format("{:06}", unix_ns(wall) % 1'000'000));
    return text;
}

std::string rfc3339_of_ns(std::int64_t ns) {
    auto text = base::iso8601(base::WallTime{std::chrono::microseconds{ns / 1000}});
    text.insert(text.size() - 1, fmt::format("{:06}", ns % 1'000'000));
    return text;
}

/// The next token of `text`, which is taken off it.
std::string_view take_token(std::string_view& text) {
    const auto dot = std::min(text.find('.'), text.size());
    const auto token = text.substr(0, dot);
    text.remove_prefix(std::min(dot + 1, text.size()));
    return token;
}

bool matches(std::string_view subject, std::string_view pattern) {
    while (!pattern.empty()) {
        const auto wanted = take_token(pattern);
        if (wanted == ">") return !subject.empty();
        if (subject.empty()) return false;
        const auto token = take_token(subject);
        if (wanted != "*" && wanted != token) return false;
    }
    return subject.empty();
}

}  // namespace

void ModelJetStream::disconnected(ConnectionId connection) {
    std::erase_if(listeners_, [&](const auto& entry) { return entry.second == connection; });
    std::erase_if(consumers_, [&](const auto& entry) {
        return !entry.second.inbox.empty() && !listeners_.contains(entry.second.inbox);
    });
}

void ModelJetStream::answer(ConnectionId to, const base::NatsMessage& request, std::string payload,
                            Deliveries& out) {
    if (!request.reply.empty())
        out.push_back({to, request.reply, {.subject = request.reply, .payload = std::move(payload)}});
}

ModelJetStream::Deliveries ModelJetStream::publish(ConnectionId from, const base::NatsMessage& message,
                                                   base::Now now) {
    Deliveries out;
    if (message.subject.starts_with(api)) {
        on_api(from, message, now, out);
    } else if (message.subject.starts_with(flow_control)) {
        for (auto& [name, consumer] : consumers_)
            if (consumer.stalled == message.subject) {
                consumer.stalled.clear();
                consumer.untold_flow = 0;
                push(name, consumer, now.time, out);
                break;
            }
    } else if (created_.empty() || !message.subject.starts_with(stream_ + '.')) {
        if (!message.reply.empty())
            out.push_back({from, message.reply, {.subject = message.reply, .status = 503}});
    } else if (!would_take(message)) {
        answer(from, message,
               error(400, 10071, fmt::format("wrong last sequence: {}", last_sequence(message.subject))),
               out);
    } else if (gives_up_ > 0) {
        give_up(from, message, now, out);
    } else {
        return store(from, message, now);
    }
    return out;
}

void ModelJetStream::give_up(ConnectionId from, const base::NatsMessage& message, base::Now now,
                             Deliveries& out) {
    --gives_up_;
    auto sequence = last_sequence_ + 1;
    for (auto& [name, consumer] : consumers_) {
        const auto listener = listeners_.find(consumer.inbox);
        if (listener == listeners_.end() || listener->second != from || consumer.pending > 0) continue;
        sequence = consumer.next = std::max(consumer.next, sequence);
        const std::map<Sequence, Stored> one{
            {sequence, {message.subject, message.payload, unix_ns(now.wall)}}};
        ++consumer.pending;
        out.push_back({from, consumer.inbox, row(name, consumer, one.begin())});
    }
    answer(from, message, fmt::format(R"({{"stream":"{}","seq":{}}})", stream_, sequence), out);
}

ModelJetStream::Sequence ModelJetStream::last_sequence(std::string_view subject) const {
    const auto found = last_.find(subject);
    return found == last_.end() ? Sequence{0} : found->second;
}

bool ModelJetStream::would_take(const base::NatsMessage& message) const {
    if (created_.empty() || !message.subject.starts_with(stream_ + '.')) return false;
    const auto wanted = base::header(message.headers, expected);
    return wanted.empty() || wanted == std::to_string(last_sequence(message.subject));
}

ModelJetStream::Deliveries ModelJetStream::store(ConnectionId from, const base::NatsMessage& message,
                                                 base::Now now) {
    Deliveries out;
    if (created_.empty()) return out;
    const auto last = last_sequence(message.subject);
    if (last != 0 && base::header(message.headers, expected) == "0") {
        answer(from, message, error(400, 10071, fmt::format("wrong last sequence: {}", last)), out);
        return out;
    }
    const auto sequence = append(message.subject, message.payload, now, out);
    answer(from, message, fmt::format(R"({{"stream":"{}","seq":{}}})", stream_, sequence), out);
    return out;
}

ModelJetStream::Sequence ModelJetStream::append(const std::string& subject, const std::string& payload,
                                                base::Now now, Deliveries& out) {
    const auto sequence = ++last_sequence_;
    Undo undo{sequence, std::nullopt};
    if (const auto before = last_.find(subject); before != last_.end()) {
        auto node = messages_.extract(before->second);
        for (auto& [name, consumer] : consumers_)
            if (has_row(consumer, node.key())) --consumer.pending;
        undo.replaced.emplace(node.key(), std::move(node.mapped()));
    }
    unsynced_.push_back(std::move(undo));
    // Two of one microsecond have two times, as on a real server.
    messages_.emplace(
        sequence, Stored{subject, payload, unix_ns(now.wall) + static_cast<std::int64_t>(sequence % 1000)});
    last_[subject] = sequence;
    for (auto& [name, consumer] : consumers_) {
        if (has_row(consumer, sequence)) ++consumer.pending;
        push(name, consumer, now.time, out);
    }
    return sequence;
}

bool ModelJetStream::lacks(std::size_t server, Sequence sequence) const {
    const auto found = lacks_.find(server);
    return found != lacks_.end() && found->second.contains(sequence);
}

const ModelJetStream::Stored* ModelJetStream::last(std::string_view subject) const {
    const auto found = last_.find(subject);
    return found == last_.end() ? nullptr : &messages_.at(found->second);
}

// ---- the API

std::string ModelJetStream::info(const base::NatsMessage& request) const {
    std::string subjects;
    std::size_t total = 0;
    const auto wanted = base::parse_json(request.payload);
    if (const auto pattern = wanted ? base::text_member(*wanted, "subjects_filter") : std::string{};
        !pattern.empty()) {
        const auto offset = static_cast<std::size_t>(base::int_member(*wanted, "offset").value_or(0));
        for (const auto& [subject, sequence] : last_) {
            if (!matches(subject, pattern) || total++ < offset || total > offset + subjects_told_max)
                continue;
            subjects += (subjects.empty() ? "" : ",") + quoted(subject) + ":1";
        }
        subjects = R"(,"subjects":{)" + subjects + '}';
    }
    return fmt::format(
        R"({{"total":{},"offset":0,"limit":{},"created":"{}","config":{{"name":"{}","num_replicas":{},"max_msgs_per_subject":1}},)"
        R"("state":{{"messages":{},"first_seq":{},"last_seq":{}{}}}}})",
        total, subjects_told_max, created_, stream_, replicas_, messages_.size(),
        messages_.empty() ? last_sequence_ + 1 : messages_.begin()->first, last_sequence_, subjects);
}

void ModelJetStream::on_api(ConnectionId from, const base::NatsMessage& message, base::Now now,
                            Deliveries& out) {
    auto rest = std::string_view{message.subject}.substr(api.size());
    auto what = std::string{take_token(rest)} + '.';
    what += take_token(rest);
    if (unavailable_ && what != "STREAM.INFO" && what != "CONSUMER.MSG" && what != "DIRECT.GET")
        return answer(from, message, error(503, 10008, "JetStream system temporarily unavailable"), out);
    if (what == "STREAM.CREATE") {
        if (created_.empty()) created_ = rfc3339(now.wall);  // else it is as it is asked for already
        stream_ = rest;
        return answer(from, message, info({}), out);
    }
    if (created_.empty()) return answer(from, message, error(404, 10059, "stream not found"), out);
    if (what == "STREAM.INFO") return answer(from, message, info(message), out);
    if (what == "STREAM.DELETE") {
        delete_stream();
        return answer(from, message, R"({"success":true})", out);
    }
    if (what == "DIRECT.GET") return read_directly(from, message, out);
    if (what == "STREAM.MSG" && take_token(rest) == "DELETE") return delete_message(from, message, out);
    if (what == "STREAM.MSG") return read_message(from, message, out);
    if (what == "CONSUMER.CREATE") return make_consumer(from, message, now, out);
    if (what == "CONSUMER.MSG") {  // NEXT.<stream>.<consumer>
        const auto name = std::string{rest.substr(rest.rfind('.') + 1)};
        const auto found = consumers_.find(name);
        if (found == consumers_.end()) {
            out.push_back({from, message.reply, {.subject = message.reply, .status = 503}});
            return;
        }
        if (silent_.contains(found->second.home)) return;
        const auto wanted = base::parse_json(message.payload);
        auto left = wanted ? base::int_member(*wanted, "batch").value_or(1) : 1;
        auto& consumer = found->second;
        const auto before = consumer.number;
        for (auto at = messages_.lower_bound(consumer.next); at != messages_.end() && left > 0; ++at) {
            if (lacks(consumer.home, at->first)) continue;
            out.push_back({from, message.reply, row(name, consumer, at)});
            --left;
        }
        const int status = found->second.number == before ? 404 : 408;  // none, or fewer than asked for
        if (left > 0) out.push_back({from, message.reply, {.subject = message.reply, .status = status}});
        return;
    }
    answer(from, message, error(400, 10025, "bad request"), out);
}

// ---- single messages

/// By the last of a subject, or the next from a sequence on.
std::map<ModelJetStream::Sequence, ModelJetStream::Stored>::const_iterator ModelJetStream::find(
    const base::NatsMessage& message, bool of_leader) const {
    const auto wanted = base::parse_json(message.payload);
    if (!wanted) return messages_.end();
    const auto pattern = base::text_member(*wanted, "next_by_subj");
    if (pattern.empty()) {
        const auto last = last_.find(base::text_member(*wanted, "last_by_subj"));
        return last == last_.end() ? messages_.end() : messages_.find(last->second);
    }
    auto at = messages_.lower_bound(static_cast<Sequence>(base::int_member(*wanted, "seq").value_or(0)));
    while (at != messages_.end() &&
           (!matches(at->second.subject, pattern) || (!of_leader && lacks(home_, at->first))))
        ++at;
    return at;
}

void ModelJetStream::read_message(ConnectionId from, const base::NatsMessage& message,
                                  Deliveries& out) const {
    const auto found = find(message, true);
    if (found == messages_.end()) return answer(from, message, error(404, 10037, "no message found"), out);
    answer(from, message,
           fmt::format(R"({{"message":{{"subject":{},"seq":{},"data":"{}","time":"{}"}}}})",
                       quoted(found->second.subject), found->first,
                       base::base64_encode(found->second.payload), rfc3339_of_ns(found->second.taken_ns)),
           out);
}

void ModelJetStream::read_directly(ConnectionId from, const base::NatsMessage& message,
                                   Deliveries& out) const {
    const auto found = find(message, false);
    if (message.reply.empty()) return;
    if (found == messages_.end()) {
        out.push_back({from, message.reply, {.subject = message.reply, .status = 404}});
        return;
    }
    out.push_back({from,
                   message.reply,
                   {.subject = message.reply,
                    .headers = {{"Nats-Subject", found->second.subject},
                                {"Nats-Sequence", std::to_string(found->first)},
                                {"Nats-Time-Stamp", rfc3339_of_ns(found->second.taken_ns)}},
                    .payload = found->second.payload}});
}

void ModelJetStream::delete_message(ConnectionId from, const base::NatsMessage& message, Deliveries& out) {
    const auto wanted = base::parse_json(message.payload);
    const auto found =
        messages_.find(wanted ? static_cast<Sequence>(base::int_member(*wanted, "seq").value_or(0)) : 0);
    if (found == messages_.end()) return answer(from, message, error(400, 10043, "sequence not found"), out);
    for (auto& [name, consumer] : consumers_)
        if (has_row(consumer, found->first)) --consumer.pending;
    last_.erase(found->second.subject);
    messages_.erase(found);
    answer(from, message, R"({"success":true})", out);
}

void ModelJetStream::make_consumer(ConnectionId from, const base::NatsMessage& message, base::Now now,
                                   Deliveries& out) {
    const auto request = base::parse_json(message.payload);
    const auto* config = request ? base::member(*request, "config") : nullptr;
    if (!config) return answer(from, message, error(400, 10025, "bad request"), out);
    Consumer consumer{.inbox = base::text_member(config, "deliver_subject")};
    const auto policy = base::text_member(config, "deliver_policy");
    if (policy == "new") {
        consumer.next = last_sequence_ + 1;
    } else if (policy == "by_start_sequence") {
        const auto start = static_cast<Sequence>(base::int_member(*config, "opt_start_seq").value_or(1));
        consumer.next =
            std::min(start, last_sequence_ + 1);  // beyond its end a stream's next message is the first
    } else if (policy == "by_start_time") {
        const auto text = base::text_member(config, "opt_start_time");
        // Nanoseconds count: the rest of them stands behind the milliseconds.
        const auto start = base::parse_datetime(text.substr(0, 23) + 'Z');
        const auto more = std::stoll(text.substr(23, 6));
        const auto ns = start ? unix_ns(*start) + more : 0;
        const auto first =
            std::ranges::find_if(messages_, [&](const auto& entry) { return entry.second.taken_ns >= ns; });
        consumer.next = first == messages_.end() ? last_sequence_ + 1 : first->first;
    }
    consumer.heartbeat = base::Duration{base::int_member(*config, "idle_heartbeat").value_or(0) / 1000};
    consumer.next_heartbeat = now.time + consumer.heartbeat;
    consumer.home = home_;
    consumer.pending = static_cast<std::uint64_t>(
        std::count_if(messages_.lower_bound(consumer.next), messages_.end(),
                      [&](const auto& entry) { return !lacks(home_, entry.first); }));
    const auto name = fmt::format("c{:08}", ++consumers_made_);
    answer(from, message, fmt::format(R"({{"name":"{}","num_pending":{}}})", name, consumer.pending), out);
    auto& made = consumers_.emplace(name, std::move(consumer)).first->second;
    push(name, made, now.time, out);
}

base::NatsMessage ModelJetStream::row(const std::string& name, Consumer& consumer,
                                      std::map<Sequence, Stored>::const_iterator at) const {
    consumer.next = at->first + 1;
    --consumer.pending;
    return {.subject = at->second.subject,
            .reply = fmt::format("$JS.ACK.{}.{}.1.{}.{}.{}.{}", stream_, name, at->first, ++consumer.number,
                                 at->second.taken_ns, consumer.pending),
            .payload = at->second.payload};
}

void ModelJetStream::push(const std::string& name, Consumer& consumer, base::Time now, Deliveries& out) {
    const auto listener = listeners_.find(consumer.inbox);
    if (consumer.inbox.empty() || listener == listeners_.end() || silent_.contains(consumer.home)) return;
    for (auto at = messages_.lower_bound(consumer.next); at != messages_.end() && consumer.stalled.empty();
         ++at) {
        if (lacks(consumer.home, at->first)) continue;
        out.push_back({listener->second, consumer.inbox, row(name, consumer, at)});
        consumer.next_heartbeat = now + consumer.heartbeat;
        if (++consumer.untold_flow < flow_messages) continue;
        consumer.stalled = fmt::format("{}{}.{}.{}", flow_control, stream_, name, consumer.number);
        out.push_back({listener->second,
                       consumer.inbox,
                       {.subject = consumer.inbox, .reply = consumer.stalled, .status = 100}});
    }
}

// ---- time

std::optional<base::Time> ModelJetStream::next_time() const {
    std::optional<base::Time> next;
    for (const auto& [name, consumer] : consumers_)
        if (!consumer.inbox.empty() && consumer.heartbeat.count() > 0 && !silent_.contains(consumer.home))
            next = std::min(next.value_or(consumer.next_heartbeat), consumer.next_heartbeat);
    return next;
}

ModelJetStream::Deliveries ModelJetStream::on_time(base::Time now) {
    Deliveries out;
    std::erase_if(consumers_, [&](const auto& entry) {
        return !entry.second.inbox.empty() && !listeners_.contains(entry.second.inbox);
    });
    for (auto& [name, consumer] : consumers_) {
        if (consumer.inbox.empty() || consumer.heartbeat.count() == 0 || now < consumer.next_heartbeat ||
            silent_.contains(consumer.home))
            continue;
        consumer.next_heartbeat = now + consumer.heartbeat;
        base::NatsMessage beat{.subject = consumer.inbox,
                               .headers = {{"Nats-Last-Consumer", std::to_string(consumer.number)},
                                           {"Nats-Last-Stream", std::to_string(consumer.next - 1)}},
                               .status = 100};
        if (!consumer.stalled.empty()) beat.headers.emplace_back("Nats-Consumer-Stalled", consumer.stalled);
        out.push_back({listeners_.at(consumer.inbox), consumer.inbox, std::move(beat)});
    }
    return out;
}

// ---- a server of a cluster

void ModelJetStream::lose_home(std::size_t server) {
    std::erase_if(consumers_, [&](const auto& entry) { return entry.second.home == server; });
}

void ModelJetStream::set_silent(std::size_t server, bool silent) {
    silent ? void(silent_.insert(server)) : void(silent_.erase(server));
}

ModelJetStream::Deliveries ModelJetStream::push_all(base::Time now) {
    Deliveries out;
    for (auto& [name, consumer] : consumers_) push(name, consumer, now, out);
    return out;
}

// ---- what may happen to it

void ModelJetStream::restart() {
    consumers_.clear();
    listeners_.clear();
}

std::size_t ModelJetStream::lose_unsynced() {
    const auto lost = unsynced_.size();
    for (auto undo = unsynced_.rbegin(); undo != unsynced_.rend(); ++undo) {
        if (const auto found = messages_.find(undo->sequence); found != messages_.end()) {  // else deleted
            last_.erase(found->second.subject);
            messages_.erase(found);
        }
        last_sequence_ = undo->sequence - 1;
        if (!undo->replaced) continue;
        last_[undo->replaced->second.subject] = undo->replaced->first;
        messages_.emplace(undo->replaced->first, std::move(undo->replaced->second));
    }
    unsynced_.clear();
    restart();
    return lost;
}

std::size_t ModelJetStream::lose_part(std::size_t count, std::size_t after) {
    if (messages_.size() < count + after) return 0;
    const auto begin = messages_.size() - after - count;
    std::map<Sequence, Stored> kept;
    last_.clear();
    for (std::size_t i = 0; auto& [sequence, stored] : messages_) {
        const auto at = i++;
        if (at >= begin && at < begin + count) continue;
        const auto number = at < begin ? sequence : sequence - count;
        last_[stored.subject] = number;
        kept.emplace(number, std::move(stored));
    }
    messages_ = std::move(kept);
    lacks_.clear();
    last_sequence_ -= count;
    unsynced_.clear();
    restart();
    return count;
}

bool ModelJetStream::delete_stream() {
    consumers_.clear();
    messages_.clear();
    last_.clear();
    unsynced_.clear();
    lacks_.clear();
    last_sequence_ = 0;
    return !std::exchange(created_, {}).empty();
}

ModelJetStream::Deliveries ModelJetStream::drop_consumers() {
    Deliveries out;
    for (const auto& [name, consumer] : consumers_)
        if (const auto listener = listeners_.find(consumer.inbox); listener != listeners_.end())
            out.push_back({listener->second, consumer.inbox, {.subject = consumer.inbox, .status = 409}});
    consumers_.clear();
    return out;
}

}  // namespace davenport::sim::virtual_world
