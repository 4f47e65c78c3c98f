#pragma once

#include "node/base/time.hpp"
#include "node/core/store/store.hpp"
#include "node/core/turn.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace davenport::node {

/// Tries of passwords at all nodes of one store, by name. CouchDB counts failures by the address that asks,
/// and several nodes may have one (a machine, a gateway), which none of them can know; so they count
/// together, and a name that is held back at one is held back at all.
///
/// The counts are notes, in a fixed number of them so that names by the thousand leave nothing behind. A try
/// is counted before the store is asked, with the note's revision: of two nodes that count at once the second
/// reads what the first wrote and counts anew. Times are the store's, as far as it is known.
class SharedTries {
public:
    /// CouchDB's five minutes begin with the first failure, which may come as long after its try as the store
    /// takes to answer, and the nodes' idea of its clock may be a little off.
    static constexpr base::Duration window = std::chrono::minutes{5} + std::chrono::seconds{15};

    explicit SharedTries(Store& store) : store_{&store} {}

    /// `wait`: nothing when the try is counted, or cannot be counted because the store takes no note, else
    /// how long the name has to wait.
    using OnCounted = std::function<void(Turn&, std::optional<base::Duration> wait)>;
    /// Counts a try of `name`, unless there were `most` in the window.
    void begin(Turn& turn, const std::string& name, std::size_t most, OnCounted on_counted);
    /// Uncounts one: it did not fail.
    void take_back(Turn& turn, const std::string& name);

    [[nodiscard]] static bool is_one(const StoreNote& note) { return note.id.starts_with(id_lead); }
    void on_note(const StoreNote& note);
    /// What was read of the old one means nothing.
    void another_store();

private:
    static constexpr std::string_view id_lead = "tries-";
    static constexpr std::size_t notes = 64;
    static constexpr std::size_t names_max = 1000;  ///< in a note
    static constexpr int conflicts_max = 20;        ///< in a row

    using Times = std::vector<std::int64_t>;  ///< ms since 1970, in order
    using Names = std::map<std::string, Times, std::less<>>;
    struct Change {
        std::string name;  ///< its hash
        std::size_t most;
        OnCounted on_counted;  ///< none: one is taken back
    };
    struct Note {
        bool known = false;  ///< the two that follow are what the store has, as far as was heard
        std::string revision;
        Names names;
        std::deque<Change> waiting;
        std::vector<Change> under_way;
        bool busy = false;  ///< a request is under way
        int conflicts = 0;
    };

    static std::string hash_of(std::string_view name);
    static std::size_t note_of(std::string_view hash);
    static std::string id_of(std::size_t note);
    static std::string text_of(const Names& names);

    void change(Turn& turn, Change change);
    void pump(Turn& turn, std::size_t at);
    void read(Turn& turn, std::size_t at);
    void write(Turn& turn, std::size_t at);
    void written(Turn& turn, std::size_t at, Store::Noted noted);
    /// What waits goes on without being counted.
    void give_up(Turn& turn, std::size_t at);
    void learn(Note& note, const StoreNote& told);
    [[nodiscard]] std::int64_t now_ms(const Turn& turn) const;

    Store* store_;
    std::array<Note, notes> notes_;
};

}  // namespace davenport::node
