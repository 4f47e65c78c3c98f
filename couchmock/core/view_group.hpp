#pragma once

#include "couchmock/core/collation.hpp"
#include "couchmock/core/database.hpp"
#include "couchmock/core/view_reduce.hpp"
#include "couchmock/core/view_rows.hpp"
#include "couchmock/javascript/engine.hpp"

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/value.hpp>

namespace davenport::couchmock {

/// One view and its index.
struct View {
    std::string name, map, reduce;  ///< sources; `reduce` is empty where there is none
    Collation collation = Collation::unicode;
    ViewRows rows;
    std::optional<Reducer> reducer;
};

/// The views of one design document, built together, as CouchDB does: every function sees a changed document
/// once.
///
/// The index follows the database's feed: update() takes in what changed since, and nothing else. It is not
/// kept on the disk: after a restart the first query builds it again.
///
/// Errors: update() throws javascript::Failure where a function passes its limits or asks for it. What was
/// taken in before stays.
class ViewGroup {
public:
    /// `design`: body of a design document, JSON.
    ViewGroup(const boost::json::value& design, javascript::Limits limits);

    /// As a hash of what the index depends on: another text, another index.
    [[nodiscard]] static std::string signature_of(const boost::json::value& design);
    [[nodiscard]] const std::string& signature() const { return signature_; }
    [[nodiscard]] bool partitioned(const Database& database) const {
        return partitioned_.value_or(database.settings().partitioned);
    }
    [[nodiscard]] const std::string& language() const { return language_; }
    [[nodiscard]] View* find(std::string_view name);
    [[nodiscard]] javascript::Engine& engine() { return engine_; }

    /// Brings the index up to the database as it is now.
    void update(const Database& database);
    /// How many changes update() would take in.
    [[nodiscard]] std::uint64_t pending(const Database& database) const;
    /// Of rows, about.
    [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
    [[nodiscard]] const Position& position() const { return position_; }

private:
    void take_in(const Document& document, bool by_partition);
    void forget_purged(const Database& database);
    void commit();
    void begin_anew(const Database& database);

    std::string signature_, language_ = "javascript";
    bool include_design_ = false;
    bool local_seq_ = false;
    std::optional<bool> partitioned_;
    javascript::Engine engine_;
    std::list<View> views_;  ///< where they stay
    Position position_;
    std::uint64_t rewinds_ = 0;
    std::size_t purges_seen_ = 0;
    std::uint64_t bytes_ = 0;
};

}  // namespace davenport::couchmock
