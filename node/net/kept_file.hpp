#pragma once

#include <string>

namespace davenport::node {

/// What a node's core keeps beside its journal, in a file that nobody else may read.
///
/// Errors: std::system_error.
class KeptFile {
public:
    explicit KeptFile(std::string path) : path_(std::move(path)) {}

    /// Empty when there is none.
    [[nodiscard]] std::string read() const;
    /// In place of what was there: on the disk, whole, when this returns.
    void write(const std::string& text) const;

    static std::string path_of(const std::string& journal) { return journal + ".sessions"; }

private:
    std::string path_;
};

}  // namespace davenport::node
