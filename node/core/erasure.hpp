#pragma once

#include "node/base/http.hpp"
#include "node/base/message_id.hpp"
#include "node/core/config.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace davenport::base {
class ChatMessage;
class JsonReader;
class JsonView;
}  // namespace davenport::base

namespace davenport::node {

class StoreApi;

/// The store did not do what erasing needs; one line that says what to do. What was done stays done: the same
/// erasure may be begun again.
class ErasureError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Removes messages in the store for good, as a machine without I/O: the caller sends what request() says and
/// passes the answer to take(), until is_done().
///
/// A message is written over by its removal, which counts before every edit. Every node that reads the
/// store's feed then takes the text out of its journal. Members that are not the chat's own, attachments and
/// revisions in conflict go with it. A message that is removed already is left as it is. The store's file
/// keeps the text in old revisions until the database is compacted: the last step asks for that.
class Erasure {
public:
    /// What is erased: all that is given must hold.
    struct Selection {
        std::string user{};                            ///< a person's messages, by the prepared name
        std::string room{};                            ///< a room's
        std::vector<std::string> ids{};                ///< these documents
        std::optional<std::int64_t> before_unix_ms{};  ///< what was said before that moment

        /// `unix_ms`: when it was said. Ids are looked at by whoever reads the documents.
        [[nodiscard]] bool covers(const base::ChatMessage& message, std::int64_t unix_ms) const;
    };
    struct Config {
        Selection what{};
        base::MessageKey key{};        ///< of the removals; its time is that of the erasure
        std::string by{};              ///< who is shown to have removed them; empty: nobody is named
        bool dry_run = false;          ///< counts, and writes nothing
        bool compact = true;           ///< asks the store to compact the database in the end
        std::size_t page_rows = 1000;  ///< documents read at once
        std::size_t write_rows = 200;  ///< removals written at once: what every node reads in one piece
    };
    struct Room {
        std::uint64_t messages = 0;
        std::int64_t first_unix_ms = 0, last_unix_ms = 0;
    };
    struct Refusal {
        std::string id, reason;
    };
    struct Progress {
        std::uint64_t documents = 0;         ///< looked at
        std::uint64_t of = 0;                ///< in the database, or among the ids given
        std::uint64_t found = 0;             ///< messages that are meant
        std::uint64_t erased = 0;            ///< removals that the store has now
        std::uint64_t removed_before = 0;    ///< meant, and removed already
        std::uint64_t conflicts = 0;         ///< revisions deleted that replication had left in conflict
        std::vector<std::string> missing{};  ///< of the ids given: no message has it
        std::vector<Refusal> refused{};      ///< by the store's validation
        std::string not_compacted{};         ///< why the store does not compact the database
        std::map<std::string, Room> rooms{};

        /// Finds one.
        void count(const base::ChatMessage& message, std::int64_t unix_ms);
    };

    /// `config.what` names something.
    Erasure(Config config, StoreAccess store);
    ~Erasure();
    Erasure(const Erasure&) = delete;
    Erasure& operator=(const Erasure&) = delete;

    [[nodiscard]] bool is_done() const { return step_ == Step::done; }
    /// The store is at work by itself: a pause is due before request().
    [[nodiscard]] bool is_waiting() const { return step_ == Step::compacted; }
    /// What is to be asked now; the same until take().
    [[nodiscard]] base::HttpRequest request() const;
    /// The answer to request(). Trouble of the store (408, 429, 5xx, an unusable answer) leaves all as it
    /// is and gives false: ask again after a pause. Errors: ErasureError.
    bool take(const base::HttpResponse& answer);
    /// Why the last take() gave false; one line.
    [[nodiscard]] const std::string& trouble() const { return trouble_; }

    [[nodiscard]] const Progress& progress() const { return progress_; }
    [[nodiscard]] bool is_compacting() const { return step_ == Step::compact || step_ == Step::compacted; }

private:
    enum class Step { database, page, write, compact, compacted, done };

    void take_database(const base::JsonView& database);
    bool take_page(const base::JsonView& page);
    void take_document(const base::JsonView& document);
    bool take_written(std::string_view body);
    void go_on();
    [[nodiscard]] std::span<const std::string> batch() const;
    void clear();
    [[nodiscard]] std::string id_lead() const;
    [[nodiscard]] bool goes_by_ids() const { return !config_.what.ids.empty() || !again_.empty(); }

    Config config_;
    std::unique_ptr<const StoreApi> api_;
    std::unique_ptr<base::JsonReader> reader_;
    Step step_ = Step::database;
    std::string trouble_;
    Progress progress_;
    std::string after_;  ///< the last id of the page before
    bool last_page_ = false;
    std::size_t ids_asked_ = 0;           ///< of config_.what.ids
    std::vector<std::string> again_;      ///< written by somebody else meanwhile: read once more
    std::set<std::string> counted_;       ///< of those: found once already
    std::vector<std::string> documents_;  ///< to be written, the first `written_` of them are
    std::size_t written_ = 0;
    std::vector<bool> is_conflict_;  ///< of each: it deletes a revision in conflict
};

/// Reads what the rooms' own documents say of how long messages are kept (`retention_days`), as a machine
/// without I/O: the caller sends request() and passes the answer to take().
class RetentionReader {
public:
    explicit RetentionReader(StoreAccess store);
    /// Who is shown to have removed what nodes remove for its age.
    static std::string shown_as();
    ~RetentionReader();
    RetentionReader(const RetentionReader&) = delete;
    RetentionReader& operator=(const RetentionReader&) = delete;

    [[nodiscard]] base::HttpRequest request() const;
    /// What is to be erased at `now_ms`, by room; nothing when the store has trouble: ask again after a
    /// pause. Documents that make no sense are left out. Errors: ErasureError.
    std::optional<std::vector<Erasure::Selection>> take(const base::HttpResponse& answer,
                                                        std::int64_t now_ms);

private:
    std::unique_ptr<const StoreApi> api_;
};

}  // namespace davenport::node
