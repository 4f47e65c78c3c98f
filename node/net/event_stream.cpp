#include "node/net/event_stream.hpp"

#include <algorithm>

namespace davenport::node {

void EventStream::append(std::string& out, std::string_view frame, const base::FrameMark& mark) {
    const bool joined = mark.type == "joined";
    const bool moved = joined || mark.type == "message" || mark.type == "changed" || mark.type == "cursor";
    if (joined) n_ = 0;  // what came before it stands in its own `n`
    if (moved) n_ = std::max(n_, mark.n);
    if (joined || (mark.type == "cursor" && !cursor_.empty())) cursor_ = mark.cursor;
    seen_ = std::max(seen_, mark.position);
    if (moved && !cursor_.empty()) {
        ((out += "id: ") += std::to_string(n_) + '.') += cursor_;
        if (!seen_.empty()) (out += '.') += seen_;
        out += '\n';
    }
    ((out += "event: ") += mark.type) += '\n';
    ((out += "data: ") += frame) += "\n\n";
}

}  // namespace davenport::node
