#include "couchmock/core/database.hpp"

#include <algorithm>

/// A database as its feed has it, and as a cluster's members have it: places, sequences, copies.
namespace davenport::couchmock {

std::string Database::sequence(const Position& position, MemberIndex member) const {
    return write_sequence(position, member == whole_cluster ? tag_ : copies_[member].tag());
}

std::string Database::sequence_of_purges() const {
    auto position = start();
    position.front() = purge_seq;
    return sequence(position);
}

std::optional<Position> Database::read(std::string_view text) const {
    auto read = read_sequence(text);
    if (!read) return std::nullopt;
    if (read->tag != tag_ || !log_.reaches(read->position)) return start();
    return std::move(read->position);
}

std::size_t Database::forget(std::size_t rows) {
    std::size_t forgotten = 0;
    if (rows > 0) ++rewinds_;
    for (; forgotten < rows; ++forgotten) {
        const auto* document = log_.take_newest();
        if (!document) break;
        drop_from_copies(*document);
        if (!document->tree.deleted()) live_.erase(document);
        note_unsaved(document->id);
        documents_.erase(documents_.find(document->id));
        ++version_;
    }
    return forgotten;
}

// ---------------------------------------------------------------- the members of a cluster

void Database::make_copies(const std::vector<bool>& up) {
    copies_.clear();
    for (const bool is_up : up) {
        auto& copy = copies_.emplace_back(log_.shard_count(), random_.next());
        if (!is_up) copy.leave();
        copy.locals = locals_;
        for (std::size_t shard = 0; shard < log_.shard_count(); ++shard)
            for (const auto& change : log_.changes(shard))
                if (change.document) copy.changed(shard, *change.document);
    }
}

const Document* Database::find_at(std::string_view id, const Replicas& replicas) const {
    const auto* document = find(id);
    if (!document || replicas.empty()) return document;
    const bool any =
        std::ranges::any_of(replicas, [&](MemberIndex member) { return is_at(*document, member); });
    return any ? document : nullptr;
}

const Database::Local* Database::find_local(std::string_view id, const Replicas& replicas) const {
    const Local* newest = nullptr;
    const auto look = [&](const Locals& all) {
        const auto found = all.find(id);
        if (found != all.end() && (!newest || found->second.revision > newest->revision))
            newest = &found->second;
    };
    if (replicas.empty()) look(locals_);
    for (const auto member : replicas) look(locals(member));
    return newest;
}

std::optional<FeedPlace> Database::read_at(std::string_view text, MemberIndex member) const {
    if (member == whole_cluster) {
        auto position = read(text);
        return position ? std::optional{FeedPlace{member, std::move(*position)}} : std::nullopt;
    }
    auto read = read_sequence(text);
    if (!read) return std::nullopt;
    const auto of = std::ranges::find(copies_, read->tag, &MemberCopy::tag);
    if (of == copies_.end() || !of->log().reaches(read->position)) return FeedPlace{member, start()};
    if (of->is_away()) return FeedPlace{member, copies_[member].place_after(*of, read->position)};
    return FeedPlace{static_cast<MemberIndex>(of - copies_.begin()), std::move(read->position)};
}

void Database::drop_from_copies(const Document& document) {
    for (auto& copy : copies_) copy.drop(document);
}

}  // namespace davenport::couchmock
