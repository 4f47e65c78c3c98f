#pragma once

#include "couchmock/core/database.hpp"
#include "couchmock/core/document_text.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace davenport::couchmock {

struct Server;

/// Reads a document that a client wants written: checks all that CouchDB checks of it by itself and throws
/// CouchDB's error. `id` is empty when the text has none, `path` when it has no revision; stubs of
/// attachments are attachments without data.
Edit read_edit(const Database& database, std::string_view json);
Edit to_edit(const Database& database, DocumentText text);

/// Gives the edit a body that was read before: members as JSON text, without braces.
void set_body(Edit& edit, std::string_view body);
/// Gives an attachment that follows its document the bytes that came behind it. Throws 400 when they are not
/// as many as it says.
Attachment keep_attachment(const Compression& compression, Attachment attachment, std::string bytes);

/// Throws illegal_docid.
void check_document_id(const Database& database, std::string_view id);
/// Throws 413.
void check_attachment_size(const Database& database, const Attachment& attachment);
/// Throws illegal_partition.
void check_partition(std::string_view partition);

/// Takes over the data of stubs from the revision that the edit follows. Throws 412 missing_stub.
void resolve_stubs(const Database& database, Edit& edit);

/// An attachment as it is kept: compressed if its type is worth it, with the digest of what is kept.
Attachment make_attachment(const Compression& compression, std::string name, std::string content_type,
                           std::string content);

/// Throws "Invalid rev format".
Revision read_revision(std::string_view text);

}  // namespace davenport::couchmock
