#include "node/core/clients/page_reads.hpp"

#include "node/base/mark.hpp"

namespace davenport::node {
namespace {

constexpr std::size_t under_way_max = 4;

}  // namespace

void PageReads::want(const Who& who, Wanted what) {
    if (under_way_.size() >= under_way_max) DAVENPORT_MARK("a resume waits for its turn to read");
    auto& waiting = wanted_[what];
    if (waiting.crowd.empty()) order_.emplace(waiting.turn = ++count_, what);
    waiting.crowd.insert(who);
    waits_for_.insert_or_assign(who, std::move(what));
}

void PageReads::forget(Turn& turn, const Who& who) {
    if (const auto waits = waits_for_.extract(who)) {
        const auto wanted = wanted_.find(waits.mapped());
        wanted->second.crowd.erase(who);
        if (!wanted->second.crowd.empty()) return;
        order_.erase(wanted->second.turn);
        wanted_.erase(wanted);
    } else if (const auto reads = in_read_.extract(who)) {
        const auto read = under_way_.find(reads.mapped());
        read->second.crowd.erase(who);
        if (!read->second.crowd.empty()) return;
        store_->cancel(turn, read->second.request);
        under_way_.erase(read);
    }
}

void PageReads::pump(Turn& turn) {
    while (under_way_.size() < under_way_max && !order_.empty()) {
        const auto what = order_.extract(order_.begin());
        begin(turn, what.mapped(), std::move(wanted_.extract(what.mapped()).mapped().crowd));
    }
}

void PageReads::begin(Turn& turn, const Wanted& what, Crowd crowd) {
    if (crowd.size() > 1) DAVENPORT_MARK("a crowd is answered by one read of the store");
    const auto number = ++count_;
    for (const auto& who : crowd) {
        waits_for_.erase(who);
        in_read_.emplace(who, number);
    }
    auto& read = under_way_[number];
    read.crowd = std::move(crowd);
    if (what.room.empty())
        read.request = store_->read_since(
            turn, what.place, [this, number](Turn& t, const StorePage* page, bool unknown_place) {
                using How = Answer::How;
                if (!page)
                    return answered(
                        number, {.how = unknown_place ? How::unknown_place : How::failed, .at = t.now.time});
                answered(number, {How::page, page->messages, page->next, page->more, t.now.time});
            });
    else
        read.request = store_->read_room(
            turn, what.room, {}, what.count,
            [this, number](Turn& t, const std::vector<base::ChatMessage>* told) {
                answered(number, {.how = told ? Answer::How::page : Answer::How::failed, .at = t.now.time});
            });
}

void PageReads::answered(std::uint64_t number, Answer answer) {
    auto read = under_way_.extract(number);
    if (!read) return;
    answer.shared = read.mapped().crowd.size() > 1;
    const auto shared = std::make_shared<const Answer>(std::move(answer));
    for (const auto& who : read.mapped().crowd) {
        in_read_.erase(who);
        on_answer_(who, shared);
    }
}

}  // namespace davenport::node
