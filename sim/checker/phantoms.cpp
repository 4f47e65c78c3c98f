#include "sim/checker/checks.hpp"
#include "sim/checker/evidence.hpp"

#include <fmt/format.h>

namespace davenport::sim::checker {

Finding check_phantoms(const Facts& facts) {
    using Kind = Anomaly::Kind;
    Evidence evidence;
    for (const auto& odd : facts.anomalies) {
        const auto name =
            odd.text.empty() ? std::string_view{"a message that nobody sent"} : std::string_view{odd.text};
        switch (odd.kind) {
            case Kind::phantom:
                evidence.add(fmt::format("{} was shown by {} at {} what nobody sent, or altered: \"{}\" ({})",
                                         facts.clients_names[odd.client], facts.node_names[odd.node],
                                         at_text(odd.at_us), odd.text.substr(0, 80), odd.id));
                break;
            case Kind::unknown_shown:
                evidence.add(fmt::format("{} was shown to {} by {} at {}, and not sent before", name,
                                         facts.clients_names[odd.client], facts.node_names[odd.node],
                                         at_text(odd.at_us)));
                break;
            case Kind::unknown_document:
                evidence.add(fmt::format("the store holds {}, never sent or altered, as {}", name, odd.id));
                break;
            case Kind::unknown_history:
                evidence.add(fmt::format("the history of {} has {}, never sent or altered, as {}",
                                         facts.node_names[odd.node], name, odd.id));
                break;
            case Kind::repeated:
            case Kind::second_id:
                break;
        }
    }
    const auto all = facts.count_of(Kind::phantom) + facts.count_of(Kind::unknown_shown) +
                     facts.count_of(Kind::unknown_document) + facts.count_of(Kind::unknown_history);
    while (evidence.count() < all) evidence.count_only();
    auto measured = fmt::format("{} phantom or altered in {} showings and {} documents", all,
                                facts.deliveries.size(), facts.documents);
    return finding("no_phantoms", std::move(evidence), std::move(measured));
}

}  // namespace davenport::sim::checker
