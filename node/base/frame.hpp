#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include <boost/container/small_vector.hpp>

namespace davenport::base {

/// One or more whole JSON texts for a client, made once and shared by everybody who is sent them.
///
/// A room's messages of one turn are one batch: the cost of a delivery is then a pointer, not a copy.
/// The encodings for a transport are made at first use and kept.
///
/// Threads: not thread-safe; a batch stays in the thread of the core that made it.
class FrameBatch {
public:
    void add(std::string_view text) {
        text_ += text;
        ends_.push_back(text_.size());
    }
    [[nodiscard]] bool empty() const { return ends_.empty(); }
    [[nodiscard]] std::size_t count() const { return ends_.size(); }
    /// Bytes of JSON: what an outbox is bounded by.
    [[nodiscard]] std::size_t size_bytes() const { return text_.size(); }
    [[nodiscard]] std::string_view at(std::size_t i) const {
        const auto begin = i == 0 ? 0 : ends_[i - 1];
        return std::string_view{text_}.substr(begin, ends_[i] - begin);
    }
    /// As WebSocket text frames of a server (RFC 6455 section 5.2: FIN, opcode 1, no mask).
    [[nodiscard]] const std::string& as_websocket() const;

private:
    std::string text_;
    boost::container::small_vector<std::size_t, 2> ends_;
    mutable std::string websocket_;
};

using Frames = std::shared_ptr<const FrameBatch>;
/// What goes to a client in one write: nearly always one batch, or what it alone is told and what its room
/// is.
using FrameList = boost::container::small_vector<Frames, 2>;

inline Frames one_frame(std::string_view text) {
    auto batch = std::make_shared<FrameBatch>();
    batch->add(text);
    return batch;
}

}  // namespace davenport::base
