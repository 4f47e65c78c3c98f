#include "node/core/admin/document_change.hpp"

#include "node/base/json.hpp"
#include "node/base/json_view.hpp"
#include "node/core/store/couchdb/store_api.hpp"

#include <algorithm>
#include <iterator>
#include <set>

#include <fmt/format.h>

namespace davenport::node {
namespace {

constexpr int conflicts_max = 20;
constexpr std::string_view users_database = "_users";

/// Of the members that begin with '_', those that a document is written with.
bool is_written_member(std::string_view name) {
    return !name.starts_with('_') || name == "_id" || name == "_rev" || name == "_deleted" ||
           name == "_attachments";
}

}  // namespace

std::string json_text(std::string_view text) {
    std::string out;
    base::append_json_string(out, text);
    return out;
}

std::string with_members(std::string_view json,
                         const std::vector<std::pair<std::string_view, std::string>>& members) {
    base::JsonReader reader;
    const auto object = reader.read(json);
    std::string out{"{"};
    std::set<std::string_view> seen;
    const auto add = [&](std::string_view name, std::string_view value) {
        if (value.empty()) return;
        if (out.size() > 1) out += ',';
        base::append_json_string(out, name);
        (out += ':') += value;
    };
    if (object)
        object->each_member([&](std::string_view name, const base::JsonView& value) {
            const auto found = std::ranges::find(members, name, [](const auto& one) { return one.first; });
            if (found != members.end()) {
                if (seen.insert(found->first).second) add(found->first, found->second);
            } else if (is_written_member(name)) {
                add(name, value.text());
            }
        });
    for (const auto& [name, value] : members)
        if (!seen.contains(name)) add(name, value);
    return out + '}';
}

DocumentChange::DocumentChange(StoreAccess store, Reads reads, Decide decide, std::size_t page_rows)
    : database_{store.database},
      has_account_{!store.authorization.empty()},
      api_{std::make_unique<StoreApi>(std::vector<StoreAccess>{std::move(store)})},
      reads_{std::move(reads)},
      decide_{std::move(decide)},
      page_rows_{page_rows} {}
DocumentChange::~DocumentChange() = default;

base::HttpRequest DocumentChange::request() const {
    if (step_ == Step::write) return api_->put_document(write_.id, write_.json);
    if (!reads_.ids.empty()) return api_->all_documents(reads_.ids, true);
    if (database_ != users_database) return api_->documents_after(after_, reads_.lead, page_rows_);
    // To the end: StoreApi's last id of those that begin with a lead leaves out names that begin with an
    // emoji.
    const auto before = reads_.lead.substr(0, reads_.lead.size() - 1);
    return api_->documents_after(after_.empty() ? before : after_, {}, page_rows_);
}

bool DocumentChange::take(const base::HttpResponse& answer) {
    trouble_ = answer.status < 300 ? "its answer is not a CouchDB's" : reason_of(answer);
    check(answer);
    const bool taken =
        judge(answer) == StoreVerdict::served &&
        (step_ == Step::write ? take_written(answer) : answer.status == 200 && take_page(answer.body));
    if (!taken && step_ == Step::write) {
        may_be_written_ = true;
        begin_again();
    }
    return taken;
}

void DocumentChange::on_lost() {
    if (step_ != Step::write) return;
    may_be_written_ = true;
    begin_again();
}

/// Throws when it is of no use to ask again.
void DocumentChange::check(const base::HttpResponse& answer) const {
    const bool of_people = database_ == users_database;
    const auto verdict = judge(answer);
    if (verdict == StoreVerdict::missing_database)
        throw AdminError(
            of_people ? "the store has no database _users, so nobody has an account there: make it (in "
                        "Fauxton: Setup, or by PUT /_users)"
                      : fmt::format("the store has no database {}: check the name behind the host in --store",
                                    database_));
    if (verdict == StoreVerdict::denied && !has_account_)
        throw AdminError(
            fmt::format("the store wants to know who asks ({}): give an account, as in --store "
                        "http://name:password@...",
                        reason_of(answer)));
    // CouchDB also answers 401 to a good account that is no administrator's.
    if (answer.status == 401 && reason_of(answer).find("admin") == std::string::npos)
        throw AdminError(
            fmt::format("the store does not take this name and password ({}): check both in "
                        "--store, --store-password-file or DAVENPORT_STORE_PASSWORD",
                        reason_of(answer)));
    if (verdict == StoreVerdict::denied && of_people && step_ == Step::write)
        throw AdminError(fmt::format("the store refuses this account: {}", reason_of(answer)));
    if (verdict == StoreVerdict::denied)
        throw AdminError(fmt::format(
            "the store refuses ({}): give the account of {}, as in --store http://name:password@...",
            reason_of(answer),
            of_people ? "a server's administrator, who alone may see and change people's accounts"
                      : "somebody who may read and write there"));
    if (answer.status == 400 || answer.status == 413)
        throw AdminError(fmt::format("the store does not take what it is asked: {}", reason_of(answer)));
}

bool DocumentChange::take_page(std::string_view body) {
    base::JsonReader reader;
    const auto parsed = reader.read(body);
    const auto rows = parsed ? parsed->member("rows") : std::nullopt;
    std::size_t count = 0;
    std::string last;
    std::vector<StoreDocument> page;
    const bool is_page = rows && rows->each_item([&](const base::JsonView& row) {
        ++count;
        last = base::text_member(row, "key");
        const auto document = row.member("doc");
        if (document && document->is_object() && last.starts_with(reads_.lead))
            page.push_back({last, document->text()});
    });
    if (!is_page) return false;
    std::ranges::move(page, std::back_inserter(found_));
    after_ = std::move(last);
    if (reads_.ids.empty() && count >= page_rows_) return true;
    decide();
    return true;
}

void DocumentChange::decide() {
    auto write = decide_ ? decide_(found_, may_be_written_) : std::nullopt;
    step_ = write ? Step::write : Step::done;
    if (write) write_ = std::move(*write);
}

bool DocumentChange::take_written(const base::HttpResponse& answer) {
    if (answer.status >= 200 && answer.status <= 202) {  // 200: a deletion
        has_written_ = true;
        step_ = Step::done;
        return true;
    }
    if (answer.status != 409) return false;
    if (++conflicts_ == conflicts_max)
        throw AdminError(
            fmt::format("others write to {} all the time, so this change does not get through: try again "
                        "when they are done",
                        write_.id));
    begin_again();
    return true;
}

void DocumentChange::begin_again() {
    step_ = Step::read;
    after_.clear();
    found_.clear();
}

}  // namespace davenport::node
