#include "node/core/clients/shown_rooms.hpp"

#include "node/base/change.hpp"
#include "node/core/log/history.hpp"

#include <algorithm>
#include <compare>
#include <functional>
#include <utility>

namespace davenport::node {
namespace {

constexpr std::size_t rows_per_turn = 4000;        // others are served in between
constexpr std::size_t uncommitted_rows_max = 200;  // so many of a page may not be there yet for clients
constexpr std::size_t guess_rows_max = 2000;

}  // namespace

std::vector<base::ChatMessage> ShownRooms::newest_of(std::string_view room, std::size_t most) const {
    const auto unshown = static_cast<std::size_t>(log_->last_arrival() - log_->watermark());
    std::vector<base::ChatMessage> found;
    for (auto& entry : log_->journal().page(room, {}, most + std::min(unshown, uncommitted_rows_max)))
        if (entry.first_arrival() <= log_->watermark()) found.push_back(std::move(entry.message));
    for (const auto* pending : log_->uncommitted(room))
        if (!pending->entry.is_change()) found.push_back(pending->entry.message);
    with_shown_changes(*log_, found);
    std::ranges::sort(found, std::ranges::greater{}, &base::ChatMessage::position);
    std::size_t count = 0;
    for (std::size_t bytes = 0; count < std::min(found.size(), most); ++count) {
        bytes += found[count].text().size() + 256;
        if (count > 0 && bytes > page_bytes_max_) break;  // the newest is shown, whatever its size
    }
    found.resize(count);
    std::ranges::reverse(found);
    return found;
}

std::deque<std::string> ShownRooms::ids_above(std::string_view room, std::string_view from) const {
    std::vector<std::pair<std::string, std::string>> found;  // position, id
    for (std::string before; found.size() < guess_rows_max;) {
        const auto page = log_->journal().page(room, before, page_rows_);
        for (const auto& entry : page) {
            if (entry.message.position() <= from) break;
            if (entry.first_arrival() <= log_->watermark())
                found.emplace_back(entry.message.position(), entry.message.id());
        }
        if (page.size() < page_rows_ || page.back().message.position() <= from) break;
        before = page.back().message.position();
    }
    for (const auto* pending : log_->uncommitted(room))
        if (pending->entry.message.position() > from)
            found.emplace_back(pending->entry.message.position(), pending->entry.message.id());
    std::ranges::sort(found);
    found.erase(std::unique(found.begin(), found.end()), found.end());
    std::deque<std::string> out;
    for (auto& [position, id] : found) out.push_back(std::move(id));
    return out;
}

std::optional<base::JournalEntry> ShownRooms::find(std::string_view id) const {
    if (auto* changes = log_->changes().of(id))
        for (auto change = changes->rbegin(); change != changes->rend(); ++change)
            if (change->shown || change->committed) return change->entry;
    if (const auto* pending = log_->find(id); pending && !(pending->committed && log_->may_be_changed(id)))
        return pending->entry;
    return log_->journal().find(id);
}

base::ChatMessage ShownRooms::as_known(const base::ChatMessage& message) const {
    if (log_->may_be_changed(message.id()))
        if (const auto known = find(message.id());
            known && std::is_gt(base::compare_states(known->message, message)))
            return known->message;
    return message;
}

std::string ShownRooms::top_position(std::string_view room) const {
    auto top = newest_seen(room, log_->watermark());
    for (const auto* pending : log_->uncommitted(room))
        top = std::max<std::string_view>(top, pending->entry.message.position());
    return top;
}

std::string ShownRooms::newest_seen(std::string_view room, std::uint64_t n) const {
    std::string before;
    auto rows = std::min<std::size_t>(2, page_rows_);  // nearly always it is the newest of all
    for (std::size_t read = 0; read < rows_per_turn; read += std::exchange(rows, page_rows_)) {
        const auto page = log_->journal().page(room, before, rows);
        for (const auto& entry : page)
            if (entry.first_arrival() <= n) return std::string{entry.message.position()};
        if (page.size() < rows) break;
        before = page.back().message.position();
    }
    return {};
}

}  // namespace davenport::node
