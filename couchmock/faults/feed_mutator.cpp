#include "couchmock/faults/feed_mutator.hpp"

#include <algorithm>

namespace davenport::couchmock {
namespace {

constexpr std::size_t seen_max = 256;
/// How long a row waits for the one that is to overtake it.
constexpr std::chrono::milliseconds reorder_wait{200};

constexpr std::string_view row_begin = "{\"seq\":\"";

std::string_view until_quote(std::string_view text) {
    for (auto end = text.find('"'); end != std::string_view::npos; end = text.find('"', end + 1)) {
        const auto escapes = end - (text.substr(0, end).find_last_not_of('\\') + 1);  // npos + 1 is 0
        if (escapes % 2 == 0) return text.substr(0, end);
    }
    return {};
}

/// The row in a line or event; nothing when it is something else.
std::optional<FeedRow> row_in(std::string_view unit) {
    if (unit.starts_with("data: ")) unit.remove_prefix(6);
    if (!unit.starts_with(row_begin)) return std::nullopt;
    FeedRow row;
    row.seq = until_quote(unit.substr(row_begin.size()));
    unit.remove_prefix(std::min(unit.size(), row_begin.size() + row.seq.size() + 1));
    if (unit.starts_with(",\"id\":\"")) {
        row.id = until_quote(unit.substr(7));
        if (const auto rev = unit.find("\"rev\":\"", 7 + row.id.size()); rev != std::string_view::npos)
            row.rev = until_quote(unit.substr(rev + 7));
    }
    return row;
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
}

/// The row without what separates it from the next.
std::string_view without_end(std::string_view unit) {
    while (!unit.empty() && (unit.back() == '\n' || unit.back() == '\r' || unit.back() == ','))
        unit.remove_suffix(1);
    return unit;
}

}  // namespace

FeedMutator::End FeedMutator::take(std::string bytes, const std::vector<Rule*>& rules, ExchangeId feed,
                                   base::Time now, std::string& out, const OnRow& on_row) {
    if (rules.empty() && !on_row && passes_whole(bytes, out)) return End::none;
    if (!tail_.empty()) {
        bytes.insert(0, tail_);
        tail_.clear();
    }
    const bool events = kind_ == RequestInfo::Feed::eventsource;
    const bool endless = events || kind_ == RequestInfo::Feed::continuous;
    std::string_view rest = bytes;
    while (!rest.empty()) {
        const auto end = events && !rest.starts_with('\n') ? rest.find("\n\n") : rest.find('\n');
        if (end == std::string_view::npos) {
            tail_ = rest;
            break;
        }
        const auto unit = rest.substr(0, end + (events && !rest.starts_with('\n') ? 2 : 1));
        rest.remove_prefix(unit.size());
        const auto row = row_in(unit);
        if (!row) {
            if (unit.starts_with("{\"last_seq\"")) release(now, true, out);
            out += unit;
            continue;
        }
        bool twice = false, garbage = false;
        std::optional<DelayedRow> hold;
        for (auto* rule : rules) {
            if (!rule->active) continue;
            switch (rule->fault()) {
                case Fault::feed_cut:
                    if (!rule->fires_for_feed(feed)) break;
                    out += unit.substr(0, rule->parameters.bytes
                                              ? static_cast<std::size_t>(*rule->parameters.bytes)
                                              : unit.size() / 2);
                    return End::cut;
                case Fault::feed_early_last_seq:
                    if (!endless || since_ == "now" || !rule->fires_for_feed(feed)) break;
                    if (events) return End::early;
                    out +=
                        "{\"last_seq\":\"" + (held_.empty() ? since_ : safe_seq_) + "\",\"pending\":1}\n\n";
                    return End::early;
                case Fault::feed_garbage:
                    garbage = rule->fires_for_feed(feed) || garbage;
                    break;
                case Fault::feed_repeat:
                    twice = rule->fires() || twice;
                    break;
                case Fault::feed_reorder:
                case Fault::feed_late: {
                    const bool knows_before = since_ != "now" || !held_.empty();
                    if (!endless || hold || !knows_before || !rule->fires()) break;
                    const bool swaps = rule->fault() == Fault::feed_reorder;
                    hold = DelayedRow{
                        std::string{unit}, std::string{row->seq},
                        now + (swaps ? reorder_wait : rule->parameters.delay.value_or(base::Duration{0})),
                        swaps};
                    break;
                }
                default:
                    break;
            }
        }
        if (on_row) on_row(*row);
        if (hold) {
            if (held_.empty()) safe_seq_ = since_;
            held_.push_back(std::move(*hold));
        } else {
            if (twice && !endless) {
                out += without_end(unit);
                out += ",\r\n";
            } else if (twice) {
                pass_row(unit, row->seq, out);
            }
            pass_row(unit, row->seq, out);
            while (!held_.empty() && held_.front().after_next) release_first(out);
        }
        // Behind the row, so that whoever throws away all that came with it has lost something.
        if (garbage) out += "{\"seq\":\"7-g1AAAA\xef\xbf\xbd\",\"id\":}garbage\n";
        remember(row->seq);
    }
    return End::none;
}

/// Whole lines that nobody wants anything of: they go on as they are.
bool FeedMutator::passes_whole(std::string& bytes, std::string& out) {
    if (kind_ == RequestInfo::Feed::eventsource || !tail_.empty() || !held_.empty() || !out.empty() ||
        !bytes.ends_with('\n'))
        return false;
    std::string_view rest = bytes;
    while (!rest.empty()) {
        const auto line = rest.substr(0, rest.find('\n') + 1);
        rest.remove_prefix(line.size());
        if (line.starts_with(row_begin)) remember(until_quote(line.substr(row_begin.size())));
    }
    out = std::move(bytes);
    return true;
}

void FeedMutator::pass_row(std::string_view unit, std::string_view seq, std::string& out) {
    if (held_.empty() || seq.empty()) {
        out += unit;
        return;
    }
    std::string changed{unit};
    replace_all(changed, seq, safe_seq_);
    out += changed;
}

void FeedMutator::release_first(std::string& out) {
    out += held_.front().unit;
    safe_seq_ = held_.front().seq;
    held_.pop_front();
}

void FeedMutator::release(base::Time now, bool all, std::string& out) {
    while (!held_.empty() && (all || held_.front().due <= now)) release_first(out);
}

std::optional<base::Time> FeedMutator::deadline() const {
    return held_.empty() ? std::nullopt : std::optional{held_.front().due};
}

void FeedMutator::remember(std::string_view seq) {
    if (seq.empty()) return;
    since_ = seq;
    if (seen_ends_.size() == 2 * seen_max) {
        const auto cut = seen_ends_[seen_max - 1];
        seen_.erase(0, cut);
        seen_ends_.erase(seen_ends_.begin(), seen_ends_.begin() + seen_max);
        for (auto& end : seen_ends_) end -= cut;
    }
    seen_ += seq;
    seen_ends_.push_back(seen_.size());
}

std::string FeedMutator::back(std::uint64_t rows) const {
    if (rows == 0 || rows >= std::min(seen_ends_.size(), seen_max)) return "0";
    const auto at = seen_ends_.size() - 1 - rows;
    const auto begin = at == 0 ? 0 : seen_ends_[at - 1];
    return seen_.substr(begin, seen_ends_[at] - begin);
}

void FeedMutator::restart(std::string since) {
    tail_.clear();
    held_.clear();
    since_ = std::move(since);
    // What comes again would stand there twice, and a later rewind would not go far enough.
    seen_.clear();
    seen_ends_.clear();
}

}  // namespace davenport::couchmock
