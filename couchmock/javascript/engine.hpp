#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// couchmock/javascript: the functions of design documents, run in a sandbox. Knows JSON texts and nothing of
/// databases; Duktape and the signal that bounds it stay behind this door.
namespace davenport::couchmock::javascript {

/// What one call may take.
struct Limits {
    std::size_t bytes_max = 64 * 1024 * 1024;  ///< of the heap, as couchjs has it
    std::chrono::milliseconds time_max{5000};  ///< processor time; CouchDB's os_process_timeout
};

/// A call that gave no result, in the words of CouchDB's query server.
struct Failure {
    std::string error;   ///< "compilation_error", "TypeError", "os_process_error"...
    std::string reason;  ///< text, or JSON where the function threw something else (`reason_is_json`)
    bool reason_is_json = false;
};

/// One JavaScript heap with the query server's functions in it (prelude.cpp), for one design document.
///
/// Sandboxed: no files, no modules but the design document's own, no eval, no clock but the given one, no
/// time zone but UTC, random numbers that are the same in every run.
///
/// A call that passes a limit costs the heap: the next call gets a fresh one, as CouchDB starts another
/// process, with the design document and the map functions that were set before.
///
/// Threads: not thread-safe. Errors: Failure is thrown.
class Engine {
public:
    /// `design`: JSON of the document that functions are taken from and modules are found in.
    Engine(std::string design, Limits limits);
    ~Engine();
    Engine(Engine&&) noexcept;
    Engine& operator=(Engine&&) noexcept;

    void set_limits(Limits limits);
    /// What `new Date()` says, in milliseconds since 1970.
    void set_now(std::int64_t unix_ms);

    /// Sets the map functions of map(), by their source.
    void set_maps(const std::vector<std::string>& sources);
    /// Calls the prelude's function `name`. Arguments and result are JSON texts.
    std::string call(std::string_view name, std::initializer_list<std::string_view> arguments);
    /// What was logged since the last time: at most a few lines a call.
    [[nodiscard]] std::vector<std::string> take_log();

private:
    class Heap;
    Heap& heap();
    std::string run(std::string_view name, std::initializer_list<std::string_view> arguments);
    void collect_log();

    std::string design_;
    Limits limits_;
    std::int64_t now_ms_ = 0;
    std::string maps_;  ///< JSON array of sources; empty: none were set
    std::vector<std::string> log_;
    std::unique_ptr<Heap> heap_;
};

}  // namespace davenport::couchmock::javascript
