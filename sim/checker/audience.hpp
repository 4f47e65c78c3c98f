#pragma once

#include "sim/checker/facts.hpp"

#include <functional>
#include <vector>

namespace davenport::sim::checker {

/// Who had to be shown a message, and who was.
///
/// The audience are the clients that followed the room before the message was first sent: those who came
/// later may see it as history, but nobody owes it to them.
struct Reach {
    Index message = nobody;
    std::uint32_t audience = 0;
    std::vector<Index> missing;        ///< of the audience, without those who were away at the end
    std::uint32_t away = 0;            ///< of the audience: never shown, and not connected at the end
    std::vector<std::uint32_t> shown;  ///< to the audience: indices into Facts::deliveries
    std::vector<std::uint32_t> twice;  ///< shown again as if it were new: indices into Facts::deliveries
    std::int64_t last_us = never;      ///< when the last of the audience was shown it
};

/// Calls `visit` for every message, in order. The Reach is reused from call to call. Needs closed facts.
void for_each_reach(const Facts& facts, const std::function<void(const Reach&)>& visit);

/// Told to be on a disk, and neither taken by a fault that wipes disks nor refused by the store for good:
/// everybody must get it.
[[nodiscard]] inline bool is_owed(const Message& m) {
    return m.sent_seq != 0 && m.accepted_us >= 0 && !m.rejected && !m.deleted_by_hand &&
           (!m.excused || (m.stored_us >= 0 && !m.store_lost) || m.documents > 0);
}

}  // namespace davenport::sim::checker
