#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace davenport::node {

/// The revisions of documents that this node was the last to write, as far as it knows, and that have no
/// members but a message's own. A change of such a message is written over that revision without reading it
/// first; if somebody else wrote meanwhile, the store says so.
///
/// Bounded: of more than `ids_max` those that came first are forgotten. Threads: not thread-safe.
class OwnRevisions {
public:
    static constexpr std::size_t ids_max = 10'000;

    /// The document of this state (base::version_of) is this revision now.
    void put(std::string_view id, std::string_view version, std::string_view revision) {
        if (revision.empty()) return;
        if (!written_.insert_or_assign(std::string{id}, Written{std::string{version}, std::string{revision}})
                 .second)
            return;
        in_order_.emplace_back(id);
        if (in_order_.size() <= ids_max) return;
        written_.erase(in_order_.front());
        in_order_.pop_front();
    }
    /// The revision that the message is to be written over; nothing when it must be read, as for a state that
    /// was written already and is looked for. Not known afterwards, until the write has been answered.
    [[nodiscard]] std::optional<std::string> take(std::string_view id, std::string_view version) {
        const auto found = written_.find(id);
        if (found == written_.end()) return std::nullopt;
        auto out =
            found->second.version < version ? std::optional{std::move(found->second.revision)} : std::nullopt;
        written_.erase(found);
        return out;
    }
    void clear() {
        written_.clear();
        in_order_.clear();
    }

private:
    struct Hash : std::hash<std::string_view> {
        using is_transparent = void;
    };
    struct Written {
        std::string version, revision;
    };
    std::unordered_map<std::string, Written, Hash, std::equal_to<>> written_;
    std::deque<std::string> in_order_;
};

}  // namespace davenport::node
