#pragma once

#include "node/base/http.hpp"
#include "node/base/journal.hpp"
#include "node/base/time.hpp"
#include "node/core/config.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace davenport::node {

/// The requests that a node makes of CouchDB, as values.
class StoreApi {
public:
    /// `stores`: one at least.
    explicit StoreApi(std::vector<StoreAccess> stores) : stores_{std::move(stores)} {}

    [[nodiscard]] std::size_t stores() const { return stores_.size(); }
    [[nodiscard]] std::size_t in_use() const { return in_use_; }
    /// From here on requests are for this one.
    void use(std::size_t index) { in_use_ = index; }

    /// The store's identity: the document that tells one store's life from another's.
    [[nodiscard]] base::HttpRequest get_generation() const;
    /// `version`: the members that say the chat's. `again`: not empty when it is put back where it was
    /// missing; another word each time.
    [[nodiscard]] base::HttpRequest put_generation(const base::Generation& generation,
                                                   std::string_view version,
                                                   std::string_view again = {}) const;
    /// What the database tells of itself: when it was made, how many documents it has.
    [[nodiscard]] base::HttpRequest get_database() const;
    /// Which members of its cluster have the database.
    [[nodiscard]] base::HttpRequest get_shards() const;
    /// q=1: one order for all.
    [[nodiscard]] base::HttpRequest make_database() const;

    /// Asks with somebody else's name and password, not the node's own.
    [[nodiscard]] static base::HttpRequest check_password(std::string_view name, std::string_view password);

    /// Who may read the chat's database.
    [[nodiscard]] base::HttpRequest get_security() const;
    /// People's accounts, with the node's own authorization.
    [[nodiscard]] base::HttpRequest get_users(const std::vector<std::string>& names) const;
    /// All documents whose ids begin with `lead`, up to `limit`.
    [[nodiscard]] base::HttpRequest documents_of(std::string_view lead, std::size_t limit) const;

    [[nodiscard]] base::HttpRequest get_document(std::string_view id) const;
    /// A document, and what became of each of its revisions.
    [[nodiscard]] base::HttpRequest get_revisions(std::string_view id) const;
    /// All leaves of a document, with what they hold.
    [[nodiscard]] base::HttpRequest get_leaves(std::string_view id) const;
    [[nodiscard]] base::HttpRequest put_document(std::string_view id, std::string document) const;
    /// Deletes one leaf; 404 where the store has none of the document that is not deleted.
    [[nodiscard]] base::HttpRequest delete_document(std::string_view id, std::string_view revision) const;
    [[nodiscard]] base::HttpRequest bulk_documents(const std::vector<std::string_view>& documents) const;
    /// What was purged lately.
    [[nodiscard]] base::HttpRequest purged() const;
    [[nodiscard]] base::HttpRequest all_documents(const std::vector<std::string>& ids, bool documents) const;
    /// The first `limit` documents whose ids come after `after` and begin with `lead`, with their conflicts;
    /// either may be empty.
    [[nodiscard]] base::HttpRequest documents_after(std::string_view after, std::string_view lead,
                                                    std::size_t limit) const;
    /// Takes old revisions out of the database's file; an admin's.
    [[nodiscard]] base::HttpRequest compact() const;

    /// The newest `limit` documents of a room, newest first, of those whose letters are below `before` (all
    /// when empty).
    [[nodiscard]] base::HttpRequest newest_documents(std::string_view room, std::string_view before,
                                                     std::size_t limit) const;

    /// One page of what changed after `since`, at most `limit` rows.
    [[nodiscard]] base::HttpRequest changes_page(std::string_view since, std::size_t limit,
                                                 bool documents) const;
    /// The newest `limit` changes with their documents, the newest first.
    [[nodiscard]] base::HttpRequest changes_newest(std::size_t limit) const;
    [[nodiscard]] base::HttpRequest changes_longpoll(std::string_view since, base::Duration heartbeat,
                                                     std::size_t limit) const;
    [[nodiscard]] base::HttpRequest changes_continuous(std::string_view since,
                                                       base::Duration heartbeat) const;

private:
    [[nodiscard]] base::HttpRequest request(std::string method, std::string_view path_and_query,
                                            std::string body = {}) const;

    /// Of the server, not of the chat's database.
    [[nodiscard]] base::HttpRequest server_request(std::string method, std::string target,
                                                   std::string body) const;

    std::vector<StoreAccess> stores_;
    std::size_t in_use_ = 0;
};

/// What a store's answer says about the store itself, whatever was asked.
enum class StoreVerdict {
    served,            ///< it dealt with the request; what that means depends on what was asked
    missing_database,  ///< 404 that speaks of the database, not of a document
    denied,            ///< 401, 403: the credentials are no good
    trouble,           ///< 408, 412, 429, 5xx, or no answer of a CouchDB's kind: ask again, later
};
StoreVerdict judge(const base::HttpResponse& response);

/// One row of a `_bulk_docs` answer.
struct BulkRow {
    enum class Outcome {
        stored,   ///< written now, or there already: a `conflict` on an id that is a function of the content
        refused,  ///< a validation function or the document's form: for good
        unknown,  ///< anything else: ask again
    };
    std::string id;
    Outcome outcome;
    std::string reason;
    bool conflict = false;   ///< it was there already, or has another revision
    std::string revision{};  ///< of what was written now
};
/// Nothing when the body is not an array of rows.
std::optional<std::vector<BulkRow>> read_bulk_answer(std::string_view body);

/// The ids in a `_purged_infos` answer; nothing when the store is in no state to tell.
std::optional<std::set<std::string, std::less<>>> read_purged(const base::HttpResponse& response);

/// The `reason` (or the status) of an error, fit for a log line.
std::string reason_of(const base::HttpResponse& response);

}  // namespace davenport::node
