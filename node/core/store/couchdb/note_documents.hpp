#pragma once

#include "node/core/config.hpp"
#include "node/core/store/couchdb/request_table.hpp"
#include "node/core/store/couchdb/store_api.hpp"
#include "node/core/store/store.hpp"

#include <optional>
#include <string_view>

namespace davenport::base {
class JsonView;
}  // namespace davenport::base

namespace davenport::node {

/// What all notes' ids begin with; no room has such a name.
inline constexpr std::string_view note_id_lead = "davenport-session:";

/// Nothing when the document is not a note. `id`: of the document.
std::optional<StoreNote> read_note_document(std::string_view id, const base::JsonView& document);

/// Notes as documents of the chat's database.
class NoteDocuments {
public:
    NoteDocuments(const ChatConfig& config, const StoreApi& api, RequestTable& requests)
        : config_{&config}, api_{&api}, requests_{&requests} {}

    FetchId write(Turn& turn, const StoreNote& note, Store::OnNoted on_noted);
    FetchId read(Turn& turn, const std::string& id, Store::OnNote on_note);
    FetchId read_all(Turn& turn, Store::OnNotes on_notes);

private:
    FetchId ask(Turn& turn, base::HttpRequest request, RequestTable::OnReply on_reply);

    const ChatConfig* config_;
    const StoreApi* api_;
    RequestTable* requests_;
};

}  // namespace davenport::node
