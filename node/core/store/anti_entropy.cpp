#include "node/core/store/anti_entropy.hpp"

#include "node/base/mark.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace davenport::node {
namespace {

constexpr std::size_t ids_per_request = 500;
constexpr std::size_t page = 50;         // looked back at once
constexpr std::size_t first_page = 500;  // when this process knows nothing of what was stored last
// Arrivals do not tell it all: what is written again keeps its number, and a new node reads the newest first.
constexpr std::size_t recent_max = 2000, recent_first = 100, recent_page = 50;
constexpr std::uint64_t looked_through_max = 2000;  // of a backlog that no store had
constexpr std::size_t fresh_max = 5000;             // under more load than this not all are looked for
constexpr base::Duration look_every = std::chrono::seconds{5};
constexpr base::Duration suspect_every = std::chrono::seconds{2};

/// In order, each once.
void tidy(std::vector<std::string>& ids) {
    if (!std::ranges::is_sorted(ids)) std::ranges::sort(ids);
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
}

}  // namespace

AntiEntropy::AntiEntropy(const ChatConfig& config, CommitQueue& log, const Store& store, KeptLookup& lookup)
    : request_timeout_{config.request_timeout},
      polls_{config.feed == FeedMode::poll},
      log_{&log},
      store_{&store},
      lookup_{&lookup} {}

void AntiEntropy::track(const std::string& id) {
    lost_.erase(id);
    if (fresh_.size() >= fresh_max)
        fresh_.erase(fresh_.begin(), fresh_.begin() + fresh_max / 2);  // what came last is lost first
    fresh_.push_back(id);
    told(id);
}

/// Who reads the store's pages just now may have read them without it: it is among unverified() still.
void AntiEntropy::found_again(const std::string& id) {
    if (lost_.erase(id) > 0) fresh_.push_back(id);
}

void AntiEntropy::told(const std::string& id) {
    found_again(id);
    recent_.push_back(id);
    ++recent_asked_;
    if (recent_.size() > recent_max) recent_.pop_front();
}

void AntiEntropy::told_of_old(const std::string& id) {
    found_again(id);
    older_.push_back(id);
    if (older_.size() > recent_max) older_.pop_front();
}

void AntiEntropy::add_recent(std::size_t skip, std::size_t count, Ids& into) const {
    const auto add = [&](const std::deque<std::string>& ids) {
        const auto end = ids.size() - std::min(skip, ids.size());
        const auto begin = end - std::min(count, end);
        std::copy(ids.begin() + static_cast<std::ptrdiff_t>(begin),
                  ids.begin() + static_cast<std::ptrdiff_t>(end), std::back_inserter(into));
        count -= end - begin;
        skip -= std::min(skip, ids.size());
    };
    add(recent_);
    add(older_);
}

void AntiEntropy::reverify() {
    ++suspicions_;
    if (!polls_)
        unwatched_since_ = log_->last_arrival();  // for who polls, each answer tells of those before it
    collect();
}

void AntiEntropy::reverify_all() {
    DAVENPORT_MARK("all that was stored is verified again");
    all_after_ = 0;
    reverify();
}

void AntiEntropy::collect_onward() {
    while (all_after_ && again_.empty()) {
        const auto entries = log_->journal().after({}, *all_after_, ids_per_request);
        for (const auto& entry : entries)
            if (is_stored(entry)) again_.emplace_back(entry.message.id());
        all_after_ = entries.empty() ? std::nullopt : std::optional{entries.back().arrival};
    }
}

bool AntiEntropy::is_stored(const base::JournalEntry& entry) const {
    return entry.stored_in == store_->generation() ||
           log_->is_marked(entry.message.id(), store_->generation());
}

void AntiEntropy::collect() {
    const auto newest = log_->watermark();
    const bool known = !again_.empty() && newest == suspected_at_;
    const bool was_looking_back = looking_back();
    for (const auto& id : fresh_) fresh_lately_.emplace_back(now_, id);
    if (suspicions_ == 1) {  // an earlier life's, for all that this one knows
        Ids newest_ids;
        look_back_from(newest, page, newest_ids);
        for (auto& id : newest_ids) fresh_lately_.emplace_back(now_, std::move(id));
    }
    while (fresh_lately_.size() > fresh_max) fresh_lately_.pop_front();
    std::ranges::move(std::exchange(fresh_, {}), std::back_inserter(again_));
    add_recent(0, recent_first, again_);
    recent_asked_ = was_looking_back ? std::max(recent_asked_, recent_first) : recent_first;
    next_look_.reset();
    for (const auto* pending : log_->on_the_way())
        if (pending->stored) again_.emplace_back(pending->entry.message.id());
    tidy(again_);  // a store that comes and goes for hours is suspected as often
    if (known) return;
    const auto suspected_before = std::exchange(suspected_at_, newest);
    const auto reached = look_back_from(newest, suspicions_ > 1 ? page : first_page, again_);
    // What came between the two looks is in neither: then those before the later one come first.
    const bool meet = was_looking_back && reached <= suspected_before;
    again_after_ = meet ? std::min(again_after_, reached) : reached;
}

void AntiEntropy::store_changed() {
    recent_.clear();
    older_.clear();
    fresh_.clear();
    fresh_lately_.clear();
    again_.clear();
    all_after_.reset();
    lost_.clear();
    asked_.clear();
    lookup_->forget_look_up();
}

std::vector<std::string> AntiEntropy::unverified() const {
    auto out = fresh_;
    out.insert(out.end(), asked_.begin(), asked_.end());
    out.insert(out.end(), lost_.begin(), lost_.end());
    for (const auto& [since, id] : fresh_lately_) out.push_back(id);
    if (polls_) look_back_from(log_->watermark(), page, out);
    return out;
}

std::uint64_t AntiEntropy::look_back_from(std::uint64_t newest, std::size_t count, Ids& into) const {
    auto& journal = log_->journal();
    constexpr auto old_end = CommitQueue::begins_above;
    const bool has_old = newest > 0 && journal.state().last_arrival >= old_end;
    const auto oldest = has_old ? journal.first_arrival() : 0;
    auto place = newest;
    const auto enough = into.size() + count;
    for (std::uint64_t rows = count; into.size() < enough && place > 0 && newest - place < looked_through_max;
         rows *= 2) {
        const bool in_old = has_old && place <= old_end;
        rows = std::min(rows, has_old && !in_old ? place - old_end : place);
        // The arrivals from after the one to the other.
        const auto from = in_old ? oldest - 1 + (old_end - place) : place - rows;
        const auto to = in_old ? std::min(from + rows, old_end) : place;
        if (from >= to) return 0;
        place -= rows;
        for (const auto& entry : journal.after({}, from, rows))
            if (entry.arrival > to)
                break;  // there are fewer than their numbers say
            else if (is_stored(entry))
                into.emplace_back(entry.message.id());
    }
    return place;
}

void AntiEntropy::pump(Turn& turn, bool failure_would_be_seen) {
    if (std::exchange(now_, turn.now.time) == base::Time{})
        for (auto& [since, id] : fresh_lately_) since = now_;
    while (!fresh_lately_.empty() && fresh_lately_.front().first + look_every < now_)
        fresh_lately_.pop_front();
    if (lookup_->looking_up() || !store_->usable()) return;
    // What was read since the store was suspected may be gone again, and nobody would know.
    if (failure_would_be_seen && unwatched_since_ &&
        *std::exchange(unwatched_since_, std::nullopt) != log_->last_arrival())
        collect();
    if (failure_would_be_seen) collect_onward();
    if (!fresh_.empty() && !next_look_) next_look_ = turn.now.time + look_every;
    if (!again_.empty() && failure_would_be_seen && turn.now.time >= next_suspicion_) {
        ask(turn, again_, false);
        if (again_.empty() && !all_after_) next_suspicion_ = turn.now.time + suspect_every;
    } else if (!fresh_.empty() && turn.now.time >= *next_look_) {
        next_look_.reset();
        ask(turn, fresh_, true);
    } else if (!again_.empty() && failure_would_be_seen) {
        wake_at(turn, next_suspicion_);
    } else if (!fresh_.empty()) {
        wake_at(turn, *next_look_);
    }
}

void AntiEntropy::wake_at(Turn& turn, base::Time at) {
    if (wake_at_ == at) return;
    wake_at_ = at;
    turn.emit(SetTimer{timers::anti_entropy, at});
}

void AntiEntropy::ask(Turn& turn, Ids& ids, bool fresh) {
    tidy(ids);
    const auto end =
        std::next(ids.begin(), static_cast<std::ptrdiff_t>(std::min(ids.size(), ids_per_request)));
    asked_.assign(std::make_move_iterator(ids.begin()), std::make_move_iterator(end));
    ids.erase(ids.begin(), end);
    asked_fresh_ = fresh;
    lookup_->look_up(turn, asked_, [this](Turn& t, std::optional<KeptLookup::Absent> absent) {
        if (absent)
            on_absent(t, std::move(*absent));
        else
            put_back(t);
        return absent.has_value();
    });
    wake_at(turn, turn.now.time + request_timeout_);
}

void AntiEntropy::on_absent(Turn& turn, KeptLookup::Absent absent) {
    std::ranges::move(absent.deleted, std::back_inserter(found_gone_));
    std::ranges::copy_if(absent.rewritten, std::back_inserter(found_rewritten_),
                         [this](const std::string& id) { return !log_->may_be_changed(id); });
    const auto& missing = absent.missing;
    for (auto& id : asked_) {
        if (std::ranges::binary_search(missing, id)) continue;
        found_again(id);
        const bool is_deleted = std::ranges::find(found_gone_, id) != found_gone_.end();
        if (log_->may_be_changed(id) && !is_deleted) found_changed_.push_back(std::move(id));
    }
    asked_.clear();
    if (missing.empty()) return;
    if (asked_fresh_) {
        DAVENPORT_MARK("what was stored a moment ago is missing");
        reverify();
    } else {  // and what came before those?
        DAVENPORT_MARK("what was stored before a suspicion is missing");
        again_after_ = look_back_from(again_after_, page, again_);
        add_recent(recent_asked_, recent_page, again_);
        recent_asked_ += recent_page;
        next_suspicion_ = turn.now.time;
    }
    for (const auto& id : missing)  // what is known to be lost is being written again
        if (lost_.insert(id).second) found_lost_.push_back(id);
}

/// What was asked for is asked for once more.
void AntiEntropy::put_back(Turn& turn) {
    DAVENPORT_MARK("a verification gets no answer");
    if (asked_fresh_) {
        fresh_.insert(fresh_.end(), asked_.begin(), asked_.end());
        next_look_ = turn.now.time + look_every;
    } else {
        again_.insert(again_.end(), asked_.begin(), asked_.end());
    }
    asked_.clear();
}

}  // namespace davenport::node
