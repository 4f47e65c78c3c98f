#pragma once

#include "node/core/store/store.hpp"

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace davenport::node {

/// Pages of the store that many wait for. A crowd that comes to this node at once wants the same page: one
/// read answers all who wait for it. A read is begun only when all whom it answers have asked for it, so what
/// is written after that comes to them by the feed. Few reads are under way at once; the others wait in the
/// order in which they were wanted first.
class PageReads {
public:
    /// Who is on the way to which room.
    using Who = std::pair<SessionId, std::string>;
    /// What was written after `place`; or, when `room` is not empty, its newest `count` messages.
    struct Wanted {
        Place place{};
        std::string room{};
        std::size_t count = 0;
        auto operator<=>(const Wanted&) const = default;
    };
    struct Answer {
        enum class How { failed, unknown_place, page } how = How::failed;
        std::vector<base::ChatMessage> messages{};  ///< of a page after a place
        Place next{};
        bool more = false;
        base::Time at{};      ///< when it came
        bool shared = false;  ///< more than one waited for it
    };
    using Shared = std::shared_ptr<const Answer>;
    /// Called in the turn in which the store answers, before the node takes in what the page holds.
    using OnAnswer = std::function<void(const Who&, const Shared&)>;

    PageReads(Store& store, OnAnswer on_answer) : store_{&store}, on_answer_{std::move(on_answer)} {}

    /// Who waits for one page waits for no other.
    void want(const Who& who, Wanted what);
    /// He does not wait any more. A read that nobody waits for is cancelled.
    void forget(Turn& turn, const Who& who);
    /// The end of a turn: begins reads while there may be more of them.
    void pump(Turn& turn);

private:
    using Crowd = std::set<Who>;
    struct Waiting {
        Crowd crowd;
        std::uint64_t turn = 0;  ///< to be read in the order of these
    };
    struct Read {
        Crowd crowd;
        Store::RequestId request = 0;
    };

    void begin(Turn& turn, const Wanted& what, Crowd crowd);
    void answered(std::uint64_t number, Answer answer);

    Store* store_;
    OnAnswer on_answer_;
    std::map<Wanted, Waiting> wanted_;
    std::map<std::uint64_t, Wanted> order_;
    std::map<Who, Wanted> waits_for_;  ///< a read that is not begun
    std::map<Who, std::uint64_t> in_read_;
    std::map<std::uint64_t, Read> under_way_;
    std::uint64_t count_ = 0;
};

}  // namespace davenport::node
