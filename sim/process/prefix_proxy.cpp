#include "sim/process/prefix_proxy.hpp"

#include <algorithm>
#include <charconv>

namespace davenport::sim::process {
namespace {

constexpr std::string_view end_of_head = "\r\n\r\n";
constexpr std::size_t head_bytes_max = 64 * 1024;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

/// The value of a header of this head; empty when there is none. `name`: "\r\ncontent-length: ".
std::string_view header(std::string_view head, std::string_view name) {
    const auto found = std::ranges::search(head, name, [](char a, char b) { return lower(a) == b; });
    if (found.empty()) return {};
    const auto at = static_cast<std::size_t>(found.end() - head.begin());
    return head.substr(at, head.find("\r\n", at) - at);
}

}  // namespace

std::string PrefixProxy::pass(std::string_view bytes) {
    std::string out;
    while (!bytes.empty() && state_ != State::refusing) {
        if (state_ == State::upgraded) {
            out += bytes;
            return out;
        }
        if (state_ == State::body) {
            const auto taken = std::min(body_left_, bytes.size());
            out += bytes.substr(0, taken);
            bytes.remove_prefix(taken);
            body_left_ -= taken;
            if (body_left_ == 0) state_ = State::head;
            continue;
        }
        const auto before = head_.size();
        head_ += bytes;
        const auto end = head_.find(end_of_head, before < 3 ? 0 : before - 3);
        if (end == std::string::npos) {
            if (head_.size() > head_bytes_max) state_ = State::refusing;
            return out;
        }
        bytes.remove_prefix(end + end_of_head.size() - before);
        head_.resize(end + end_of_head.size());
        pass_head(out);
        head_.clear();
    }
    return out;
}

void PrefixProxy::pass_head(std::string& out) {
    const auto space = head_.find(' ');
    const auto target = std::string_view{head_}.substr(std::min(space + 1, head_.size()));
    if (space == std::string::npos || !target.starts_with(prefix_ + '/')) {
        state_ = State::refusing;
        return;
    }
    const auto length = header(head_, "\r\ncontent-length: ");
    body_left_ = 0;
    std::from_chars(length.data(), length.data() + length.size(), body_left_);
    state_ = !header(head_, "\r\nupgrade: ").empty() ? State::upgraded
             : body_left_ > 0                        ? State::body
                                                     : State::head;
    out += head_.substr(0, space + 1);
    out += target.substr(prefix_.size());
}

}  // namespace davenport::sim::process
