#include "node/core/store/couchdb/note_documents.hpp"

#include "node/base/json.hpp"
#include "node/base/json_view.hpp"

#include <utility>

namespace davenport::node {
namespace {

constexpr std::size_t notes_max = 20'000;

std::string document_id(std::string_view id) { return std::string{note_id_lead}.append(id); }

bool says_deleted(const base::HttpResponse& response) {
    const auto body = base::parse_json(response.body);
    return body && base::string_member(*body, "reason") == "deleted";
}

}  // namespace

std::optional<StoreNote> read_note_document(std::string_view id, const base::JsonView& document) {
    if (!id.starts_with(note_id_lead) || !document.is_object()) return std::nullopt;
    StoreNote note{std::string{id.substr(note_id_lead.size())}, base::text_member(document, "_rev"),
                   document.text(), base::bool_member(document, "_deleted")};
    return note;
}

FetchId NoteDocuments::ask(Turn& turn, base::HttpRequest request, RequestTable::OnReply on_reply) {
    return requests_->send(turn, RequestOwner::sign_in, std::move(request),
                           {.timeout = config_->request_timeout, .tells_health = false}, std::move(on_reply));
}

FetchId NoteDocuments::write(Turn& turn, const StoreNote& note, Store::OnNoted on_noted) {
    std::string document = "{\"_id\":";
    base::append_json_string(document, document_id(note.id));
    if (!note.revision.empty()) base::append_json_string(document += ",\"_rev\":", note.revision);
    document += ",\"v\":1," + note.body + "}";
    return ask(turn, api_->put_document(document_id(note.id), std::move(document)),
               [on_noted = std::move(on_noted)](Turn& t, const Reply& reply) {
                   const int status = reply.response ? reply.response->status : 0;
                   on_noted(t, status == 201 || status == 202 ? Store::Noted::stored
                               : status == 409                ? Store::Noted::other_revision
                                                              : Store::Noted::failed);
                   return true;
               });
}

FetchId NoteDocuments::read(Turn& turn, const std::string& id, Store::OnNote on_note) {
    return ask(turn, api_->get_document(document_id(id)),
               [id, on_note = std::move(on_note)](Turn& t, const Reply& reply) {
                   if (!reply.response) return on_note(t, nullptr), true;
                   const auto& response = *reply.response;
                   if (response.status == 404 && judge(response) == StoreVerdict::served) {
                       const StoreNote none{id, {}, {}, says_deleted(response)};
                       return on_note(t, &none), true;
                   }
                   base::JsonReader reader;
                   const auto document = response.status == 200 ? reader.read(response.body) : std::nullopt;
                   const auto note = document ? read_note_document(document_id(id), *document) : std::nullopt;
                   return on_note(t, note ? &*note : nullptr), true;
               });
}

FetchId NoteDocuments::read_all(Turn& turn, Store::OnNotes on_notes) {
    return ask(turn, api_->documents_of(note_id_lead, notes_max),
               [on_notes = std::move(on_notes)](Turn& t, const Reply& reply) {
                   if (!reply.response || reply.response->status != 200) return on_notes(t, nullptr), true;
                   base::JsonReader reader;
                   const auto body = reader.read(reply.response->body);
                   const auto rows = body ? body->member("rows") : std::nullopt;
                   if (!rows) return on_notes(t, nullptr), true;
                   std::vector<StoreNote> notes;
                   rows->each_item([&](const base::JsonView& row) {
                       const auto document = row.member("doc");
                       if (!document) return;
                       if (auto note = read_note_document(base::text_member(row, "id"), *document))
                           notes.push_back(std::move(*note));
                   });
                   return on_notes(t, &notes), true;
               });
}

}  // namespace davenport::node
