#pragma once

#include "node/base/http.hpp"
#include "node/core/config.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace davenport::node {

class StoreApi;

/// What an operator asked for is not done; one line that says why, and what to do.
class AdminError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// A document as the store has it.
struct StoreDocument {
    std::string id;
    std::string json;  ///< with `_id` and `_rev`
};

/// `json`, an object, with these members set, each in its place or at the end; one with an empty text is
/// taken out. All others stay as they are, known or not, but what a store tells beside them (`_conflicts`).
std::string with_members(std::string_view json,
                         const std::vector<std::pair<std::string_view, std::string>>& members);
/// The text as a JSON string, with its quotes.
std::string json_text(std::string_view text);

/// Documents of the store read, and one of them written, as a machine without I/O: the caller sends what
/// request() says and tells what came of it, until is_done().
///
/// When somebody else was faster with the same document, or when nobody knows whether it was written, all is
/// read and decided anew.
class DocumentChange {
public:
    /// What is read: these documents, or (when there are none) all whose ids begin with `lead`.
    struct Reads {
        std::vector<std::string> ids{};
        std::string lead{};
    };
    /// Gives the document that is to be written, `_rev` included if it is there already; nothing when all is
    /// as it should be. `again`: an earlier attempt of this change may be in the store. May throw AdminError.
    using Decide =
        std::function<std::optional<StoreDocument>(const std::vector<StoreDocument>& found, bool again)>;

    /// Without `decide`, documents are read, and that is all.
    DocumentChange(StoreAccess store, Reads reads, Decide decide = {}, std::size_t page_rows = 1000);
    ~DocumentChange();
    DocumentChange(const DocumentChange&) = delete;
    DocumentChange& operator=(const DocumentChange&) = delete;

    [[nodiscard]] bool is_done() const { return step_ == Step::done; }
    /// What is to be asked now; the same until the answer.
    [[nodiscard]] base::HttpRequest request() const;
    /// The answer to request(). False after trouble of the store (408, 429, 5xx, an answer that is none): ask
    /// again after a pause. Errors: AdminError.
    bool take(const base::HttpResponse& answer);
    /// No answer came: the store did what was asked, or did not. Ask again after a pause.
    void on_lost();
    /// Why the last take() gave false; one line.
    [[nodiscard]] const std::string& trouble() const { return trouble_; }

    /// What was read last, by id.
    [[nodiscard]] const std::vector<StoreDocument>& found() const { return found_; }
    /// Something was written.
    [[nodiscard]] bool has_written() const { return has_written_; }
    /// The store may have an attempt of this change, and nobody knows.
    [[nodiscard]] bool may_be_written() const { return may_be_written_; }

private:
    enum class Step { read, write, done };

    bool take_page(std::string_view body);
    bool take_written(const base::HttpResponse& answer);
    void decide();
    void begin_again();
    void check(const base::HttpResponse& answer) const;

    std::string database_;
    bool has_account_;  ///< the store is told who asks
    std::unique_ptr<const StoreApi> api_;
    Reads reads_;
    Decide decide_;
    std::size_t page_rows_;
    Step step_ = Step::read;
    std::string after_;  ///< the last id of the page before
    std::vector<StoreDocument> found_;
    StoreDocument write_;
    int conflicts_ = 0;
    bool may_be_written_ = false;
    bool has_written_ = false;
    std::string trouble_;
};

}  // namespace davenport::node
