#pragma once

#include "node/core/config.hpp"
#include "node/core/events.hpp"
#include "node/core/node_counts.hpp"

#include <memory>

namespace davenport::node {

/// A chat node without I/O: clients' frames and the store's answers in, frames, requests and journal commits
/// out.
///
/// The promises are those of the README's section "What a node promises". Whoever drives the core performs
/// every Effect and reports how it ended; effects of one handle() are performed in their order.
///
/// Threads: not thread-safe. Time: only what handle() is told.
class ChatCore {
public:
    /// `journal` outlives the core, and is read during handle() and start() only.
    ChatCore(ChatConfig config, base::JournalView& journal);
    ~ChatCore();
    ChatCore(ChatCore&&) noexcept;
    ChatCore& operator=(ChatCore&&) noexcept;

    /// The first call: takes up where the journal ends and looks for the store.
    [[nodiscard]] Effects start(base::Now now);
    [[nodiscard]] Effects handle(Event&& event, base::Now now);
    [[nodiscard]] NodeCounts counts() const;
    /// The most bytes that have waited for the client while it took what went before; 0 when it is gone.
    [[nodiscard]] std::size_t queued_bytes_most(SessionId session) const;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace davenport::node
