#pragma once

#include "node/base/journal.hpp"
#include "node/base/random.hpp"
#include "node/core/config.hpp"
#include "node/core/store/backoff.hpp"
#include "node/core/store/chat_version.hpp"
#include "node/core/store/nats/requests.hpp"
#include "node/core/store/nats/stream_api.hpp"
#include "node/core/turn.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace davenport::node::nats {

/// Is the stream there, and which one is it? The only machine that asks while it does not answer.
///
/// It makes the stream and the message with its generation where they are missing, and probes while there is
/// no answer, every `probe_interval`. A probe that came while nobody led is never answered, so another one is
/// sent before it is given up. Everybody else sends only while usable(); a failure of theirs is
/// reported, and then nobody sends until a probe was answered.
///
/// A server that is cut off from its peers stays connected to its clients, and serves them nothing. So a node
/// that has got nothing done for `change_server_after` goes to another one of its list.
///
/// A generation is a random token stored in the stream (the word), plus the stream's creation time. A deleted
/// and recreated stream has a new generation, even if a copy of the token is restored. If only the token is
/// missing, twice in a row, the known token is written again and everything stored is verified.
class StreamHealth {
public:
    /// `version`: what is known of the chat, whatever stream answers; it outlives this.
    StreamHealth(const ChatConfig& config, const StreamApi& api, Requests& requests, base::Random& random,
                 ChatVersion& version);

    void start(Turn& turn) { probe(turn); }
    /// The generation that this node's journal is about.
    void remember(base::Generation generation) { known_ = std::move(generation); }
    /// Somebody's request failed.
    void report_failure(Turn& turn);
    /// Reads the stream's identity again; traffic continues.
    void recheck(Turn& turn);
    void on_timer(Turn& turn, TimerId timer);

    [[nodiscard]] bool usable() const { return up_ && !doubted_; }
    [[nodiscard]] bool up() const { return up_; }
    [[nodiscard]] const base::Generation& generation() const { return generation_; }
    [[nodiscard]] base::Time confirmed_at() const { return confirmed_at_; }
    /// As of the last look.
    [[nodiscard]] Sequence last_sequence() const { return last_sequence_; }
    /// Servers that have a copy.
    [[nodiscard]] std::size_t replicas() const { return replicas_; }
    /// How many looks have begun.
    [[nodiscard]] std::uint64_t looks() const { return looks_; }
    [[nodiscard]] std::uint64_t messages() const { return messages_; }
    /// A look ended well since this was last asked.
    [[nodiscard]] bool take_looked() { return std::exchange(looked_, false); }
    /// True once after the token was found missing and was written again, by whichever node.
    [[nodiscard]] bool take_shaken() { return std::exchange(shaken_, false); }

    static constexpr base::Duration change_server_after = std::chrono::seconds{6};

private:
    enum class State { settled, waiting, reading, making_stream, reading_word, writing_word };

    void look_into_it(Turn& turn);
    void ask(Turn& turn, State state, base::NatsMessage message);
    void probe(Turn& turn);
    void forget_open();
    void note_failure(Turn& turn);
    void on_answer(Turn& turn, const base::NatsMessage& answer);
    void on_info(Turn& turn, const base::NatsMessage& answer);
    void on_word(Turn& turn, const base::NatsMessage& answer);
    void write_word(Turn& turn);
    /// `over`: the sequence of the message that says it now; 0: none does.
    void write_word(Turn& turn, std::string_view word, std::string_view again, Sequence over);
    void wait(Turn& turn, base::Duration pause);
    void came_up(Turn& turn, base::Generation generation);
    void no_answer(Turn& turn, const std::string& reason);
    void went_down(Turn& turn, const std::string& reason);

    base::Duration probe_interval_, request_timeout_;
    const StreamApi* api_;
    Requests* requests_;
    base::Random* random_;
    ChatVersion* version_;
    Backoff backoff_;
    State state_ = State::waiting;
    struct Open {
        FetchId request;
        base::Time at;  ///< when its look began
    };
    std::map<std::uint64_t, Open> open_;  ///< without an answer, by their number; several only of probes
    std::uint64_t asked_ = 0, looks_ = 0;
    bool up_ = false, doubted_ = false, told_down_ = false;
    base::Generation generation_;
    base::Generation known_;  ///< of the stream that this node has read
    std::string created_;     ///< of the stream that is being looked at
    std::string wordless_;  ///< the creation of the known stream, when its word was missing at the last look
    std::string again_;     ///< what stood beside the word when it was last read
    bool shaken_ = false, looked_ = false;
    Sequence last_sequence_ = 0;
    std::size_t replicas_ = 1;
    std::uint64_t messages_ = 0;
    base::Time deadline_{};  ///< of the pause, or of the next look, or of a probe's patience
    std::optional<base::Time> asked_at_;
    std::optional<base::Time> failing_since_;  ///< one failure after another, until `failed_at_`
    base::Time failed_at_{};
    base::Time confirmed_at_{};
};

}  // namespace davenport::node::nats
