#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The documents of a _bulk_docs request, some of which the store is not to see.
namespace davenport::couchmock {

/// Leaves the first `rows` documents.
void keep_first(std::string& body, std::uint64_t rows);

/// Rows of an answer, with the places of their documents in the request.
using BulkRows = std::vector<std::pair<std::size_t, std::string>>;

/// Takes out those of whose ids `hit` says so, one after the other; gives rows that say `error` of them.
BulkRows take_out(std::string& body, std::string_view error,
                  const std::function<bool(std::string_view id)>& hit);

/// Puts such rows into the store's answer to the others, so that every document has its row where it stood.
void put_back(std::string& answer, const BulkRows& rows);

}  // namespace davenport::couchmock
