#include "couchmock/core/database.hpp"

#include "couchmock/core/erlang_term.hpp"
#include "node/base/digest.hpp"

#include <algorithm>
#include <memory>
#include <numeric>

#include <zlib.h>

namespace davenport::couchmock {

std::string revision_hash(bool deleted, const Revision* parent, std::string_view body_term,
                          const std::vector<Attachment>& attachments) {
    namespace term = erlang_term;
    std::string out;
    out.reserve(body_term.size() + 64);
    out += static_cast<char>(131);
    term::append_list_head(out, 5);
    term::append_atom(out, deleted ? "true" : "false");
    term::append_integer(out, parent ? parent->depth : std::uint64_t{0});
    if (parent)
        term::append_binary(out, parent->hash);
    else
        term::append_integer(out, std::int64_t{0});
    out += body_term;
    if (attachments.empty()) {
        term::append_nil(out);
    } else {
        term::append_list_head(out, static_cast<std::uint32_t>(attachments.size()));
        for (auto it = attachments.rbegin(); it != attachments.rend(); ++it) {  // foldl turned them round
            term::append_tuple_head(out, 3);
            term::append_binary(out, it->name);
            term::append_binary(out, it->content_type);
            term::append_binary(out, it->digest);
        }
        term::append_nil(out);
    }
    term::append_nil(out);
    return base::md5(out);
}

Database::Database(Settings settings, base::Random random)
    : settings_(std::move(settings)),
      random_(random),
      tag_(random_.next()),
      log_(static_cast<std::size_t>(std::max(1, settings_.shards))),
      knows_no_validation_(log_.shard_count()) {}

const Document* Database::find(std::string_view id) const {
    const auto it = documents_.find(id);
    return it == documents_.end() ? nullptr : &it->second;
}

std::size_t Database::shard_of(std::string_view id) const {
    if (log_.shard_count() == 1) return 0;
    if (settings_.partitioned && !id.starts_with('_')) id = id.substr(0, id.find(':'));
    const auto crc = crc32(0, reinterpret_cast<const Bytef*>(id.data()), static_cast<uInt>(id.size()));
    return static_cast<std::size_t>(crc * std::uint64_t{log_.shard_count()} >>
                                    32);  // equal ranges, as mem3 cuts them
}

/// Whether an edit may be made, and what it follows.
struct Database::Judged {
    bool conflict = false;
    bool recreates =
        false;  ///< a deleted document comes back: the parent is the winner at the time of writing
    std::size_t parent = RevTree::none;
};

/// CouchDB looks for what an edit replaces only where a validation function may ask for it, or attachments do
/// (couch_db:before_docs_update); elsewhere a revision that never was becomes the parent of the new one. That
/// there is no such function a shard knows from its first edit on.
bool Database::looks_up(const Edit& edit) const {
    return !edit.attachments.empty() || edit.id.starts_with("_design/") || keeps_users || has_validation() ||
           !knows_no_validation_[shard_of(edit.id)];
}

Database::Judged Database::judge(const Edit& edit, bool looked_up) const {
    const auto* document = find(edit.id);
    if (!document) return {!edit.path.empty() && looked_up, false, RevTree::none};
    if (edit.path.empty()) return {!document->tree.deleted() || edit.deleted, true, RevTree::none};
    const auto parent = document->tree.find(edit.path.front());
    const bool is_leaf = parent != RevTree::none && document->tree.is_leaf(parent);
    return {!is_leaf || document->tree.deleted(), false, parent};
}

bool Database::would_conflict(const Edit& edit) const { return judge(edit, looks_up(edit)).conflict; }

/// A shard looks up all that comes in one request, or nothing of it. Empty where one edit comes alone.
std::vector<bool> Database::shards_that_look_up(const std::vector<Edit>& edits) const {
    std::vector<bool> out;
    if (edits.size() < 2) return out;
    out.resize(log_.shard_count());
    for (const auto& edit : edits)
        if (looks_up(edit)) out[shard_of(edit.id)] = true;
    return out;
}

Document& Database::make(std::string id) {
    const bool last = documents_.empty() || documents_.rbegin()->first < id;
    auto it = last ? documents_.emplace_hint(documents_.end(), std::move(id), Document{})
                   : documents_.try_emplace(std::move(id)).first;
    it->second.id = it->first;
    it->second.shard = shard_of(it->first);
    return it->second;
}

void Database::note_unsaved(std::string_view id) {
    if (!tracks_) return;
    unsaved_.any = true;
    unsaved_.documents.emplace_back(id);
}

void Database::set_local(std::string id, Local local) {
    if (tracks_) {
        unsaved_.any = true;
        unsaved_.locals.push_back(id);
    }
    for (auto& copy : copies_)
        if (!copy.is_away()) copy.locals.insert_or_assign(id, local);
    locals_.insert_or_assign(std::move(id), std::move(local));
}

bool Database::erase_local(std::string_view id) {
    for (auto& copy : copies_)
        if (const auto found = copy.locals.find(id); !copy.is_away() && found != copy.locals.end())
            copy.locals.erase(found);
    const auto it = locals_.find(id);
    if (it == locals_.end()) return false;
    if (tracks_) {
        unsaved_.any = true;
        unsaved_.locals.push_back(it->first);
    }
    locals_.erase(it);
    return true;
}

void Database::clear_locals() {
    while (!locals_.empty()) erase_local(std::string{locals_.begin()->first});
    for (auto& copy : copies_) copy.locals.clear();
}

bool Database::restore(const std::string& id, std::size_t shard, std::uint64_t seq,
                       std::vector<RevTree::Node> nodes) {
    if (shard >= log_.shard_count() || seq == 0) return false;
    auto& document = make(id);
    document.tree = RevTree::of(std::move(nodes));
    document.shard = shard;
    document.seq = seq;
    log_.insert(shard, seq, document);
    ++version_;
    if (document.tree.deleted()) return true;
    live_.insert(&document);
    note_validation(document);
    return true;
}

void Database::restore_place(std::uint64_t tag, const Position& seqs) {
    tag_ = tag;
    for (std::size_t i = 0; i < log_.shard_count() && i < seqs.size(); ++i) log_.set_update_seq(i, seqs[i]);
}

void Database::note_validation(const Document& document) {
    if (!document.id.starts_with("_design/")) return;
    knows_no_validation_.assign(log_.shard_count(), false);
    if (keeps_users && document.id == "_design/_auth") return;  // built in
    if (const auto it = validating_.find(document.id); it != validating_.end()) validating_.erase(it);
    const auto& leaf = document.tree.at(document.tree.winner()).leaf;
    const bool validates =
        leaf && !leaf->deleted && leaf->body.find("\"validate_doc_update\":") != std::string::npos;
    if (validates) validating_.emplace(document.id);
}

void Database::changed(Document& document, bool was_alive) {
    if (document.seq != 0) log_.drop(document.shard, document.seq);
    document.seq = log_.append(document.shard, document);
    for (auto& copy : copies_) copy.changed(document.shard, document);
    ++version_;
    const auto& leaf = document.tree.at(document.tree.winner()).leaf;
    if (leaf) bytes_written_ += leaf->body.size() + 2;
    const bool alive = !document.tree.deleted();
    note_validation(document);
    note_unsaved(document.id);
    if (alive == was_alive) return;
    if (alive)
        live_.insert(&document);
    else
        live_.erase(&document);
}

void Database::note_edited(const Document& document) {
    if (!document.id.starts_with("_design/")) knows_no_validation_[document.shard] = true;
}

void Database::note_setting() {
    for (std::size_t shard = 0; shard < log_.shard_count(); ++shard) log_.skip(shard);
    ++version_;
    note_settings();
}

Edited Database::update_one(Edit edit) {
    std::vector<Edit> edits;
    edits.push_back(std::move(edit));
    return std::move(update(std::move(edits)).front());
}

std::vector<Edited> Database::update(std::vector<Edit> edits) {
    std::vector<std::size_t> order(edits.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    if (edits.size() > 1)
        std::ranges::stable_sort(order, {}, [&](std::size_t i) { return std::string_view{edits[i].id}; });

    std::vector<Edited> results(edits.size());
    const auto looking = shards_that_look_up(edits);
    const auto looked_up = [&](const Edit& edit) {
        return looking.empty() ? looks_up(edit) : bool{looking[shard_of(edit.id)]};
    };
    bool wrote_design = false;
    for (std::size_t i = 0; i < order.size();) {
        auto end = i + 1;
        while (end < order.size() && edits[order[end]].id == edits[order[i]].id) ++end;
        std::vector<Judged> judged;
        for (auto k = i; k < end; ++k) {
            const auto& edit = edits[order[k]];
            judged.push_back(judge(edit, !edit.path.empty() && looked_up(edit)));
        }
        const auto* known = find(edits[order[i]].id);
        bool was_alive = known && !known->tree.deleted();
        const bool first_alive = was_alive;
        Document* document = nullptr;
        for (auto k = i; k < end; ++k)
            results[order[k]] = apply(edits[order[k]], judged[k - i], was_alive, document);
        if (document) {
            document->tree.stem(revs_limit);
            changed(*document, first_alive);
            note_edited(*document);
            wrote_design = wrote_design || document->id.starts_with("_design/");
        }
        i = end;
    }
    if (wrote_design) knows_no_validation_.assign(log_.shard_count(), false);
    return results;
}

Edited Database::apply(Edit& edit, const Judged& judged, bool& was_alive, Document*& document) {
    if (judged.conflict) return {true, {}};
    auto it = documents_.find(edit.id);
    auto parent = judged.parent;
    if (it != documents_.end()) {
        const auto& tree = it->second.tree;
        if (judged.recreates) {
            if (!tree.deleted()) return {true, {}};  // an edit before it in the same request brought it back
            parent = tree.winner();
        } else if (parent == RevTree::none || !tree.is_leaf(parent)) {
            return {true, {}};
        }
    }
    const auto* follows = parent != RevTree::none ? &it->second.tree.at(parent).revision
                          : edit.path.empty()     ? nullptr
                                                  : &edit.path.front();
    Revision revision{follows ? follows->depth + 1 : 1,
                      revision_hash(edit.deleted, follows, edit.term, edit.attachments)};
    // What it kept of its parent has the parent's very bytes; all else is new, whatever revpos it was said to
    // have.
    const auto before = parent != RevTree::none ? it->second.tree.at(parent).leaf : nullptr;
    for (auto& attachment : edit.attachments)
        if (!before || std::ranges::find(before->attachments, attachment.data, &Attachment::data) ==
                           before->attachments.end())
            attachment.revpos = revision.depth;
    auto leaf = std::make_shared<Leaf>(Leaf{std::move(edit.body), edit.deleted, std::move(edit.attachments)});
    document = it != documents_.end() ? &it->second : &make(std::move(edit.id));
    if (parent == RevTree::none && !edit.path.empty()) {  // revisions that nobody here has seen
        edit.path.insert(edit.path.begin(), revision);
        document->tree.merge(edit.path, std::move(leaf));
    } else {
        document->tree.extend(parent, revision, std::move(leaf));
    }
    was_alive = !document->tree.deleted();
    return {false, std::move(revision)};
}

bool Database::replicate(Edit edit) {
    const auto* known = find(edit.id);
    const bool was_alive = known && !known->tree.deleted();
    if (known && known->tree.contains(edit.path.front())) return false;
    auto& document = known ? documents_.find(edit.id)->second : make(std::move(edit.id));
    document.tree.merge(edit.path, std::make_shared<Leaf>(Leaf{std::move(edit.body), edit.deleted,
                                                               std::move(edit.attachments)}));
    document.tree.stem(revs_limit);
    changed(document, was_alive);
    note_edited(document);
    return true;
}

std::vector<Revision> Database::purge(std::string_view id, const std::vector<Revision>& revisions) {
    const auto it = documents_.find(id);
    // What was asked for is on record and moves both sequences, whatever it found.
    ++purge_seq;
    ++version_;
    purged.emplace_back(std::string{id}, revisions);
    note_settings();
    if (it == documents_.end()) {
        log_.skip(shard_of(id));
        return {};
    }
    auto& document = it->second;
    std::vector<Revision> gone;
    const bool was_alive = !document.tree.deleted();
    for (const auto& revision : revisions)
        if (document.tree.purge(revision)) gone.push_back(revision);
    if (gone.empty()) {
        log_.skip(document.shard);
        return gone;
    }
    if (!document.tree.empty()) {
        changed(document, was_alive);
        return gone;
    }
    log_.drop(document.shard, document.seq);
    drop_from_copies(document);
    note_unsaved(document.id);
    log_.skip(document.shard);
    if (was_alive) live_.erase(&document);
    documents_.erase(it);
    return gone;
}

void Database::compact() {
    for (auto& [id, document] : documents_)
        if (document.tree.compact()) note_unsaved(id);
    unsaved_.compacted = unsaved_.compacted || tracks_;
}

Database::Sizes Database::sizes() const {
    const auto written = bytes_written_ + 200 * version_;
    return {8192 * log_.shard_count() + written, bytes_written_, written};
}

}  // namespace davenport::couchmock
