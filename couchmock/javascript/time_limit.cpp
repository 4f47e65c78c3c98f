#include "couchmock/javascript/time_limit.hpp"

#include <csetjmp>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <mutex>
#include <stdexcept>

#include <dlfcn.h>
#include <duktape.h>
#include <link.h>
#include <ucontext.h>
#include <unistd.h>

namespace davenport::couchmock::javascript {
namespace {

int signal_number() { return SIGRTMIN + 5; }

/// Where Duktape's code lies in memory.
struct CodeRange {
    std::uintptr_t inside = 0;  ///< some address in it
    std::uintptr_t begin = 0, end = 0;
};
CodeRange code;

int find_code(dl_phdr_info* info, std::size_t, void* found) {
    auto& range = *static_cast<CodeRange*>(found);
    for (int i = 0; i < info->dlpi_phnum; ++i) {
        const auto& segment = info->dlpi_phdr[i];
        if (segment.p_type != PT_LOAD || (segment.p_flags & PF_X) == 0) continue;
        const auto begin = info->dlpi_addr + segment.p_vaddr;
        if (range.inside < begin || range.inside >= begin + segment.p_memsz) continue;
        range.begin = begin;
        range.end = begin + segment.p_memsz;
        return 1;
    }
    return 0;
}

std::uintptr_t program_counter(const void* context) {
    const auto& machine = static_cast<const ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
    return static_cast<std::uintptr_t>(machine.gregs[REG_RIP]);
#elif defined(__aarch64__)
    return static_cast<std::uintptr_t>(machine.pc);
#else
#error "the program counter of an interrupted thread is not known for this processor"
#endif
}

timespec to_timespec(std::chrono::nanoseconds span) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(span);
    return {static_cast<time_t>(seconds.count()), static_cast<long>((span - seconds).count())};
}

/// One thread's timer, and where its run at hand is left to.
class Watch {
public:
    Watch() {
        sigevent event{};
        event.sigev_notify = SIGEV_THREAD_ID;
        event.sigev_signo = signal_number();
        event._sigev_un._tid = ::gettid();
        if (::timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &timer_) != 0)
            throw std::runtime_error{"no timer for the time limit of JavaScript"};
        sigset_t ours;
        sigemptyset(&ours);
        sigaddset(&ours, signal_number());
        ::pthread_sigmask(SIG_UNBLOCK, &ours, nullptr);
    }
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

    /// Begins a run. The timer ticks several times in a limit and goes on between runs, so that one after the
    /// other costs no system call; a tick outside of a run stops it.
    void begin(std::chrono::nanoseconds limit) {
        ticks = 0;
        running = 1;
        if (ticking && limit == limit_) return;
        limit_ = limit;
        ticking = 1;
        set(limit / (ticks_max - 1), limit / (ticks_max - 1));
    }
    void set(std::chrono::nanoseconds first, std::chrono::nanoseconds then) {
        const itimerspec wanted{to_timespec(then), to_timespec(first)};
        ::timer_settime(timer_, 0, &wanted, nullptr);
    }

    /// So many have come when a whole limit has passed, wherever between two ticks the run began.
    static constexpr int ticks_max = 6;

    sigjmp_buf out;
    volatile std::sig_atomic_t running = 0;
    volatile std::sig_atomic_t ticking = 0;
    volatile std::sig_atomic_t ticks = 0;

private:
    timer_t timer_{};
    std::chrono::nanoseconds limit_{};
};

thread_local Watch* watch = nullptr;

Watch::~Watch() {
    watch = nullptr;
    ::timer_delete(timer_);
}

void on_signal(int, siginfo_t*, void* context) {
    if (!watch) return;
    if (!watch->running) {
        watch->ticking = 0;
        watch->set({}, {});
        return;
    }
    watch->ticks = watch->ticks + 1;
    if (watch->ticks < Watch::ticks_max) return;
    const auto at = program_counter(context);
    if (at < code.begin || at >= code.end) {
        watch->ticking = 0;  // not as a limit wants it: the next run sets it anew
        watch->set(std::chrono::milliseconds{1}, std::chrono::milliseconds{1});
        return;
    }
    watch->running = 0;
    watch->ticking = 0;
    watch->set({}, {});
    siglongjmp(watch->out, static_cast<int>(Run::timed_out));
}

void install() {
    const auto* symbol = ::dlsym(RTLD_DEFAULT, "duk_create_heap");
    code.inside = symbol ? reinterpret_cast<std::uintptr_t>(symbol)
                         : reinterpret_cast<std::uintptr_t>(&duk_create_heap);
    ::dl_iterate_phdr(find_code, &code);
    struct sigaction action {};
    action.sa_sigaction = on_signal;
    action.sa_flags = SA_SIGINFO | SA_RESTART | SA_NODEFER;  // jumping out leaves no mask to put back
    ::sigaction(signal_number(), &action, nullptr);
}

Watch& watch_of_this_thread() {
    static std::once_flag installed;
    std::call_once(installed, install);
    thread_local Watch mine;
    watch = &mine;
    return mine;
}

}  // namespace

Run run_limited(std::chrono::milliseconds limit, void (*body)(void*), void* argument) {
    auto& mine = watch_of_this_thread();
    const int left = sigsetjmp(mine.out, 0);
    if (left == 0) {
        mine.begin(limit);
        body(argument);
    }
    mine.running = 0;
    return static_cast<Run>(left);
}

void give_up() {
    if (!watch || !watch->running) std::abort();
    watch->running = 0;
    siglongjmp(watch->out, static_cast<int>(Run::gave_up));
}

}  // namespace davenport::couchmock::javascript
