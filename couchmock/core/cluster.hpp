#pragma once

#include "node/base/time.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace davenport::couchmock {

/// A member of a cluster, counted from 0; `whole_cluster`: nobody in particular, what all of them have.
using MemberIndex = std::size_t;
inline constexpr MemberIndex whole_cluster = static_cast<MemberIndex>(-1);
/// Those whose answers to a read are waited for. Empty: the whole.
using Replicas = std::vector<MemberIndex>;

/// The members of a cluster, and the balancer before them; one member is no cluster.
///
/// Threads: not thread-safe. Time: only what it is told. Errors: none.
class Cluster {
public:
    explicit Cluster(int members);

    /// True when there is more than one.
    [[nodiscard]] bool is_cluster() const { return members_.size() > 1; }
    [[nodiscard]] std::size_t size() const { return members_.size(); }
    [[nodiscard]] bool is_up(MemberIndex member) const { return members_[member].away_for.empty(); }
    [[nodiscard]] std::size_t count_up() const;
    /// More than half of the members are up: what is written reaches as many as CouchDB wants.
    [[nodiscard]] bool has_quorum() const { return count_up() >= quorum(); }
    [[nodiscard]] std::size_t quorum() const { return members_.size() / 2 + 1; }
    /// The member whose turn it is, of those that are up; nothing when none is.
    std::optional<MemberIndex> choose();
    /// `count` members that are up, or as many as are: `first`, and those after it.
    [[nodiscard]] Replicas replicas(MemberIndex first, std::size_t count) const;

    /// `by`: whoever takes it away; it is up again when all have given it back. True when it was up.
    bool take_away(MemberIndex member, std::uint64_t by);
    /// Gives back what `by` took away; `lag` after that the others have brought it what it missed. The
    /// members that are up again by it.
    std::vector<MemberIndex> give_back(std::uint64_t by, base::Duration lag, base::Time now);
    /// When take_healed() is wanted.
    [[nodiscard]] std::optional<base::Time> deadline() const;
    /// Members whose lag is over.
    std::vector<MemberIndex> take_healed(base::Time now);

    [[nodiscard]] std::vector<bool> up() const;
    /// "node2@127.0.0.1", as a cluster's members are called in the examples of CouchDB's own documentation.
    [[nodiscard]] static std::string name_of(MemberIndex member);

private:
    struct Member {
        std::set<std::uint64_t> away_for;
        std::optional<base::Time> healed_at;
    };
    std::vector<Member> members_;
    std::size_t turn_ = 0;
};

}  // namespace davenport::couchmock
