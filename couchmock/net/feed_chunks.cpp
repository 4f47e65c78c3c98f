#include "couchmock/net/feed_chunks.hpp"

#include <algorithm>

namespace davenport::couchmock {
namespace {

constexpr std::string_view opening = "{\"results\":[\n";
constexpr std::string_view beat = "event: heartbeat\ndata: \n\n";

/// An empty line, and not the one before a list's closing bracket.
bool is_empty_line(std::string_view rest) { return rest.starts_with('\n') && !rest.starts_with("\n]"); }

/// The length of the rows at the front of `rest`.
std::size_t rows_length(std::string_view rest) {
    if (rest.starts_with("data: ")) {
        const auto end = rest.find("\n\nevent: ");
        return end == std::string_view::npos ? rest.size() : end + 2;
    }
    for (auto end = rest.find("\n\n"); end != std::string_view::npos; end = rest.find("\n\n", end + 1))
        if (is_empty_line(rest.substr(end + 1))) return end + 1;
    return rest.size();
}

}  // namespace

std::vector<std::string_view> feed_chunks(std::string_view bytes) {
    std::vector<std::string_view> chunks;
    while (!bytes.empty()) {
        const auto size = is_empty_line(bytes)         ? 1
                          : bytes.starts_with(opening) ? opening.size()
                          : bytes.starts_with(beat)    ? beat.size()
                                                       : rows_length(bytes);
        chunks.push_back(bytes.substr(0, size));
        bytes.remove_prefix(size);
    }
    return chunks;
}

bool is_feed(std::string_view target) {
    target = target.substr(0, target.find('?'));
    while (target.ends_with('/')) target.remove_suffix(1);
    return target.ends_with("/_changes");
}

}  // namespace davenport::couchmock
