#pragma once

#include "node/base/journal.hpp"
#include "node/base/policy.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace davenport::node {

/// A policy that this node knows of.
struct HeldPolicy {
    std::string body;
    std::optional<base::Policy> policy;  ///< nothing: the document makes no sense, and counts for nothing
    std::string revision;                ///< in `stored_in`; opaque
    base::Generation stored_in;          ///< the store that has it so; empty: none had it ever
    std::uint64_t version = 0;           ///< grows with each change here

    [[nodiscard]] std::string_view key() const {
        return policy ? std::string_view{policy->key} : std::string_view{};
    }
};

/// The policies that this node knows of, and which of them count: bans and rooms' settings, as the store told
/// them and as moderators here made them. All are kept in memory, and are found by name and room in
/// logarithmic time. The journal has them too, so that they hold after a restart with the store down.
///
/// Of several documents about the same ban the one with the highest key counts.
class Policies {
public:
    /// More documents are not taken.
    static constexpr std::size_t policies_max = 100'000;

    explicit Policies(base::JournalView& journal);

    [[nodiscard]] bool empty() const { return held_.empty(); }
    [[nodiscard]] std::size_t size() const { return held_.size(); }
    [[nodiscard]] bool full() const { return held_.size() >= policies_max; }
    [[nodiscard]] const HeldPolicy* find(std::string_view id) const;
    [[nodiscard]] std::vector<std::string> ids() const;

    // ---- what changes
    /// It goes to the disk with the next batch.
    void set(const std::string& id, std::string body, std::optional<base::Policy> policy,
             std::string revision, base::Generation stored_in);
    void mark_stored(std::string_view id, std::string revision, const base::Generation& generation);
    void erase(std::string_view id);

    // ---- what counts
    /// The ban that counts for this name in this room (or `everywhere`), whether it is in force or not;
    /// nullptr when there was never one.
    [[nodiscard]] const base::Ban* ban(std::string_view room, std::string_view name) const;
    /// The ban by which this name may not take part in this room now; nullptr when there is none.
    [[nodiscard]] const base::Ban* ban_in_force(std::string_view room, std::string_view name,
                                                base::WallTime now) const;
    /// The key of ban(); empty when there is none, or nobody gave one.
    [[nodiscard]] std::string_view ban_key(std::string_view room, std::string_view name) const;
    /// The first `limit` bans in force in this room (or `everywhere`) of names above `after`, by name.
    [[nodiscard]] std::vector<const base::Ban*> bans(std::string_view room, std::string_view after,
                                                     std::size_t limit, base::WallTime now) const;
    /// Looks at all of them.
    [[nodiscard]] std::size_t count_bans(base::WallTime now) const;
    [[nodiscard]] std::size_t count_rooms() const { return rooms_.size(); }
    /// The room's settings; nullptr when it has none.
    [[nodiscard]] const base::RoomSettings* room(std::string_view room) const;

    /// How many days messages are kept, by room; of those rooms that do not keep them for ever.
    [[nodiscard]] std::map<std::string, std::int64_t> retention_days() const;

    /// Rooms whose bans or settings have changed since this was last asked; `everywhere` for all.
    [[nodiscard]] std::set<std::string, std::less<>> take_changed() { return std::exchange(changed_, {}); }
    /// The same of settings alone.
    [[nodiscard]] std::set<std::string> take_changed_settings() {
        return std::exchange(changed_settings_, {});
    }
    [[nodiscard]] bool has_changed() const { return !changed_.empty(); }

    // ---- to the disk
    [[nodiscard]] bool waits() const { return !waiting_.empty(); }
    /// What the next batch writes.
    [[nodiscard]] std::vector<base::JournalPolicy> take_batch();
    void committed();
    void not_committed();
    /// All up to this HeldPolicy::version is on the disk.
    [[nodiscard]] std::uint64_t committed_version() const { return committed_version_; }

private:
    using Subject = std::vector<std::map<std::string, HeldPolicy, std::less<>>::const_iterator>;

    void add_to_index(std::map<std::string, HeldPolicy, std::less<>>::const_iterator one);
    void take_from_index(std::map<std::string, HeldPolicy, std::less<>>::const_iterator one);
    void note_change(const HeldPolicy& one);
    [[nodiscard]] static const HeldPolicy& first_of(const Subject& subject);
    [[nodiscard]] static const base::Ban& ban_of(const HeldPolicy& one) {
        return std::get<base::Ban>(one.policy->what);
    }

    std::map<std::string, HeldPolicy, std::less<>> held_;  ///< by id
    std::map<std::string, Subject, std::less<>> bans_;     ///< by base::ban_subject()
    std::map<std::string, const base::RoomSettings*, std::less<>> rooms_;
    std::set<std::string, std::less<>> changed_;
    std::set<std::string> changed_settings_;
    std::set<std::string> waiting_, under_way_;  ///< ids that go to the disk
    std::uint64_t version_ = 0, version_under_way_ = 0, committed_version_ = 0;
};

}  // namespace davenport::node
