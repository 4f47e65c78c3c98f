#pragma once

#include "sim/scenario/scenario.hpp"
#include "sim/scenario/value.hpp"

#include <limits>
#include <string_view>
#include <vector>

/// The scenario language as a table. The reader, the validation, the plan, the JSON Schema (`chatsim
/// schema`) and the reference (`chatsim explain`) are all driven by it, so none of them can know a key that
/// another does not.
namespace davenport::sim::language {

/// The longest span that a file may say of a run, in microseconds.
inline constexpr std::int64_t day_us = 86'400'000'000;

/// Where a key's value goes; which one is set depends on the section that is being read.
struct Into {
    Scenario* scenario = nullptr;
    Link* link = nullptr;
    Fault* fault = nullptr;
};

struct Key {
    std::string_view name{};
    Type type = Type::text;
    std::string_view about{};
    std::string_view default_value{};  ///< the default, as one would write it; empty: none
    bool required = false;
    std::int64_t low = 0;  ///< bounds, in the type's smallest unit
    std::int64_t high = std::numeric_limits<std::int64_t>::max();
    std::vector<std::string_view> choices{};     ///< of Type::choice
    void (*set)(Into&, const Value&) = nullptr;  ///< nothing where the reader knows better
    std::string_view group{};                    ///< parameters of one group exclude each other
    bool drawn = false;                          ///< may be a list, of which each seed draws one
    bool in_process = true;                      ///< of a fault: the process world can do it
};

struct Section {
    std::string_view name;  ///< "" for the whole file
    std::string_view about{};
    std::vector<Key> keys;
    [[nodiscard]] const Key* find(std::string_view key) const;
};

/// "", topology, links, link, load, timeline.
const std::vector<Section>& sections();
const Section& section(std::string_view name);

enum class Span {
    moment,   ///< over at once: takes no `for`
    lasting,  ///< until `for` is over, or until healing begins
};

enum class Hits { store, node, joiner, client, link };

struct FaultKind {
    std::string_view name{};
    Span span = Span::lasting;
    Hits hits = Hits::store;
    bool in_process = true;  ///< the process world can perform it (the virtual world performs all)
    std::string_view about{};
    std::vector<Key> parameters;
    [[nodiscard]] const Key* find(std::string_view parameter) const;
};

const std::vector<FaultKind>& fault_kinds();
const FaultKind* find_fault(std::string_view name);
/// It is done to one store, of several to one by its name.
bool hits_one_store(const FaultKind& kind);

/// Whether a property takes `within TIME`.
enum class Within { no, optional, required };

struct Property {
    std::string_view name{};
    Within within = Within::no;
    std::string_view about{};
};

/// no_loss, no_duplicates, ...
const std::vector<Property>& properties();

struct Word {
    std::string_view name{};
    std::string_view about{};
};

/// local_ack, local_echo, delivery, stored, shown.
const std::vector<Word>& metrics();
/// p50, p90, p95, p99, p99.9, max, min, mean.
const std::vector<Word>& quantiles();
/// n2, r1, to, from, except, poller: what may stand behind a latency.
const std::vector<Word>& places();
/// undelivered, count(sends), max(backlog), ...: figures that are counts, written as FUNCTION(OF).
const std::vector<Word>& counts();
/// before, during, after.
const std::vector<Word>& phases();
/// What `when` can compare: sent, accepted, feed.rows, ... (`about` says whether it needs a node).
const std::vector<Word>& subjects();

/// The names of any of these tables, for did-you-mean.
template <class Table>
std::vector<std::string_view> names(const Table& table) {
    std::vector<std::string_view> out;
    out.reserve(table.size());
    for (const auto& row : table) out.push_back(row.name);
    return out;
}

}  // namespace davenport::sim::language
