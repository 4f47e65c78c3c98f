#pragma once

#include "sim/checker/names.hpp"

#include <cstdint>
#include <vector>

namespace davenport::sim::checker {

/// What each client knows to be wrong: it has no connection, its node does not see the store, or it may have
/// missed something. What a page would show to whoever sits at it.
class ClientWarnings {
public:
    enum class About { connection, store, gap };

    /// From now on the client knows that something is wrong, or no more. Every client begins without a
    /// connection.
    void set(Index client, About about, bool is_wrong, std::int64_t at_us) {
        if (client >= clients_.size()) clients_.resize(client + 1);
        auto& known = clients_[client];
        const bool knew = known.wrong != 0;
        const auto bit = 1U << static_cast<unsigned>(about);
        known.wrong = is_wrong ? known.wrong | bit : known.wrong & ~bit;
        const bool knows = known.wrong != 0;
        if (knows && !knew) known.spans.push_back({at_us, open});
        if (!knows && knew) known.spans.back().to_us = at_us;
    }
    /// Whether it knew of anything wrong at some time between the two.
    [[nodiscard]] bool was_warned(Index client, std::int64_t from_us, std::int64_t to_us) const {
        if (client >= clients_.size()) return true;  // it never had a connection
        for (const auto& span : clients_[client].spans)
            if (span.from_us <= to_us && (span.to_us == open || span.to_us >= from_us)) return true;
        return false;
    }

private:
    static constexpr std::int64_t open = -1;
    struct Span {
        std::int64_t from_us;
        std::int64_t to_us;
    };
    struct Known {
        unsigned wrong = 1U << static_cast<unsigned>(About::connection);
        std::vector<Span> spans{{0, open}};
    };
    std::vector<Known> clients_;
};

}  // namespace davenport::sim::checker
