#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <boost/container/small_vector.hpp>

namespace davenport::base {

/// What a transport needs to know of a frame beside its text, so that nobody reads again what was just
/// written.
struct FrameMark {
    std::string_view type{};  ///< the frame's `t`; a literal
    std::uint64_t n = 0;      ///< of a message, joined or cursor
    std::string cursor{};     ///< of a joined or cursor
    bool gap = false;         ///< of a joined
    std::string position{};   ///< of a message; of a joined: the highest that the client was shown before it
};

/// One or more whole JSON texts for a client, made once and shared by everybody who is sent them.
///
/// A room's messages of one turn are one batch: the cost of a delivery is then a pointer, not a copy.
/// The encodings for a transport are made at first use and kept.
///
/// Threads: not thread-safe; a batch stays in the thread of the core that made it.
class FrameBatch {
public:
    /// Adds a frame whose text `write(std::string& out)` appends.
    template <class Write>
    void add(FrameMark mark, Write&& write) {
        write(text_);
        ends_.push_back(text_.size());
        marks_.push_back(std::move(mark));
    }
    void add(std::string_view text, FrameMark mark = {}) {
        add(std::move(mark), [&](std::string& out) { out += text; });
    }
    [[nodiscard]] bool empty() const { return ends_.empty(); }
    [[nodiscard]] std::size_t count() const { return ends_.size(); }
    /// Bytes of JSON: what a send queue is bounded by.
    [[nodiscard]] std::size_t size_bytes() const { return text_.size(); }
    [[nodiscard]] std::string_view at(std::size_t i) const {
        const auto begin = i == 0 ? 0 : ends_[i - 1];
        return std::string_view{text_}.substr(begin, ends_[i] - begin);
    }
    [[nodiscard]] const FrameMark& mark(std::size_t i) const { return marks_[i]; }
    /// As WebSocket text frames of a server (RFC 6455 section 5.2: FIN, opcode 1, no mask).
    [[nodiscard]] const std::string& as_websocket() const;

private:
    std::string text_;
    boost::container::small_vector<std::size_t, 2> ends_;
    boost::container::small_vector<FrameMark, 1> marks_;
    mutable std::string websocket_;
};

using Frames = std::shared_ptr<const FrameBatch>;
/// What goes to a client in one write: nearly always one batch, or what it alone is told and what its room
/// is.
using FrameList = boost::container::small_vector<Frames, 2>;

inline Frames one_frame(std::string_view text, FrameMark mark = {}) {
    auto batch = std::make_shared<FrameBatch>();
    batch->add(text, std::move(mark));
    return batch;
}

}  // namespace davenport::base
