#include "node/core/clients/search_handler.hpp"

#include "node/core/clients/frames.hpp"
#include "node/core/clients/http_api.hpp"

#include <utility>

namespace davenport::node {

void SearchHandler::ask(Turn& turn, const Session& session, base::SearchQuery query) {
    const auto [waits, first] = waiting_.try_emplace(session.id);
    if (first)
        begin(turn, {session.id, 0, std::string{session.person()}, std::move(query)});
    else
        waits->second = std::move(query);
}

bool SearchHandler::ask(Turn& turn, ExchangeId exchange, std::string_view person, base::SearchQuery query) {
    if (under_way_.size() >= searches_max) return false;
    begin(turn, {0, exchange, std::string{person}, std::move(query)});
    return true;
}

void SearchHandler::begin(Turn& turn, Asked asked) {
    turn.emit(Search{++last_, asked.query});
    under_way_.emplace(last_, std::move(asked));
}

void SearchHandler::found(Turn& turn, SearchId search, base::SearchAnswer answer) {
    auto node = under_way_.extract(search);
    if (node.empty()) return;
    const auto& asked = node.mapped();
    if (access_->any())
        std::erase_if(answer.messages, [&](const base::ChatMessage& message) {
            return access_->to_read(message.room(), asked.person, turn.now).has_value();
        });
    const frames::Found frame{asked.query, answer};
    if (asked.session == 0) return turn.emit(Respond{asked.exchange, http_api::found(frame)});
    if (auto* session = sessions_->find(asked.session)) sessions_->tell(*session, frame);
    const auto waits = waiting_.find(asked.session);
    if (waits == waiting_.end()) return;
    if (auto next = std::exchange(waits->second, std::nullopt))
        begin(turn, {asked.session, 0, asked.person, std::move(*next)});
    else
        waiting_.erase(waits);
}

}  // namespace davenport::node
