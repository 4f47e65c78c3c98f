#include "couchmock/core/feeds.hpp"
#include "node/base/json.hpp"

#include <fmt/format.h>

namespace davenport::couchmock {
namespace {

void append_changes(std::string& out, const Document& document, bool all_leaves,
                    const std::vector<std::size_t>& judged) {
    const auto& tree = document.tree;
    out += "\"changes\":[{\"rev\":\"";
    if (!judged.empty()) {
        for (const auto leaf : judged) {
            if (leaf != judged.front()) out += "\"},{\"rev\":\"";
            append_revision(out, tree.at(leaf).revision);
        }
        out += "\"}]";
        return;
    }
    append_revision(out, tree.at(tree.winner()).revision);
    if (all_leaves && tree.leaf_count() > 1) {
        for (const auto leaf : tree.leaves()) {
            if (leaf == tree.winner()) continue;
            out += "\"},{\"rev\":\"";
            append_revision(out, tree.at(leaf).revision);
        }
    }
    out += "\"}]";
}

std::string row_tail(const Document& document, const FeedOptions& options,
                     const std::vector<std::size_t>& judged) {
    std::string out;
    out.reserve(2 * document.id.size() + 256);
    out += "\"id\":";
    base::append_json_string(out, document.id);
    out += ',';
    append_changes(out, document, options.all_leaves, judged);
    if (document.tree.deleted()) out += ",\"deleted\":true";
    if (options.include_docs) {
        out += ",\"doc\":";
        if (options.filter.project) {
            std::string json;
            append_document(json, document, document.tree.winner(), options.view);
            out += options.filter.project(json);
        } else {
            append_document(out, document, document.tree.winner(), options.view);
        }
    }
    out += '}';
    return out;
}

}  // namespace

RowReader::RowReader(Database& database, const FeedOptions& options)
    : database_(database),
      log_(database.log(options.member)),
      options_(options),
      position_(options.since),
      turn_(options.member == whole_cluster ? 0 : options.member) {
    if (options.descending) {
        position_ = log_.now();
        for (std::size_t i = 0; i < log_.shard_count(); ++i) index_.push_back(log_.changes(i).size());
    }
}

void RowReader::begin_look() {
    looked_from_ = position_;
    if (!options_.filter.by_lookup) return;
    ahead_ = log_.count_after(position_);
    rows_then_ = rows_;
}

const ChangesLog::Change* RowReader::next(std::size_t& shard) {
    const auto shards = log_.shard_count();
    for (std::size_t tried = 0; tried < shards; ++tried) {
        shard = turn_ % shards;
        const auto& changes = log_.changes(shard);
        if (options_.descending) {
            while (index_[shard] > 0)
                if (const auto& change = changes[--index_[shard]]; change.document) return &change;
        } else {
            for (auto i = log_.after(shard, position_[shard]); i < changes.size(); ++i) {
                if (!changes[i].document) continue;
                position_[shard] = changes[i].seq;
                return &changes[i];
            }
            // Purges leave no row. Where there were rows the last one is the place: last_seq is its seq.
            if (position_[shard] == looked_from_[shard]) position_[shard] = log_.update_seq(shard);
        }
        ++turn_;
    }
    return nullptr;
}

bool RowReader::read(std::string& out, std::size_t bytes_max) {
    while (rows_ < options_.limit) {
        if (out.size() >= bytes_max) return false;
        std::size_t shard = 0;
        const auto* change = next(shard);
        if (!change) return true;
        // Rows of several shards come in runs, as they do from CouchDB's workers: in order within a shard
        // only.
        if (log_.shard_count() > 1 && (change->seq * 0x9e3779b97f4a7c15ull >> 62) == 0) ++turn_;
        if (options_.descending) position_[shard] = change->seq;
        if (options_.filter.passes && !options_.filter.passes(*change->document)) continue;
        std::vector<std::size_t> leaves;
        if (options_.filter.passes_leaf && (leaves = passing_leaves(*change->document)).empty()) continue;
        append_row(out, shard, *change, leaves);
        ++rows_;
    }
    return true;
}

std::vector<std::size_t> RowReader::passing_leaves(const Document& document) const {
    const auto& tree = document.tree;
    auto leaves = options_.all_leaves ? tree.leaves() : std::vector<std::size_t>{tree.winner()};
    std::erase_if(leaves, [&](std::size_t leaf) { return !options_.filter.passes_leaf(document, leaf); });
    return leaves;
}

void RowReader::append_row(std::string& out, std::size_t shard, const ChangesLog::Change& change,
                           const std::vector<std::size_t>& leaves) {
    const auto& document = *change.document;
    // What is the same for all feeds is written once.
    const bool has_conflicts = options_.view.conflicts && document.tree.leaf_count() > 1;
    const bool plain_view = !has_conflicts && !options_.view.attachments &&
                            !options_.view.att_encoding_info && !options_.filter.passes_leaf;
    auto& cached = log_.row(shard, change.seq);
    std::string own_seq;
    const auto* seq = &own_seq;
    const bool wants_seq =
        options_.seq_interval == 0 || (options_.limit - rows_) % options_.seq_interval == 0;
    if (wants_seq) {
        if (log_.shard_count() == 1 && options_.kind >= FeedKind::continuous) {
            if (cached.sequence.empty()) cached.sequence = database_.sequence(position_, options_.member);
            seq = &cached.sequence;
        } else {
            own_seq = database_.sequence(position_, options_.member);
        }
    }
    std::string own_tail;
    auto* tail = &own_tail;
    if (plain_view) tail = &cached.texts[(options_.all_leaves ? 1u : 0u) + (options_.include_docs ? 2u : 0u)];
    if (tail->empty()) *tail = row_tail(document, options_, leaves);
    out.reserve(out.size() + 2 * seq->size() + tail->size() + 64);
    switch (options_.kind) {
        case FeedKind::normal:
        case FeedKind::longpoll:
            if (rows_ > 0) out += ",\r\n";
            break;
        case FeedKind::eventsource:
            out += "data: ";
            break;
        case FeedKind::continuous:
            break;
    }
    out += "{\"seq\":";
    if (wants_seq) {
        out += '"';
        out += *seq;
        out += "\",";
    } else {
        out += "null,";
    }
    out += *tail;
    if (options_.kind == FeedKind::continuous) out += '\n';
    if (options_.kind == FeedKind::eventsource) {
        out += "\nid: ";
        out += wants_seq ? '"' + *seq + '"' : "null";
        out += "\n\n";
    }
}

std::uint64_t RowReader::pending() const {
    if (options_.descending) {
        std::uint64_t left = 0;
        for (std::size_t shard = 0; shard < index_.size(); ++shard)
            for (std::size_t i = 0; i < index_[shard]; ++i)
                left += log_.changes(shard)[i].document != nullptr;
        return left;
    }
    if (!options_.filter.by_lookup) return log_.count_after(position_);
    const auto shown = rows_ - rows_then_;
    return ahead_ > shown ? ahead_ - shown : 0;
}

std::string RowReader::last_words() const {
    if (options_.kind == FeedKind::eventsource) return {};
    std::string_view opening = options_.kind == FeedKind::continuous ? "{" : "\n],\n";
    return fmt::format("{}\"last_seq\":\"{}\",\"pending\":{}}}\n\n", opening,
                       database_.sequence(position_, options_.member), pending());
}

}  // namespace davenport::couchmock
