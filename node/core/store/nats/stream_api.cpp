#include "node/core/store/nats/stream_api.hpp"

#include "node/base/chat_message.hpp"
#include "node/base/json.hpp"
#include "node/base/json_view.hpp"
#include "node/base/message_id.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

namespace davenport::node::nats {
namespace {

// Errors that say that this message will never be taken.
constexpr std::int64_t message_too_large = 10054, header_too_large = 10097;
constexpr std::int64_t wrong_last_sequence = 10071;
/// The world's own, in place of an answer: the server takes no message of that size.
constexpr int payload_too_large = 413;

constexpr auto nanoseconds_of_consumer = 5'000'000'000;  // without anybody who listens, until it is dropped

bool is_plain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

template <class Number>
bool read_number(std::string_view text, Number& into) {
    const auto* end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, into);
    return result.ec == std::errc{} && result.ptr == end && !text.empty();
}

std::uint64_t count_member(const base::JsonView& value, std::string_view key) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(base::int_member(value, key).value_or(0), 0));
}

std::string quoted(std::string_view text) {
    std::string out;
    base::append_json_string(out, text);
    return out;
}

/// Of "2026-11-30T18:05:48.123456789Z", without the zeros at its end; nothing when it is not one.
std::optional<std::int64_t> read_rfc3339(std::string_view text) {
    constexpr std::size_t whole = std::string_view{"2026-11-30T18:05:48"}.size();
    if (text.size() <= whole) return std::nullopt;
    const auto seconds = base::parse_datetime(std::string{text.substr(0, whole)} + 'Z');
    if (!seconds) return std::nullopt;
    std::int64_t ns = 0, unit = 100'000'000;
    if (text[whole] == '.')
        for (auto c = text.begin() + whole + 1; c != text.end() && *c >= '0' && *c <= '9'; ++c, unit /= 10)
            ns += (*c - '0') * unit;
    return base::unix_ms(*seconds) * 1'000'000 + ns;
}

/// "2026-11-30T18:05:48.123456789Z"
std::string rfc3339(std::int64_t ns) {
    constexpr std::int64_t a_second = 1'000'000'000;
    const auto whole = base::wall_from_unix_ms(ns / 1'000'000);
    auto text = base::iso8601(whole);  // to the millisecond
    const auto dot = text.find('.');
    return fmt::format("{}.{:09}Z", text.substr(0, dot == std::string::npos ? text.size() - 1 : dot),
                       ns % a_second);
}

}  // namespace

// ---- places

std::optional<StreamPlace> StreamPlace::parse(std::string_view text) {
    if (text.empty() || text == "0") return StreamPlace{};
    const auto dot = text.find('.');
    StreamPlace out;
    if (dot == std::string_view::npos || !read_number(text.substr(0, dot), out.sequence) ||
        !read_number(text.substr(dot + 1), out.taken_ns) || out.taken_ns < 0)
        return std::nullopt;
    return out;
}

std::string StreamPlace::text() const {
    return sequence == 0 ? std::string{"0"} : fmt::format("{}.{}", sequence, taken_ns);
}

// ---- subjects

std::string encode_token(std::string_view bytes) {
    if (bytes.empty()) return "=";  // a token has a byte at least
    std::string out;
    for (const char c : bytes)
        if (is_plain(c))
            out += c;
        else
            fmt::format_to(std::back_inserter(out), "={:02X}", static_cast<unsigned char>(c));
    return out;
}

std::optional<std::string> decode_token(std::string_view token) {
    if (token == "=") return std::string{};
    std::string out;
    while (!token.empty()) {
        if (is_plain(token.front())) {
            out += token.front();
            token.remove_prefix(1);
            continue;
        }
        unsigned byte = 0;
        if (token.front() != '=' || token.size() < 3 ||
            std::from_chars(token.data() + 1, token.data() + 3, byte, 16).ptr != token.data() + 3)
            return std::nullopt;
        out += static_cast<char>(byte);
        token.remove_prefix(3);
    }
    return out.empty() ? std::nullopt : std::optional{out};
}

std::string StreamApi::subject(char kind, std::string_view id) const {
    return fmt::format("{}.{}.{}", access_.stream, kind, encode_token(id));
}

std::string StreamApi::message_subject(std::string_view id) const {
    const auto parts = base::parse_message_id(id);
    if (!parts) return subject('f', id);
    return fmt::format("{}.m.{}.{}", access_.stream, encode_token(parts->room), parts->letters);
}

std::string StreamApi::subjects_of_room(std::string_view room) const {
    return fmt::format("{}.m.{}.*", access_.stream, encode_token(room));
}

SubjectParts StreamApi::parse(std::string_view subject) const {
    if (!subject.starts_with(access_.stream)) return {};
    auto rest = subject.substr(access_.stream.size());
    if (rest == ".g") return {SubjectKind::generation, {}};
    if (rest.size() < 4 || rest[0] != '.' || rest[2] != '.') return {};
    const char kind = rest[1];
    rest.remove_prefix(3);
    if (kind == 'm') {
        const auto dot = rest.find('.');
        const auto room = dot == std::string_view::npos ? std::nullopt : decode_token(rest.substr(0, dot));
        if (!room) return {};
        auto id = *room + ':' + std::string{rest.substr(dot + 1)};
        if (!base::parse_message_id(id)) return {};
        return {SubjectKind::message, std::move(id)};
    }
    auto id = decode_token(rest);
    if (!id) return {};
    switch (kind) {
        case 'f':
            return {SubjectKind::message, std::move(*id)};
        case 'p':
            return {SubjectKind::policy, std::move(*id)};
        case 'n':
            return {SubjectKind::note, std::move(*id)};
        case 'w':
            return {SubjectKind::presence, std::move(*id)};
        default:
            return {};
    }
}

// ---- requests

base::NatsMessage StreamApi::stream_info(std::string_view subjects, std::size_t offset) const {
    std::string payload;
    if (!subjects.empty())
        payload = fmt::format(R"({{"subjects_filter":{},"offset":{}}})", quoted(subjects), offset);
    return {.subject = "$JS.API.STREAM.INFO." + access_.stream, .payload = std::move(payload)};
}

base::NatsMessage StreamApi::make_stream() const {
    return {
        .subject = "$JS.API.STREAM.CREATE." + access_.stream,
        .payload = fmt::format(
            R"({{"name":"{0}","subjects":["{0}.>"],"retention":"limits","storage":"file","num_replicas":{1},)"
            R"("max_msgs_per_subject":1,"discard":"old","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,)"
            R"("max_age":0,"max_msg_size":-1,"duplicate_window":1000000000,"allow_direct":true}})",
            access_.stream, access_.replicas)};
}

base::NatsMessage StreamApi::write(std::string subject, std::string payload, Sequence over) {
    return {.subject = std::move(subject),
            .headers = {{"Nats-Expected-Last-Subject-Sequence", std::to_string(over)}},
            .payload = std::move(payload)};
}

base::NatsMessage StreamApi::read_last(std::string_view subject) const {
    return {.subject = "$JS.API.STREAM.MSG.GET." + access_.stream,
            .payload = fmt::format(R"({{"last_by_subj":{}}})", quoted(subject))};
}

base::NatsMessage StreamApi::delete_securely(Sequence sequence) const {
    return {.subject = "$JS.API.STREAM.MSG.DELETE." + access_.stream,
            .payload = fmt::format(R"({{"seq":{}}})", sequence)};
}

base::NatsMessage StreamApi::read_next(Sequence from) const {
    return {.subject = "$JS.API.STREAM.MSG.GET." + access_.stream, .payload = next_request(from)};
}

base::NatsMessage StreamApi::read_next_of_any(Sequence from) const {
    return {.subject = "$JS.API.DIRECT.GET." + access_.stream, .payload = next_request(from)};
}

std::string StreamApi::next_request(Sequence from) const {
    return fmt::format(R"({{"seq":{},"next_by_subj":"{}.>"}})", from, access_.stream);
}

std::string StreamApi::consumer_request(const Start& start, std::string_view more) const {
    std::string from;
    switch (start.at) {
        case Start::At::beginning:
            from = R"("deliver_policy":"all")";
            break;
        case Start::At::sequence:
            from = fmt::format(R"("deliver_policy":"by_start_sequence","opt_start_seq":{})",
                               start.place.sequence);
            break;
        case Start::At::time:
            from = fmt::format(R"("deliver_policy":"by_start_time","opt_start_time":"{}")",
                               rfc3339(start.place.taken_ns));
            break;
        case Start::At::news:
            from = R"("deliver_policy":"new")";
            break;
    }
    return fmt::format(
        R"({{"stream_name":"{}","config":{{{},"ack_policy":"none","replay_policy":"instant","mem_storage":true,)"
        R"("num_replicas":1,"inactive_threshold":{}{}}}}})",
        access_.stream, from, nanoseconds_of_consumer, more);
}

base::NatsMessage StreamApi::make_push_consumer(std::string_view inbox, const Start& start,
                                                base::Duration heartbeat) const {
    return {
        .subject = "$JS.API.CONSUMER.CREATE." + access_.stream,
        .payload = consumer_request(
            start,
            fmt::format(R"(,"deliver_subject":"{}","max_deliver":1,"flow_control":true,"idle_heartbeat":{})",
                        inbox, heartbeat.count() * 1000))};
}

base::NatsMessage StreamApi::make_pull_consumer(const Start& start) const {
    return {.subject = "$JS.API.CONSUMER.CREATE." + access_.stream, .payload = consumer_request(start, "")};
}

base::NatsMessage StreamApi::next(std::string_view consumer, std::string_view inbox,
                                  std::size_t count) const {
    return {.subject = fmt::format("$JS.API.CONSUMER.MSG.NEXT.{}.{}", access_.stream, consumer),
            .reply = std::string{inbox},
            .payload = fmt::format(R"({{"batch":{},"no_wait":true}})", count)};
}

// ---- answers

std::optional<ApiError> error_of(const base::NatsMessage& answer) {
    if (answer.status == 503) return ApiError{503, 0, "nobody answers there: is JetStream enabled?"};
    base::JsonReader reader;
    const auto body = reader.read(answer.payload);
    if (!body || !body->is_object()) return ApiError{503, 0, "an answer that is not JetStream's"};
    const auto error = body->member("error");
    if (!error) return std::nullopt;
    return ApiError{base::int_member(*error, "code").value_or(503),
                    base::int_member(*error, "err_code").value_or(0),
                    base::text_member(*error, "description")};
}

WriteAnswer read_write_answer(const base::NatsMessage& answer) {
    using Outcome = WriteAnswer::Outcome;
    if (answer.status == payload_too_large)
        return {Outcome::refused, 0, "it is larger than the server's max_payload"};
    if (const auto error = error_of(answer)) {
        const bool overtaken = error->err_code == wrong_last_sequence;
        const bool refused = error->err_code == message_too_large || error->err_code == header_too_large;
        return {overtaken ? Outcome::overtaken
                : refused ? Outcome::refused
                          : Outcome::unknown,
                0, error->description};
    }
    base::JsonReader reader;
    const auto body = reader.read(answer.payload);
    const auto sequence = body ? count_member(*body, "seq") : 0;
    if (sequence == 0) return {Outcome::unknown, 0, "an acknowledgement without a sequence"};
    return {Outcome::stored, sequence, {}};
}

ReadAnswer read_message_answer(const base::NatsMessage& answer) {
    if (const auto error = error_of(answer))
        return {error->code == 404 && error->err_code != stream_not_found, {}};
    base::JsonReader reader;
    const auto body = reader.read(answer.payload);
    const auto message = body ? body->member("message") : std::nullopt;
    if (!message) return {};
    const auto data = base::base64_decode(base::string_member(*message, "data").value_or(""));
    if (!data) return {};
    return {true, StoredMessage{count_member(*message, "seq"), *data,
                                base::parse_datetime(base::text_member(*message, "time"))}};
}

std::optional<base::ChatMessage> read_chat_message(std::string_view payload, base::WallTime taken) {
    base::JsonReader reader;
    const auto document = reader.read(payload);
    if (!document || !document->is_object()) return std::nullopt;
    return base::from_document(*document, taken);
}

NextAnswer read_next_answer(const base::NatsMessage& answer) {
    constexpr int status_none = 404;
    StreamRow row;
    if (answer.status == status_none) return {true, {}};
    if (const auto sequence = base::header(answer.headers, "Nats-Sequence"); !sequence.empty()) {
        const auto taken = read_rfc3339(base::header(answer.headers, "Nats-Time-Stamp"));
        if (!taken || !read_number(sequence, row.place.sequence)) return {};
        row.place.taken_ns = *taken;
        row.subject = base::header(answer.headers, "Nats-Subject");
        row.payload = answer.payload;
        return {true, std::move(row)};
    }
    const auto read = read_message_answer(answer);
    if (!read.message) return {read.answered, {}};
    base::JsonReader reader;
    const auto body = reader.read(answer.payload);
    const auto message = body ? body->member("message") : std::nullopt;
    const auto taken = message ? read_rfc3339(base::text_member(*message, "time")) : std::nullopt;
    if (!taken) return {};
    row.place = {read.message->sequence, *taken};
    row.subject = base::text_member(*message, "subject");
    row.payload = read.message->payload;
    return {true, std::move(row)};
}

std::optional<StreamInfo> read_stream_info(const base::NatsMessage& answer) {
    if (error_of(answer)) return std::nullopt;
    base::JsonReader reader;
    const auto body = reader.read(answer.payload);
    const auto state = body ? body->member("state") : std::nullopt;
    const auto config = body ? body->member("config") : std::nullopt;
    if (!state || !config) return std::nullopt;
    StreamInfo info{.created = base::text_member(*body, "created"),
                    .messages = count_member(*state, "messages"),
                    .last_sequence = count_member(*state, "last_seq"),
                    .one_per_subject = base::int_member(*config, "max_msgs_per_subject").value_or(0) == 1,
                    .replicas = std::max<std::size_t>(count_member(*config, "num_replicas"), 1)};
    if (const auto subjects = state->member("subjects"))
        subjects->each_member(
            [&](std::string_view subject, base::JsonView) { info.subjects.emplace_back(subject); });
    info.subjects_total = std::max<std::size_t>(info.subjects.size(), count_member(*body, "total"));
    return info;
}

std::optional<ConsumerInfo> read_consumer_info(const base::NatsMessage& answer) {
    if (error_of(answer)) return std::nullopt;
    base::JsonReader reader;
    const auto body = reader.read(answer.payload);
    const auto name = body ? base::string_member(*body, "name") : std::nullopt;
    if (!name) return std::nullopt;
    return ConsumerInfo{std::string{*name}, count_member(*body, "num_pending")};
}

std::optional<StreamRow> read_row(base::NatsMessage& message) {
    constexpr std::string_view lead = "$JS.ACK.";
    if (!message.reply.starts_with(lead)) return std::nullopt;
    // The newer form has the domain and a hash of the account in front, and perhaps something behind.
    std::vector<std::string_view> tokens;
    for (std::string_view rest = message.reply;;) {
        const auto dot = std::min(rest.find('.'), rest.size());
        tokens.push_back(rest.substr(0, dot));
        if (dot == rest.size()) break;
        rest.remove_prefix(dot + 1);
    }
    const std::size_t at = tokens.size() == 9 ? 5 : 7;
    if (tokens.size() != 9 && tokens.size() < 11) return std::nullopt;
    StreamRow row;
    if (!read_number(tokens[at], row.place.sequence) || !read_number(tokens[at + 1], row.number) ||
        !read_number(tokens[at + 2], row.place.taken_ns) || !read_number(tokens[at + 3], row.pending))
        return std::nullopt;
    row.subject = std::move(message.subject);
    row.payload = std::move(message.payload);
    return row;
}

}  // namespace davenport::node::nats
