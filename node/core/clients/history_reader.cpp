#include "node/core/clients/history_reader.hpp"

#include "node/base/change.hpp"
#include "node/base/mark.hpp"

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

namespace davenport::node {
namespace {

constexpr std::size_t under_way_max = 16;  // more at once are answered with what is here

}  // namespace

void HistoryReader::read(Turn& turn, const std::string& room, const std::string& before, std::size_t limit,
                         OnPage on_page) {
    if (!store_->catching_up() || !store_->usable() || under_way_ >= under_way_max)
        return on_page(turn, read_history(*log_, room, before, limit));
    ++under_way_;
    store_->read_room(
        turn, room, before, limit,
        [this, room, before, limit, on_page = std::move(on_page)](
            Turn& t, const std::vector<base::ChatMessage>* told) {
            --under_way_;
            auto page = read_history(*log_, room, before, limit);
            if (told) {
                DAVENPORT_MARK("a page of history is read from the store");
                // What the store told is taken in after this.
                const auto floor = told->size() > limit ? told->back().position() : std::string_view{};
                std::erase_if(page.messages, [&](const auto& m) { return m.position() < floor; });
                for (const auto& m : *told)
                    if (const auto here = std::ranges::find(page.messages, m.id(), &base::ChatMessage::id);
                        here == page.messages.end())
                        page.messages.push_back(m);
                    else
                        *here = base::later_of(*here, m);
                std::ranges::sort(page.messages, std::ranges::greater{}, &base::ChatMessage::position);
                page.more = page.messages.size() > limit;
                if (page.more) page.messages.resize(limit);
            }
            on_page(t, page);
        });
}

}  // namespace davenport::node
