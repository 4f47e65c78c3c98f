#include "sim/scenario/share.hpp"

#include "sim/scenario/plan.hpp"

#include <charconv>
#include <iterator>
#include <utility>

namespace davenport::sim {

int Share::generator_of_name(std::string_view name) const {
    if (!name.starts_with('c')) return 0;
    std::uint32_t number = 0;
    const auto* last = name.data() + name.size();
    const auto [end, error] = std::from_chars(name.data() + 1, last, number);
    const bool is_client = error == std::errc{} && number > 0 && (end == last || *end == '-');
    return is_client ? generator_of(number - 1) : 0;
}

bool Share::plays_name(std::string_view name) const {
    if (is_whole()) return true;
    const auto generator = generator_of_name(name);
    return generator == 0 || has.contains(generator);
}

Plan share_of(Plan whole, Share share) {
    whole.share = std::move(share);
    if (whole.share.is_whole()) return whole;
    for (auto& send : std::exchange(whole.sends, {}))
        (whole.share.plays(send.client) ? whole.sends : whole.others).push_back(std::move(send));
    return whole;
}

bool Plan::performs(std::size_t fault) const {
    if (share.is_whole()) return true;
    const auto& planned = faults[fault];
    if (!planned.client.empty()) return share.plays_name(planned.client);
    return planned.kind.starts_with("link.") || share.has.contains(1);
}

}  // namespace davenport::sim
