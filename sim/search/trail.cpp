#include "sim/search/trail.hpp"

#include "node/base/random.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace davenport::sim::search {

namespace {

constexpr std::size_t turning_points_max = 200;  // of one run
constexpr std::size_t moments_max = 4;           // of one mark

// A feature's kind stands in its highest bits.
constexpr Feature kind_mark = 1ull << 60, kind_situation = 2ull << 60, kind_alone = 3ull << 60,
                  kind_pair = 4ull << 60, kind_under = 5ull << 60;
constexpr int count_shift = 48;
constexpr int step_bits = 24;
// A step is a mark or, above these, a kind of record.
constexpr std::uint64_t records_from = 1ull << 20;

/// 1, 2, 4, 8, ... times are worlds apart; 9 and 10 times are not.
std::uint64_t magnitude(std::uint64_t count) { return static_cast<std::uint64_t>(std::bit_width(count)); }

/// What a record is about, as a step; 0 for what happens all the time.
std::uint64_t step_of(const Record& record) {
    switch (record.kind) {
        case RecordKind::fault_on:
            return records_from + 100 + base::fnv1a(record.text) % 100'000;
        case RecordKind::node:
            return records_from + 200'100 + base::fnv1a(record.text) % 1'000;
        case RecordKind::connected:
            return record.count > 1 ? records_from + 1 : 0;
        case RecordKind::joined:
            return record.flag ? records_from + 2 : 0;
        case RecordKind::gap_closed:
            return records_from + 3;
        case RecordKind::refused:
            return records_from + 4;
        case RecordKind::failed:
            return records_from + 5;
        case RecordKind::healed:
            return records_from + 6;
        default:
            return 0;
    }
}

}  // namespace

Trail::Trail() : before_{base::Mark::listen(this)} {}
Trail::~Trail() { end(); }

void Trail::end() {
    if (!std::exchange(ended_, true)) base::Mark::listen(before_);
}

void Trail::add(const Record& record) {
    now_us_ = std::max(now_us_, record.at_us);
    if (const auto what = step_of(record)) step(what);
}

void Trail::met(std::size_t mark) {
    ++marks_[mark];
    if (auto& moments = moments_us_[mark];
        moments.size() < moments_max && (moments.empty() || moments.back() != now_us_))
        moments.push_back(now_us_);
    step(mark + 1);
}

void Trail::step(std::uint64_t what) {
    if (what == last_step_) return;
    const bool fresh = pairs_[last_step_ << step_bits | what]++ == 0;
    last_step_ = what;
    if (!fresh || turning_points_us_.size() >= turning_points_max) return;
    if (turning_points_us_.empty() || turning_points_us_.back() != now_us_)
        turning_points_us_.push_back(now_us_);
}

std::vector<Feature> Trail::features() const {
    std::vector<Feature> made;
    for (const auto& [mark, count] : marks_)
        made.push_back(kind_mark | magnitude(count) << count_shift | mark);
    const auto states = SituationCoverage::state_names().size();
    for (std::size_t moment = 0; moment < SituationCoverage::moment_names().size(); ++moment)
        for (std::size_t state = 0; state < states; ++state)
            if (const auto count = situations_.count(moment, state))
                made.push_back(kind_situation | magnitude(count) << count_shift | (moment * states + state));
    for (std::size_t alone = 0; alone < SituationCoverage::alone_names().size(); ++alone)
        if (const auto count = situations_.count_alone(alone))
            made.push_back(kind_alone | magnitude(count) << count_shift | alone);
    for (const auto& [pair, count] : pairs_) made.push_back(kind_pair | pair);
    std::ranges::sort(made);
    return made;
}

std::vector<Feature> Trail::features_under(const std::vector<std::uint64_t>& circumstances) const {
    constexpr int mark_bits = 12;
    std::vector<Feature> made;
    for (const auto circumstance : circumstances)
        for (const auto& [mark, count] : marks_)
            made.push_back(kind_under | (circumstance << mark_bits & ((1ull << 60) - 1)) | mark);
    return made;
}

}  // namespace davenport::sim::search
