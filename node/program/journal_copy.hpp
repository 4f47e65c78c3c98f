#pragma once

#include <string>

namespace davenport::node::program {

/// Copies the whole journal, with what its -wal file holds, also while its node runs. The copy is complete or
/// not there: it gets its name when it is on the disk.
///
/// Errors: std::invalid_argument when `copy` is there already, base::JournalError, sqlite::Error.
void back_up_journal(const std::string& journal, const std::string& copy);

/// Makes a copy the node's journal, under a new uuid: what came after the copy was told under the old one,
/// and clients that heard it resume as from another node. A journal that is there is kept under another name.
///
/// Errors: base::JournalError, also when a node uses the journal; sqlite::Error.
void restore_journal(const std::string& copy, const std::string& journal);

}  // namespace davenport::node::program
