#include "sim/history/joined_history.hpp"

#include "node/base/json.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

namespace davenport::sim {
namespace {

/// One history, a record at a time.
class HistoryReader {
public:
    explicit HistoryReader(const std::filesystem::path& file) : file_{file}, in_{file, std::ios::binary} {
        if (!in_) error_ = fmt::format("{}: error: cannot be read: {}", file.string(), std::strerror(errno));
    }

    /// The next one; nothing at the end, or when the file is wrong. A last line may be torn.
    std::optional<Record> next() {
        if (!error_.empty() || !std::getline(in_, line_)) return std::nullopt;
        ++number_;
        const bool whole = !in_.eof();
        auto record = parse_line(line_);
        if (!record && whole)
            error_ = fmt::format("{}:{}: error: not a history record", file_.string(), number_);
        return record;
    }
    [[nodiscard]] const std::string& error() const { return error_; }

private:
    std::filesystem::path file_;
    std::ifstream in_;
    std::string line_, error_;
    std::size_t number_ = 0;
};

/// What must be known of all histories before the first record of the whole.
struct Overview {
    struct Sent {
        std::int64_t at_us;
        int generator;
        bool is_out = false;  ///< its first sending is in the joined history
    };
    std::unordered_map<std::string, Sent> sent;  ///< by message; looked up, never walked
    std::map<std::string, int> ends_left;        ///< of faults of the links: how many histories end them
    std::int64_t looked_last_us = -1;            ///< when the last generator was through
    int looked_last = 0;                         ///< which one, if any was
    int healed = 0;                              ///< how many histories say so
    int ended = 0;
    std::string broken;
};

bool is_of_the_end(RecordKind kind) { return kind == RecordKind::document || kind == RecordKind::history; }

std::string note_overview(const GeneratorRun& run, Overview& all, JoinResult& result) {
    HistoryReader reader{run.file};
    bool has_end = false, has_looked = false;
    while (const auto record = reader.next()) {
        switch (record->kind) {
            case RecordKind::send:
                all.sent.try_emplace(record->msg, Overview::Sent{record->at_us, run.generator});
                break;
            case RecordKind::fault_off:
                ++all.ends_left[record->name];
                break;
            case RecordKind::healed:
                ++all.healed;
                break;
            case RecordKind::end:
                has_end = true;
                ++all.ended;
                if (!record->text.empty() && all.broken.empty())
                    all.broken = fmt::format("generator {}: {}", run.generator, record->text);
                if (has_looked && record->at_us > all.looked_last_us) {
                    all.looked_last_us = record->at_us;
                    all.looked_last = run.generator;
                }
                break;
            default:
                has_looked = has_looked || is_of_the_end(record->kind);
                break;
        }
    }
    if (!has_end) result.unended.insert(run.generator);
    return reader.error();
}

/// Where the reading of one history is.
struct Source {
    const GeneratorRun* run;
    HistoryReader reader;
    std::optional<Record> head;
};

class Joiner {
public:
    Joiner(const std::vector<GeneratorRun>& runs, const Plan& plan, HistorySink& sink)
        : runs_{runs}, plan_{plan}, sink_{sink} {
        for (std::size_t i = 0; i < plan.faults.size(); ++i) faults_.emplace(plan.faults[i].name, i);
    }

    JoinResult join() {
        for (const auto& run : runs_)
            if (result_.error = note_overview(run, all_, result_); !result_.error.empty()) return result_;
        std::vector<Source> sources;
        sources.reserve(runs_.size());
        for (const auto& run : runs_) {
            auto& source = sources.emplace_back(Source{&run, HistoryReader{run.file}, {}});
            source.reader.next();  // the run's own first record
            source.head = source.reader.next();
        }
        while (auto* next = choose(sources)) {
            take(*next->head, next->run->generator);
            next->head = next->reader.next();
        }
        finish();
        return std::move(result_);
    }

private:
    /// The history whose record is the earliest, of those that need not wait for another: what was shown
    /// waits for its sending, whatever two clocks say. Null at the end.
    Source* choose(std::vector<Source>& sources) {
        Source* first = nullptr;
        Source* first_free = nullptr;
        for (auto& source : sources) {
            if (!source.head) continue;
            const auto is_before = [&](const Source* best) {
                return !best || source.head->at_us < best->head->at_us;
            };
            if (is_before(first)) first = &source;
            if (is_before(first_free) && !waits(*source.head, source.run->generator)) first_free = &source;
        }
        return first_free ? first_free : first;
    }

    [[nodiscard]] bool waits(const Record& record, int generator) const {
        if (record.kind != RecordKind::shown && record.kind != RecordKind::repeated) return false;
        const auto sent = all_.sent.find(record.msg);
        return sent != all_.sent.end() && !sent->second.is_out && sent->second.generator != generator;
    }

    void take(Record& record, int generator) {
        last_us_ = std::max(last_us_, record.at_us);
        switch (record.kind) {
            case RecordKind::run:
                return;
            case RecordKind::node:
            case RecordKind::backlog:
                if (generator != runs_.front().generator) return;
                break;
            case RecordKind::document:
            case RecordKind::history:
                if (generator != all_.looked_last) return;
                break;
            case RecordKind::healed:
                if (--all_.healed > 0) return;
                break;
            case RecordKind::end:
                return;
            case RecordKind::fault_on:
            case RecordKind::fault_off:
                if (!takes_fault(record, generator)) return;
                break;
            case RecordKind::send:
                all_.sent.at(record.msg).is_out = true;
                break;
            case RecordKind::shown:
                compare_clocks(record, generator);
                break;
            default:
                break;
        }
        sink_.add(record);
    }

    /// Whether the joined history has this record of a fault; of one that several perform it has the first
    /// beginning and the last end.
    bool takes_fault(Record& record, int generator) {
        const auto known = faults_.find(record.name);
        const bool is_link = record.text.starts_with("link.") && record.client.empty();
        if (known != faults_.end() && !is_link) {
            Plan alone;
            alone.share = {plan_.share.of, {generator}};
            alone.faults = {plan_.faults[known->second]};
            return alone.performs(0);
        }
        if (record.kind == RecordKind::fault_on) return begun_.insert(record.name).second;
        touched_[record.name] += record.count;
        record.count = touched_[record.name];
        return --all_.ends_left[record.name] == 0;
    }

    void compare_clocks(const Record& shown, int generator) {
        const auto sent = all_.sent.find(shown.msg);
        if (sent == all_.sent.end() || sent->second.generator == generator) return;
        const auto from = sent->second.generator;
        auto& clocks = clocks_[{std::min(from, generator), std::max(from, generator)}];
        auto& least = from < generator ? clocks.to_other_us : clocks.to_one_us;
        const auto took = shown.at_us - sent->second.at_us;
        const auto quickest = std::min(clocks.to_other_us.value_or(took), clocks.to_one_us.value_or(took));
        if (clocks.earliest.empty() || took < quickest) clocks.earliest = shown.msg;
        if (!least || took < *least) least = took;
    }

    void finish() {
        for (auto& [pair, clocks] : clocks_) {
            clocks.one = pair.first;
            clocks.other = pair.second;
            result_.clocks.push_back(clocks);
        }
        if (all_.ended < static_cast<int>(runs_.size())) return;
        Record last{.kind = RecordKind::end};
        last.at_us = last_us_;
        last.text = all_.broken;
        sink_.add(last);
    }

    const std::vector<GeneratorRun>& runs_;
    const Plan& plan_;
    HistorySink& sink_;
    Overview all_;
    JoinResult result_;
    std::map<std::string, std::size_t> faults_;  ///< of the plan, by name
    std::set<std::string> begun_;
    std::map<std::string, std::int64_t> touched_;
    std::map<std::pair<int, int>, ClockDifference> clocks_;
    std::int64_t last_us_ = 0;
};

}  // namespace

std::optional<std::int64_t> ClockDifference::ahead_us() const {
    if (!to_other_us || !to_one_us) return std::nullopt;
    return (*to_other_us - *to_one_us) / 2;
}

std::int64_t ClockDifference::error_us() const {
    return (to_other_us.value_or(0) + to_one_us.value_or(0) + 1) / 2;
}

std::optional<GeneratorRun> read_generator_run(const std::filesystem::path& file, std::string& error) {
    HistoryReader reader{file};
    const auto first = reader.next();
    error = reader.error();
    if (!error.empty()) return std::nullopt;
    const auto about = first && first->kind == RecordKind::run ? base::parse_json(first->text) : std::nullopt;
    if (!about) {
        error = fmt::format("{}: error: it does not begin as a run's history does", file.string());
        return std::nullopt;
    }
    GeneratorRun run;
    run.file = file;
    run.generator = static_cast<int>(base::int_member(*about, "generator").value_or(0));
    run.generators = static_cast<int>(base::int_member(*about, "generators").value_or(0));
    run.scenario_text = base::text_member(*about, "scenario_text");
    run.scenario_file = base::text_member(*about, "file");
    run.experiment = base::text_member(*about, "experiment");
    run.build = base::text_member(*about, "chatsim");
    run.store = base::text_member(*about, "store");
    run.begin = base::text_member(*about, "begin");
    run.seed = static_cast<std::uint64_t>(base::int_member(*about, "seed").value_or(0));
    const bool is_merged = base::member(*about, "merged") != nullptr;
    if (is_merged || run.generator < 1 || run.generators < run.generator) {
        error = fmt::format(
            "{}: error: {}: only parts of a load, which were run with --generator K/N, are merged",
            file.string(), is_merged ? "this is merged already" : "this run played a whole load");
        return std::nullopt;
    }
    return run;
}

std::string conflict_between(const GeneratorRun& one, const GeneratorRun& other) {
    const auto differ = [&](std::string_view what, const auto& its, const auto& ours) {
        return fmt::format("{}: error: {} than that of {}: {} here, {} there", other.file.string(), what,
                           one.file.string(), its, ours);
    };
    if (other.experiment != one.experiment)
        return differ("it played another scenario", other.experiment, one.experiment);
    if (other.scenario_text != one.scenario_text)
        return fmt::format("{}: error: its scenario file expects something else than that of {}",
                           other.file.string(), one.file.string());
    if (other.seed != one.seed) return differ("it had another seed", other.seed, one.seed);
    if (other.build != one.build)
        return differ("it was made by another build of chatsim", other.build, one.build);
    if (other.generators != one.generators)
        return differ("it is a part of another number of generators", other.generators, one.generators);
    if (other.begin != one.begin)
        return differ("it is of another run, with another --start-at", other.begin, one.begin);
    if (other.generator == one.generator)
        return fmt::format("{}: error: generator {} of {} is there already, in {}", other.file.string(),
                           other.generator, other.generators, one.file.string());
    return {};
}

Share share_of_history(const std::filesystem::path& file) {
    HistoryReader reader{file};
    const auto first = reader.next();
    const auto about = first && first->kind == RecordKind::run ? base::parse_json(first->text) : std::nullopt;
    if (!about) return {};
    Share share;
    share.of = static_cast<int>(base::int_member(*about, "generators").value_or(1));
    share.has.clear();
    if (const auto generator = base::int_member(*about, "generator"))
        share.has.insert(static_cast<int>(*generator));
    if (const auto* merged = base::member(*about, "merged"); merged && merged->is_array())
        for (const auto& number : merged->get_array())
            if (number.is_int64()) share.has.insert(static_cast<int>(number.get_int64()));
    return share.of < 1 || share.has.empty() ? Share{} : share;
}

JoinResult join_histories(const std::vector<GeneratorRun>& runs, const Plan& plan, HistorySink& sink) {
    return Joiner{runs, plan, sink}.join();
}

}  // namespace davenport::sim
