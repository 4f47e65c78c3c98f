#pragma once

#include "sim/checker/facts.hpp"
#include "sim/checker/phases.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace davenport::sim::checker {

/// The latencies, each from the time when the message was due: a client that could not send in time has
/// waited too.
enum class Metric {
    local_ack,   ///< until its sender was told that it is kept
    local_echo,  ///< until the first client of the sender's node was shown it, the sender included
    delivery,    ///< until a client on another node was shown it: one sample for each such client that had to
                 ///< be
    stored,      ///< until its sender was told that the store has it
    shown,       ///< until a client was shown it, on whichever node, the sender included: one sample for each
                 ///< client that had to be
};
inline constexpr std::array metrics{Metric::local_ack, Metric::local_echo, Metric::delivery, Metric::stored,
                                    Metric::shown};
std::string_view name_of(Metric metric);
std::optional<Metric> metric_named(std::string_view name);

struct Sample {
    /// Microseconds; with `never_bit` it did not happen within that time, which is then the rest of the run.
    std::int64_t key = 0;
    std::int64_t due_us = 0;
    Index message = nobody;
    Index node = nobody;    ///< where it arrived: the receiver's for deliveries, else the sender's
    Index client = nobody;  ///< to whom: the receiver, or the sender of what it was told

    static constexpr std::int64_t never_bit = std::int64_t{1} << 62;
    [[nodiscard]] bool arrived() const { return key < never_bit; }
    [[nodiscard]] std::int64_t waited_us() const { return key & ~never_bit; }
};

/// A latency, or the time after which it still had not happened.
struct Waited {
    std::int64_t us = 0;
    bool more = false;  ///< "> us"
};

/// "12.3 ms" or "> 5.00 s".
std::string waited_text(Waited waited);

/// Figures of the samples of one metric in one phase. What never happened counts as longer than anything that
/// did. A quantile is the value at the nearest rank: the smallest that at least that share of the samples
/// does not exceed.
struct Figures {
    std::int64_t count = 0;  ///< those that never arrived included
    std::int64_t undelivered = 0;
    std::int64_t mean_us = 0;    ///< of those that arrived
    std::vector<Waited> sorted;  ///< ascending

    /// `share` in 1/100000: 99900 is p99.9; 0 is the smallest. Call only when count > 0.
    [[nodiscard]] Waited quantile(std::int64_t share) const;
};

/// Whom to count; an empty filter takes all.
struct Filter {
    const Phase* phase = nullptr;
    Index node = nobody;  ///< where it arrived
    Index room = nobody;
    Index client = nobody;  ///< to whom
    Index from_node = nobody;
    Index from_client = nobody;
    std::vector<Index> except_nodes{};    ///< neither from there nor to there
    std::vector<Index> except_clients{};  ///< neither by them nor to them
    bool pollers = false;                 ///< only to clients that poll

    [[nodiscard]] bool takes(const Facts& facts, const Sample& sample) const;
};

/// All samples of a run, sorted once, so that each phase's figures are a walk over them.
class Latencies {
public:
    /// `facts` must be closed, and outlive this.
    explicit Latencies(const Facts& facts);

    [[nodiscard]] const std::vector<Sample>& samples(Metric metric) const {
        return samples_[static_cast<std::size_t>(metric)];
    }
    [[nodiscard]] Figures figures(Metric metric, const Filter& filter) const;
    /// The same, with what `shorten` makes of each sample's waiting time.
    [[nodiscard]] Figures figures(Metric metric, const Filter& filter,
                                  const std::function<std::int64_t(const Sample&)>& shorten) const;
    /// Messages that are in the store, whose sender was not there any more to be told: no sample of `stored`.
    [[nodiscard]] std::int64_t stored_untold() const { return stored_untold_; }

private:
    void add(Metric metric, const Message& message, Sample sample, std::int64_t at_us);

    const Facts& facts_;
    std::array<std::vector<Sample>, metrics.size()> samples_;
    std::int64_t stored_untold_ = 0;
};

}  // namespace davenport::sim::checker
