#include "node/base/frame.hpp"

namespace davenport::base {

const std::string& FrameBatch::as_websocket() const {
    if (!websocket_.empty() || ends_.empty()) return websocket_;
    websocket_.reserve(text_.size() + 4 * ends_.size());
    for (std::size_t i = 0; i < count(); ++i) {
        const auto text = at(i);
        const auto size = text.size();
        websocket_ += static_cast<char>(0x81);
        if (size < 126) {
            websocket_ += static_cast<char>(size);
        } else if (size < 65536) {
            websocket_ += {126, static_cast<char>(size >> 8), static_cast<char>(size)};
        } else {
            websocket_ += 127;
            for (int shift = 56; shift >= 0; shift -= 8) websocket_ += static_cast<char>(size >> shift);
        }
        websocket_ += text;
    }
    return websocket_;
}

}  // namespace davenport::base
