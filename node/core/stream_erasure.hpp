#pragma once

#include "node/base/nats.hpp"
#include "node/core/erasure.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace davenport::node {

namespace nats {
class StreamApi;
}

/// Erasure in a stream of a NATS server, as a machine without I/O: the caller asks all of requests() at once
/// and passes the answers to take(), until is_done().
///
/// The server deletes a message's sequence securely, that is, writes noise over it in its file, and only then
/// the removal is published as the first of its subject: what is written over by a publication stays in the
/// file. In between the message is missing; a node that looks just then writes it again, and it is erased
/// again. Every node takes the text out of its journal when it is told of the removal. What was edited or
/// removed before this has left earlier texts in the server's file, which no request reaches: it gives up
/// their blocks by itself when half of one is free.
///
/// `Config::compact` and `Progress::conflicts` mean nothing here.
class StreamErasure {
public:
    using Answers = std::vector<std::optional<base::NatsMessage>>;

    /// `config.what` names something.
    StreamErasure(Erasure::Config config, StreamAccess store);
    ~StreamErasure();
    StreamErasure(const StreamErasure&) = delete;
    StreamErasure& operator=(const StreamErasure&) = delete;

    [[nodiscard]] bool is_done() const { return step_ == Step::done; }
    /// What is to be asked now; the same until take(), and what is left of it after trouble.
    [[nodiscard]] std::vector<base::NatsMessage> requests() const;
    /// The answers to requests(), in their order; nothing where none came. False when the server has trouble:
    /// ask again after a pause. Errors: ErasureError.
    bool take(const Answers& answers);
    /// Why the last take() gave false; one line.
    [[nodiscard]] const std::string& trouble() const { return trouble_; }

    [[nodiscard]] const Erasure::Progress& progress() const { return progress_; }
    /// Servers that have a copy of the stream.
    [[nodiscard]] std::size_t replicas() const { return replicas_; }
    /// Messages that are erased now and had been edited: earlier texts of theirs may be in the file.
    [[nodiscard]] std::uint64_t edited() const { return edited_; }

private:
    enum class Step { stream, list, read, destroy, publish, done };
    struct Item {
        std::string id, subject;
        std::uint64_t sequence = 0;
        std::string removal;  ///< the document
        bool was_edited = false;
    };

    bool take_stream(const Answers& answers);
    bool take_list(const Answers& answers);
    bool take_read(const Answers& answers);
    bool take_destroyed(const Answers& answers);
    bool take_published(const Answers& answers);
    void take_message(const std::string& subject, std::uint64_t sequence, const std::string& payload);
    void go_on();
    bool fail(std::string trouble);
    [[nodiscard]] std::string id_of(const std::string& subject) const;

    Erasure::Config config_;
    std::unique_ptr<const nats::StreamApi> api_;
    Step step_ = Step::stream;
    std::string trouble_;
    Erasure::Progress progress_;
    std::size_t replicas_ = 1;
    std::uint64_t edited_ = 0;
    std::vector<std::string> patterns_;  ///< whose subjects are not yet listed; the last one is next
    std::size_t listed_ = 0;             ///< of that one
    std::vector<std::string> subjects_;  ///< to be read; the last ones are next
    std::set<std::string> counted_;      ///< found once already, and to be read again
    std::vector<Item> items_;            ///< of what was read: to be erased
};

}  // namespace davenport::node
