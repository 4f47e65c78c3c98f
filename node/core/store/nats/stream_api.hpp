#pragma once

#include "node/base/nats.hpp"
#include "node/base/time.hpp"
#include "node/core/config.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace davenport::base {
class ChatMessage;
}

namespace davenport::node::nats {

/// The number of a message in its stream: 1, 2, 3, ...; 0 is before them all.
using Sequence = std::uint64_t;

/// A place in a stream: its last message that was read, and when the server took that. By the time a place is
/// recognised again after a server lost what it had not synced, and gave the number to another message.
struct StreamPlace {
    Sequence sequence = 0;
    std::int64_t taken_ns = 0;  ///< since 1970, by the server's clock

    /// As the door's Place; nothing when `text` is not a place.
    static std::optional<StreamPlace> parse(std::string_view text);
    [[nodiscard]] std::string text() const;
    friend bool operator==(const StreamPlace&, const StreamPlace&) = default;
};

/// What a subject of the chat's stream is about.
enum class SubjectKind { message, policy, note, presence, generation, other };
struct SubjectParts {
    SubjectKind kind = SubjectKind::other;
    std::string id{};  ///< of the message, the policy, the note; of presence: the journal
};

/// The requests that a node makes of JetStream, as values.
///
/// One stream holds the chat, named as its subjects begin: S.m.ROOM.LETTERS is a message of our own form,
/// S.f.ID one of another's, S.p.ID a policy, S.n.ID a note, S.w.JOURNAL a node's presence, S.g the
/// generation. The stream keeps one message of each subject, so a subject is what a document's id is to
/// CouchDB, and its last sequence what a revision is.
class StreamApi {
public:
    explicit StreamApi(StreamAccess access) : access_{std::move(access)} {}

    [[nodiscard]] const std::string& stream() const { return access_.stream; }

    // ---- subjects
    [[nodiscard]] std::string message_subject(std::string_view id) const;
    [[nodiscard]] std::string policy_subject(std::string_view id) const { return subject('p', id); }
    [[nodiscard]] std::string note_subject(std::string_view id) const { return subject('n', id); }
    [[nodiscard]] std::string presence_subject(std::string_view journal) const {
        return subject('w', journal);
    }
    [[nodiscard]] std::string generation_subject() const { return access_.stream + ".g"; }
    /// All messages of a room; all notes; all policies.
    [[nodiscard]] std::string subjects_of_room(std::string_view room) const;
    [[nodiscard]] std::string subjects_of_notes() const { return access_.stream + ".n.*"; }
    [[nodiscard]] std::string subjects_of_policies() const { return access_.stream + ".p.*"; }
    /// Of all rooms; and of messages with ids of other forms.
    [[nodiscard]] std::string subjects_of_messages() const { return access_.stream + ".m.>"; }
    [[nodiscard]] std::string subjects_of_foreign_messages() const { return access_.stream + ".f.*"; }
    [[nodiscard]] SubjectParts parse(std::string_view subject) const;

    // ---- requests
    /// `subjects`: those that match are told, from the `offset`th on; empty: none are.
    [[nodiscard]] base::NatsMessage stream_info(std::string_view subjects = {}, std::size_t offset = 0) const;
    [[nodiscard]] base::NatsMessage make_stream() const;
    /// Succeeds only while `over` is the last sequence of that subject; 0: there is none.
    [[nodiscard]] static base::NatsMessage write(std::string subject, std::string payload, Sequence over);
    [[nodiscard]] base::NatsMessage read_last(std::string_view subject) const;
    /// The server writes noise over it in its file; the next write to its subject is its first again.
    [[nodiscard]] base::NatsMessage delete_securely(Sequence sequence) const;
    /// The first message from this sequence on. The stream's leader answers, while somebody leads the servers
    /// as well.
    [[nodiscard]] base::NatsMessage read_next(Sequence from) const;
    /// The same, from the copy of any server, whoever leads; nobody answers where the stream does not allow
    /// it.
    [[nodiscard]] base::NatsMessage read_next_of_any(Sequence from) const;

    /// From where a consumer reads.
    struct Start {
        enum class At { beginning, sequence, time, news } at = At::beginning;
        StreamPlace place{};  ///< the sequence itself is told too; of `time`: what was taken since
    };
    /// The server sends all to `inbox`, with heartbeats, as fast as its flow control is answered.
    [[nodiscard]] base::NatsMessage make_push_consumer(std::string_view inbox, const Start& start,
                                                       base::Duration heartbeat) const;
    /// The server sends what it is asked for.
    [[nodiscard]] base::NatsMessage make_pull_consumer(const Start& start) const;
    /// Up to `count` messages to `inbox`, and a message with a status when there are fewer.
    [[nodiscard]] base::NatsMessage next(std::string_view consumer, std::string_view inbox,
                                         std::size_t count) const;

private:
    [[nodiscard]] std::string subject(char kind, std::string_view id) const;
    [[nodiscard]] std::string next_request(Sequence from) const;
    [[nodiscard]] std::string consumer_request(const Start& start, std::string_view more) const;

    StreamAccess access_;
};

/// One token of a subject for any bytes: letters, digits, '-' and '_' as they are, all others as "=XX".
std::string encode_token(std::string_view bytes);
/// Nothing when `token` is not well-formed.
std::optional<std::string> decode_token(std::string_view token);

/// An error of JetStream's API.
struct ApiError {
    std::int64_t code = 0;      ///< as HTTP's
    std::int64_t err_code = 0;  ///< JetStream's own
    std::string description{};
};
/// Nothing when the answer is no error. An answer that cannot be read, or that nobody gave, is one of code
/// 503.
std::optional<ApiError> error_of(const base::NatsMessage& answer);
inline constexpr std::int64_t stream_not_found = 10059;
inline constexpr std::int64_t stream_name_in_use = 10058;

/// What became of a write.
struct WriteAnswer {
    enum class Outcome {
        stored,
        overtaken,  ///< the subject has another last sequence
        refused,    ///< too large, for good
        unknown,    ///< stored or not: ask again
    } outcome = Outcome::unknown;
    Sequence sequence = 0;  ///< of what was stored
    std::string reason{};
};
WriteAnswer read_write_answer(const base::NatsMessage& answer);

/// The last message of a subject.
struct StoredMessage {
    Sequence sequence = 0;
    std::string payload{};
    std::optional<base::WallTime> taken{};  ///< by the server's clock
};
struct ReadAnswer {
    bool answered = false;  ///< else it says nothing that can be used
    std::optional<StoredMessage> message{};
};
ReadAnswer read_message_answer(const base::NatsMessage& answer);
/// What it says; nothing when it is no chat message. `taken`: in place of a time that cannot be read.
std::optional<base::ChatMessage> read_chat_message(std::string_view payload, base::WallTime taken);

struct StreamInfo {
    std::string created;  ///< when, by the server's clock; opaque
    std::uint64_t messages = 0;
    Sequence last_sequence = 0;
    bool one_per_subject = false;  ///< it is set up as a chat's stream must be
    std::size_t replicas = 1;      ///< servers that are to have a copy
    std::vector<std::string> subjects{};
    std::size_t subjects_total = 0;  ///< that match, told here or not
};
std::optional<StreamInfo> read_stream_info(const base::NatsMessage& answer);

struct ConsumerInfo {
    std::string name;
    std::uint64_t pending = 0;  ///< that it is about to tell
};
std::optional<ConsumerInfo> read_consumer_info(const base::NatsMessage& answer);

/// One message as a consumer tells it.
struct StreamRow {
    std::string subject;
    StreamPlace place;
    std::uint64_t number = 0;   ///< of this consumer: 1, 2, 3, ... without a gap
    std::uint64_t pending = 0;  ///< that follow, as of now
    std::string payload{};
};
/// The answer to read_next() or read_next_of_any(); the row has no number and no `pending`.
struct NextAnswer {
    bool answered = false;  ///< else it says nothing that can be used
    std::optional<StreamRow> row{};
};
NextAnswer read_next_answer(const base::NatsMessage& answer);
/// Takes what it needs out of the message. Nothing, and the message as it was, when it has no place: a
/// status, or no consumer's.
std::optional<StreamRow> read_row(base::NatsMessage& message);

}  // namespace davenport::node::nats
