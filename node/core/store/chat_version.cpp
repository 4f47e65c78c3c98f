#include "node/core/store/chat_version.hpp"

#include "node/base/mark.hpp"

#include <algorithm>

namespace davenport::node {
namespace {

constexpr std::int64_t first_version = 1, newest_version = 2;
constexpr std::size_t entries_at_once = 500;

bool has_full_id(const base::JournalEntry& entry) { return !base::brief_id_of(entry.message.id()).empty(); }

}  // namespace

ChatVersion::ChatVersion(const ChatConfig& config, CommitQueue& log) : log_{&log} {
    if (const auto checkpoint = log.journal().state().checkpoint) known_ = checkpoint->full_ids_from;
    if (config.full_ids_from) known_ = std::min(known_.value_or(base::full_ids_never), *config.full_ids_from);
}

ChatVersion::Verdict ChatVersion::judge(std::optional<std::int64_t> version,
                                        std::optional<std::int64_t> ids_from) {
    const auto said = version.value_or(newest_version);
    if (said > newest_version) return Verdict::too_new;
    const auto told =
        said == first_version ? base::full_ids_never : std::max<std::int64_t>(ids_from.value_or(0), 0);
    if (known_ && told > *known_) {
        DAVENPORT_MARK("a store of an older version is told the chat's");
        return Verdict::is_told;
    }
    if (!known_ && told == base::full_ids_never && has_full_ids()) return Verdict::too_old;
    known_ = told;
    return Verdict::fits;
}

std::string ChatVersion::reason(Verdict verdict) {
    if (verdict == Verdict::too_new) return "the chat in it is of a newer chatnode: run that one here too";
    return "the chat in it is of version 1, whose nodes cannot read what this one has accepted while it had "
           "not met its store: run `chatnode store upgrade` when all its nodes are of this version";
}

std::string ChatVersion::members() const {
    const auto from = full_ids_from();
    if (from == base::full_ids_never) return "\"v\":" + std::to_string(first_version);
    auto out = "\"v\":" + std::to_string(newest_version);
    if (from != base::full_ids_always) out += ",\"ids_from\":" + std::to_string(from);
    return out;
}

/// Asked of a node that has never read a store: it has what its own clients said.
bool ChatVersion::has_full_ids() const {
    for (const auto* pending : log_->on_the_way())
        if (has_full_id(pending->entry)) return true;
    for (std::uint64_t arrival = 0;;) {
        const auto entries = log_->journal().after({}, arrival, entries_at_once);
        if (entries.empty()) return false;
        if (std::ranges::any_of(entries, has_full_id)) return true;
        arrival = entries.back().arrival;
    }
}

}  // namespace davenport::node
