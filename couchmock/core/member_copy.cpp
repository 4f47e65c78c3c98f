#include "couchmock/core/member_copy.hpp"

#include <algorithm>

namespace davenport::couchmock {
namespace {

/// Members note only now and then how far they have brought each other's changes, so who changes over reads
/// some rows again.
constexpr std::uint64_t repeated_rows = 8;

}  // namespace

void MemberCopy::take(std::size_t shard, const Document& document) {
    const auto [at, is_new] = places_.try_emplace(&document, Place{shard, 0});
    if (!is_new) log_.drop(at->second.shard, at->second.seq);
    at->second = {shard, log_.append(shard, document)};
}

void MemberCopy::changed(std::size_t shard, const Document& document) {
    const auto owed = owed_at_.find(&document);
    if (!away_) {
        if (owed != owed_at_.end()) {
            owed_[owed->second].second = nullptr;
            owed_at_.erase(owed);
        }
        take(shard, document);
    } else if (owed == owed_at_.end()) {
        owed_at_.emplace(&document, owed_.size());
        owed_.emplace_back(shard, &document);
    }
}

void MemberCopy::drop(const Document& document) {
    if (const auto place = places_.find(&document); place != places_.end()) {
        log_.drop(place->second.shard, place->second.seq);
        log_.skip(place->second.shard);
        places_.erase(place);
    }
    if (const auto owed = owed_at_.find(&document); owed != owed_at_.end()) {
        owed_[owed->second].second = nullptr;
        owed_at_.erase(owed);
    }
}

void MemberCopy::lose_all(const ChangesLog& all, std::uint64_t tag) {
    log_ = ChangesLog{all.shard_count()};
    tag_ = tag;
    places_.clear();
    owed_.clear();
    owed_at_.clear();
    locals.clear();
    for (std::size_t shard = 0; shard < all.shard_count(); ++shard) {
        for (const auto& change : all.changes(shard)) {
            if (!change.document) continue;
            owed_at_.emplace(change.document, owed_.size());
            owed_.emplace_back(shard, change.document);
        }
    }
}

bool MemberCopy::heal() {
    if (away_) return false;
    const auto owed = std::exchange(owed_, {});
    const bool any = !owed_at_.empty();
    owed_at_.clear();
    for (const auto& [shard, document] : owed)
        if (document) take(shard, *document);
    return any;
}

void MemberCopy::lower_to(Position& position, const Document& document) const {
    const auto place = places_.find(&document);
    if (place == places_.end()) return;  // it comes when it is healed
    auto& seq = position[place->second.shard];
    seq = std::min(seq, place->second.seq - 1);
}

Position MemberCopy::place_after(const MemberCopy& other, const Position& position) const {
    auto out = log_.now();
    for (std::size_t shard = 0; shard < out.size(); ++shard) {
        const auto& changes = other.log_.changes(shard);
        for (auto i = other.log_.after(shard, position[shard]); i < changes.size(); ++i)
            if (changes[i].document) lower_to(out, *changes[i].document);
    }
    for (const auto& [document, at] : other.owed_at_) lower_to(out, *document);
    for (auto& seq : out) seq -= std::min(seq, repeated_rows);
    return out;
}

}  // namespace davenport::couchmock
