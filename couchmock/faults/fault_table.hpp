#pragma once

#include "node/base/parameter.hpp"
#include "node/base/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// The faults of a store and of its feeds as one table: what there is, what each takes, within which bounds,
/// and what is meant when it is not said. The control API, the scenario language, CONTROL.md and
/// scenarios/REFERENCE.md are all made of it.
namespace davenport::couchmock {

/// As many members of a cluster as couchmock plays at most.
inline constexpr int members_max = 9;

/// What goes wrong. The table has their names: "store.down", "feed.cut"...
enum class Fault {
    // the store as a whole, or requests to it
    store_down,
    store_refuse,
    store_hang,
    store_slow_accept,
    store_slow,
    store_error,
    store_cut_reply,
    store_lose_reply,
    store_partial_bulk,
    store_bulk_errors,
    store_reject,
    store_accepted,
    store_drip,
    store_full,
    store_unauthorized,
    store_forgotten,
    store_read_only,
    store_clock_skew,
    store_clock_drift,
    store_locked_out,
    store_stale,
    store_short_sessions,
    store_corrupt_attachment,
    // at once, and over
    store_wipe,
    store_crash,
    store_amnesia,
    store_failover,
    store_restart,
    // at once, and over: by a person's hand, or by a replication
    store_document_edit,
    store_document_delete,
    store_document_purge,
    store_document_conflict,
    // of a member of a cluster
    member_down,
    member_empty,
    // in a changes feed
    feed_cut,
    feed_stall,
    feed_rewind,
    feed_repeat,
    feed_reorder,
    feed_late,
    feed_garbage,
    feed_early_last_seq,
    feed_foreign_since,
};

/// What a rule says of its fault. Nothing: it does not say, or its fault does not take it.
struct FaultParameters {
    std::optional<base::Probability> probability;
    std::optional<std::int64_t> every;         ///< every nth occasion
    std::optional<std::int64_t> at;            ///< the nth occasion and no other
    std::optional<std::int64_t> count;         ///< hits after which it is spent
    std::optional<base::Duration> lasts;       ///< after which it ends
    std::optional<base::Duration> delay;       ///< how late, or how long
    std::optional<base::Duration> offset;      ///< of a clock; negative: slow
    std::optional<base::Duration> per_second;  ///< what a clock gains; negative: it loses
    std::optional<std::int64_t> retry_after_s;
    std::optional<std::int64_t> retry_after_date_s;  ///< the same, told as a date
    std::optional<std::int64_t> status;              ///< of HTTP
    std::optional<std::int64_t> bytes;               ///< that come through before a cut
    std::optional<std::string> body;                 ///< of an answer, whatever it is
    std::optional<std::string> content_type;
    std::optional<std::int64_t> rows;
    std::optional<std::string> error;  ///< of a row
    std::optional<std::string> uuid;   ///< of the server
    std::optional<std::string> database;
    std::optional<bool> local;            ///< the `_local` documents too
    std::optional<std::string> document;  ///< its id
    std::optional<std::string> member;    ///< of documents: the one that holds a text
    std::optional<std::string> text;      ///< that a document has afterwards
    std::optional<bool> wins;             ///< over the revision that was there
    std::optional<std::int64_t> number;   ///< of a cluster's member, from 1
    bool operator==(const FaultParameters&) const = default;
};

/// One parameter of one fault.
struct FaultParameter {
    template <class T>
    using Member = std::optional<T> FaultParameters::*;
    /// In the order of base::Parameter.
    using AnyMember = std::variant<Member<std::int64_t>, Member<base::Duration>, Member<base::Probability>,
                                   Member<bool>, Member<std::string>>;

    std::string_view json;  ///< the member of a rule: "delay_ms"; a time is in milliseconds there
    std::string_view key;   ///< in a scenario file: "delay"; empty: only the control API takes it
    AnyMember member;
    std::int64_t low = 0, high = 0;  ///< bounds: microseconds, millionths, or a plain number
    std::optional<base::Parameter> default_value{};
    std::string_view about{};
    std::string_view group{};                 ///< parameters of one group exclude each other
    std::vector<std::string_view> choices{};  ///< of a word; empty: any text
    bool required = false;
};

struct FaultKind {
    Fault fault;
    std::string_view name;
    std::string_view about;
    bool moment = false;      ///< over at once, or with its next hit
    bool own_store = false;   ///< impossible before somebody else's CouchDB
    bool takes_match = true;  ///< may be about some requests only
    std::vector<FaultParameter> parameters;

    [[nodiscard]] bool is_feed() const { return name.starts_with("feed."); }
    [[nodiscard]] bool is_member() const { return name.starts_with("member."); }
    /// By its name in a rule or in a scenario file; nullptr when the fault does not take it.
    [[nodiscard]] const FaultParameter* find_json(std::string_view json) const;
    [[nodiscard]] const FaultParameter* find_key(std::string_view key) const;
};

const std::vector<FaultKind>& fault_table();
const FaultKind& kind_of(Fault fault);
/// nullptr when there is none of that name.
const FaultKind* find_fault(std::string_view name);

/// Sets one parameter; false when `value` is of another type.
bool set_parameter(FaultParameters& into, const FaultParameter& which, const base::Parameter& value);
std::optional<base::Parameter> get_parameter(const FaultParameters& from, const FaultParameter& which);
/// `given`, and the table's defaults for what was not given and is not excluded by what was.
FaultParameters with_defaults(const FaultKind& kind, FaultParameters given);

}  // namespace davenport::couchmock
