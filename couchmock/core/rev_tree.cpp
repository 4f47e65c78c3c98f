#include "couchmock/core/rev_tree.hpp"

#include <algorithm>
#include <string>
#include <tuple>
#include <unordered_map>

namespace davenport::couchmock {
namespace {

bool beats(const RevTree::Node& a, const RevTree::Node& b) {
    const bool a_lives = !(a.leaf && a.leaf->deleted);
    const bool b_lives = !(b.leaf && b.leaf->deleted);
    return std::tie(a_lives, a.revision) > std::tie(b_lives, b.revision);
}

/// Where revisions are in a tree. For a long path they are looked up by hash: else merging a long path into
/// a long tree would take the product of the two.
class Places {
public:
    Places(const std::vector<RevTree::Node>& nodes, std::size_t lookups) : nodes_{nodes} {
        if (lookups < lookups_min || nodes.size() < lookups_min) return;
        for (std::size_t i = 0; i < nodes.size(); ++i) by_hash_.emplace(nodes[i].revision.hash, i);
        size_ = nodes.size();
    }
    [[nodiscard]] std::size_t find(const Revision& revision) const {
        std::size_t found = RevTree::none;
        if (size_ == 0) {
            for (std::size_t i = nodes_.size(); i-- > 0;)
                if (nodes_[i].revision == revision) return i;
            return found;
        }
        const auto [from, to] = by_hash_.equal_range(revision.hash);
        for (auto it = from; it != to; ++it)
            if (nodes_[it->second].revision == revision && (found == RevTree::none || it->second > found))
                found = it->second;
        return found;
    }

private:
    static constexpr std::size_t lookups_min = 16;
    const std::vector<RevTree::Node>& nodes_;
    std::unordered_multimap<std::string, std::size_t> by_hash_;
    std::size_t size_ = 0;
};

}  // namespace

RevTree::Merged RevTree::merge(const std::vector<Revision>& path, LeafPtr leaf) {
    const Places places{nodes_, path.size()};
    // The newest revision of the path that is known; what is older than it may still lengthen a stemmed root.
    std::size_t known = 0;
    std::size_t node = none;
    for (; known < path.size(); ++known)
        if (node = places.find(path[known]); node != none) break;

    const bool joins_leaf = node != none && known > 0 && is_leaf(node);
    for (auto older = known + 1, child = node; child != none && older < path.size(); ++older) {
        if (nodes_[child].parent == none) {
            auto parent =
                places.find(path[older]);  // a path names each depth once: what was added is not in it
            if (parent == none) {
                parent = nodes_.size();
                nodes_.push_back({path[older], none, 0, nullptr});
            }
            nodes_[child].parent = parent;
            ++nodes_[parent].children;
        }
        child = nodes_[child].parent;
    }
    if (known == 0) {
        if (!nodes_[node].leaf) nodes_[node].leaf = std::move(leaf);
        choose_winner();
        return Merged::nothing;
    }
    const bool first = nodes_.empty();
    for (auto i = known; i-- > 0;) {
        if (node != none) ++nodes_[node].children;
        nodes_.push_back({path[i], node, 0, i == 0 ? std::move(leaf) : nullptr});
        node = nodes_.size() - 1;
    }
    choose_winner();
    return first || joins_leaf ? Merged::new_leaf : Merged::new_branch;
}

RevTree RevTree::of(std::vector<Node> nodes) {
    RevTree tree;
    tree.nodes_ = std::move(nodes);
    for (auto& node : tree.nodes_) node.children = 0;
    for (const auto& node : tree.nodes_)
        if (node.parent != none) ++tree.nodes_[node.parent].children;
    tree.choose_winner();
    return tree;
}

std::size_t RevTree::extend(std::size_t parent, Revision revision, LeafPtr leaf) {
    if (parent != none) ++nodes_[parent].children;
    nodes_.push_back({std::move(revision), parent, 0, std::move(leaf)});
    choose_winner();
    return nodes_.size() - 1;
}

std::size_t RevTree::find(const Revision& revision) const {
    for (std::size_t i = nodes_.size(); i-- > 0;)
        if (nodes_[i].revision == revision) return i;
    return none;
}

std::vector<std::size_t> RevTree::leaves() const {
    std::vector<std::size_t> out;
    for (std::size_t i = 0; i < nodes_.size(); ++i)
        if (is_leaf(i)) out.push_back(i);
    std::ranges::sort(out, [&](auto a, auto b) { return beats(nodes_[a], nodes_[b]); });
    return out;
}

std::vector<std::size_t> RevTree::leaves_below(std::size_t index) const {
    std::vector<std::size_t> out;
    for (const auto leaf : leaves()) {
        auto node = leaf;
        while (node != none && node != index) node = nodes_[node].parent;
        if (node == index) out.push_back(leaf);
    }
    return out;
}

std::vector<Revision> RevTree::path(std::size_t index) const {
    std::vector<Revision> out;
    for (; index != none; index = nodes_[index].parent) out.push_back(nodes_[index].revision);
    return out;
}

void RevTree::stem(std::size_t limit) {
    if (nodes_.size() <= limit) return;
    std::vector<bool> keep(nodes_.size(), false);
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        if (!is_leaf(i)) continue;
        auto node = i;
        for (std::size_t n = 0; n < limit && node != none; ++n, node = nodes_[node].parent) keep[node] = true;
    }
    if (std::ranges::find(keep, false) != keep.end()) rebuild(keep);
}

bool RevTree::purge(const Revision& revision) {
    auto node = find(revision);
    if (node == none || !is_leaf(node)) return false;
    std::vector<bool> keep(nodes_.size(), true);
    for (; node != none && nodes_[node].children <= 1; node = nodes_[node].parent) keep[node] = false;
    rebuild(keep);
    return true;
}

bool RevTree::compact() {
    bool any = false;
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        if (is_leaf(i) || !nodes_[i].leaf) continue;
        nodes_[i].leaf.reset();
        any = true;
    }
    return any;
}

void RevTree::choose_winner() {
    winner_ = none;
    leaf_count_ = 0;
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        if (!is_leaf(i)) continue;
        ++leaf_count_;
        if (winner_ == none || beats(nodes_[i], nodes_[winner_])) winner_ = i;
    }
}

void RevTree::rebuild(const std::vector<bool>& keep) {
    std::vector<std::size_t> place(nodes_.size(), none);
    std::vector<Node> kept;
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        if (!keep[i]) continue;
        place[i] = kept.size();
        kept.push_back(std::move(nodes_[i]));
        kept.back().children = 0;
    }
    for (auto& node : kept) {
        if (node.parent != none) node.parent = place[node.parent];
        if (node.parent != none) ++kept[node.parent].children;
    }
    nodes_ = std::move(kept);
    choose_winner();
}

}  // namespace davenport::couchmock
