#pragma once

#include <chrono>

namespace davenport::couchmock::javascript {

/// How a run under a time limit ended.
enum class Run {
    finished,
    timed_out,  ///< stopped in the middle: what it worked on is in no state at all, and may only be dropped
    gave_up,    ///< the code itself called give_up()
};

/// Runs `body(argument)` for at most `limit` of processor time of this thread, or a quarter more.
///
/// Debian's Duktape has no interrupt of its own (DUK_USE_EXEC_TIMEOUT_CHECK is off), so a loop that calls
/// nothing can only be left from outside: a timer on this thread's processor time sends a signal, and its
/// handler jumps out of the code. It does so only while the processor is inside of Duktape's own code, which
/// holds no lock and owns nothing but the heap that is dropped then; anywhere else it tries again a
/// millisecond later. Processor time, so that a busy machine does not decide what a function may do.
///
/// `body` and what it calls may own nothing that a destructor has to give back.
///
/// Threads: any; one run at a time in each. Signals: SIGRTMIN + 5 of the process.
Run run_limited(std::chrono::milliseconds limit, void (*body)(void*), void* argument);

/// Leaves the run at hand for good: for an engine that cannot go on.
[[noreturn]] void give_up();

}  // namespace davenport::couchmock::javascript
