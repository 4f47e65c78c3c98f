#include "node/net/event_stream.hpp"

#include "node/base/json.hpp"

#include <algorithm>

namespace davenport::node {

void EventStream::append(std::string& out, std::string_view frame) {
    const auto read = base::parse_json(frame);
    const auto t = read ? base::string_member(*read, "t").value_or("") : "";
    bool moved = t == "message" || t == "cursor";
    if (t == "joined") {
        moved = true;
        n_ = 0;  // what came before it stands in its own `n`
    }
    if (moved) n_ = std::max(n_, static_cast<std::uint64_t>(base::int_member(*read, "n").value_or(0)));
    if (t == "joined" || (t == "cursor" && !cursor_.empty()))
        cursor_ = base::string_member(*read, "cursor").value_or("");
    if (moved && !cursor_.empty()) ((out += "id: ") += std::to_string(n_) + '.') += cursor_ + '\n';
    ((out += "event: ") += t) += '\n';
    ((out += "data: ") += frame) += "\n\n";
}

}  // namespace davenport::node
