#include "couchmock/javascript/engine.hpp"

#include "couchmock/javascript/arena.hpp"
#include "couchmock/javascript/prelude.hpp"
#include "couchmock/javascript/surrogates.hpp"
#include "couchmock/javascript/time_limit.hpp"
#include "node/base/json.hpp"

#include <array>
#include <utility>

#include <duktape.h>

namespace davenport::couchmock::javascript {
namespace {

constexpr std::size_t arguments_max = 4;
constexpr const char* server_key = "server";

void* allocate(void* arena, duk_size_t bytes) { return static_cast<Arena*>(arena)->allocate(bytes); }
void* resize(void* arena, void* block, duk_size_t bytes) {
    return static_cast<Arena*>(arena)->resize(block, bytes);
}
void release(void* arena, void* block) { static_cast<Arena*>(arena)->release(block); }
/// Duktape calls it when there is nothing left to throw with, and must not be returned to.
void on_fatal(void*, const char*) { give_up(); }

/// One call, as plain data: nothing in it has to be given back when the call is left in its middle.
struct Job {
    duk_context* context = nullptr;
    Arena* arena = nullptr;  ///< of a heap to be made
    std::string_view name;
    std::array<std::string_view, arguments_max> arguments;
    std::size_t argument_count = 0;
    double now_ms = 0;
    bool wants_log = false;
    // the result, which lies on the context's stack
    bool ok = false;
    const char* text = nullptr;
    std::size_t text_size = 0;
};

/// Freezes the value on the top of the stack and all in it; `value` is JSON, so it has no circle.
void freeze_deep(duk_context* context) {
    duk_require_stack(context, 4);
    duk_freeze(context, -1);
    if (duk_is_array(context, -1)) {
        const auto count = static_cast<duk_uarridx_t>(duk_get_length(context, -1));
        for (duk_uarridx_t i = 0; i < count; ++i) {
            duk_get_prop_index(context, -1, i);
            if (duk_is_object(context, -1)) freeze_deep(context);
            duk_pop(context);
        }
        return;
    }
    duk_enum(context, -1, DUK_ENUM_OWN_PROPERTIES_ONLY);
    while (duk_next(context, -1, 1)) {
        if (duk_is_object(context, -1)) freeze_deep(context);
        duk_pop_2(context);
    }
    duk_pop(context);
}

duk_ret_t freeze_argument(duk_context* context) {
    if (duk_is_object(context, 0)) freeze_deep(context);
    return 0;
}

duk_ret_t evaluate_prelude(duk_context* context, void*) {
    duk_push_heap_stash(context);
    duk_push_lstring(context, prelude.data(), prelude.size());
    duk_push_string(context, "prelude.js");
    duk_compile(context, DUK_COMPILE_EVAL);
    duk_call(context, 0);  // the expression: a function
    duk_push_c_function(context, freeze_argument, 1);
    duk_call(context, 1);
    duk_push_lstring(context, prelude_render.data(), prelude_render.size());
    duk_push_string(context, "prelude_render.js");
    duk_compile(context, DUK_COMPILE_EVAL);
    duk_call(context, 0);
    duk_dup(context, -2);
    duk_get_prop_string(context, -1, "tools");
    duk_call(context, 2);
    duk_pop(context);
    duk_put_prop_string(context, -2, server_key);
    return 0;
}

void make_heap(void* argument) {
    auto& job = *static_cast<Job*>(argument);
    job.context = duk_create_heap(allocate, resize, release, job.arena, on_fatal);
    job.ok = job.context && duk_safe_call(job.context, evaluate_prelude, nullptr, 0, 1) == DUK_EXEC_SUCCESS;
}

duk_ret_t dispatch(duk_context* context, void* argument) {
    const auto& job = *static_cast<const Job*>(argument);
    duk_push_heap_stash(context);
    duk_get_prop_string(context, -1, server_key);
    duk_push_number(context, job.now_ms);
    duk_put_prop_string(context, -2, "now");
    duk_get_prop_string(context, -1, "dispatch");
    duk_push_lstring(context, job.name.data(), job.name.size());
    const auto list = duk_push_array(context);
    for (duk_uarridx_t i = 0; i < job.argument_count; ++i) {
        duk_push_lstring(context, job.arguments[i].data(), job.arguments[i].size());
        duk_json_decode(context, -1);
        duk_put_prop_index(context, list, i);
    }
    duk_call(context, 2);
    return 1;
}

duk_ret_t read_log(duk_context* context, void*) {
    duk_push_heap_stash(context);
    duk_get_prop_string(context, -1, server_key);
    duk_get_prop_string(context, -1, "log");
    if (duk_get_length(context, -1) == 0) {
        duk_push_undefined(context);
        return 1;
    }
    duk_json_encode(context, -1);
    duk_push_array(context);
    duk_put_prop_string(context, -3, "log");
    return 1;
}

void call_dispatch(void* argument) {
    auto& job = *static_cast<Job*>(argument);
    auto* function = job.wants_log ? read_log : dispatch;
    job.ok = duk_safe_call(job.context, function, &job, 0, 1) == DUK_EXEC_SUCCESS;
    duk_size_t size = 0;
    job.text = duk_get_lstring(job.context, -1, &size);
    job.text_size = size;
}

void pop_result(void* argument) { duk_pop(static_cast<Job*>(argument)->context); }

Failure out_of_memory() { return {"os_process_error", "{exit_status,1}"}; }

Failure read_failure(std::string_view json) {
    const auto pair = base::parse_json(json);
    if (!pair || !pair->is_array() || pair->get_array().size() != 2) return {"unnamed_error", "null"};
    const auto& error = pair->get_array()[0];
    const auto& reason = pair->get_array()[1];
    Failure out;
    out.error = error.is_string() ? std::string{error.get_string()} : base::write_json(error);
    out.reason_is_json = !reason.is_string();
    out.reason = reason.is_string() ? std::string{reason.get_string()} : base::write_json(reason);
    return out;
}

/// After such an error couchjs ends, and a new process is started.
bool ends_heap(const Failure& failure) {
    return failure.error == "os_process_error" || failure.error == "InternalError";
}

}  // namespace

class Engine::Heap {
public:
    explicit Heap(Limits limits) : arena_(limits.bytes_max) {
        Job job;
        job.arena = &arena_;
        const auto ended = run_limited(limits.time_max, make_heap, &job);
        if (ended != Run::finished || !job.ok) throw out_of_memory();
        context_ = job.context;
    }

    /// Runs the job. Nothing when it was left in its middle.
    bool run(Job& job, std::chrono::milliseconds time_max) {
        job.context = context_;
        const auto ended = run_limited(time_max, call_dispatch, &job);
        if (ended == Run::timed_out) throw Failure{"os_process_error", "OS process timed out."};
        if (ended == Run::gave_up) throw out_of_memory();
        return job.ok && job.text;
    }
    /// To be called when the result was read; finalizers are none, so this takes no time.
    static void finish(Job& job) { pop_result(&job); }

private:
    Arena arena_;  ///< is given back whole: the heap itself is never destroyed
    duk_context* context_ = nullptr;
};

Engine::Engine(std::string design, Limits limits) : design_(std::move(design)), limits_(limits) {}
Engine::~Engine() = default;
Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;

void Engine::set_limits(Limits limits) { limits_ = limits; }
void Engine::set_now(std::int64_t unix_ms) { now_ms_ = unix_ms; }
std::vector<std::string> Engine::take_log() { return std::exchange(log_, {}); }

Engine::Heap& Engine::heap() {
    if (heap_) return *heap_;
    heap_ = std::make_unique<Heap>(limits_);
    run("open", {design_});
    if (!maps_.empty()) run("set_maps", {maps_});
    return *heap_;
}

void Engine::set_maps(const std::vector<std::string>& sources) {
    std::string list{'['};
    for (const auto& source : sources) {
        if (list.size() > 1) list += ',';
        base::append_json_string(list, source);
    }
    maps_ = list + ']';
    if (heap_) call("set_maps", {maps_});
}

std::string Engine::call(std::string_view name, std::initializer_list<std::string_view> arguments) {
    heap();
    return run(name, arguments);
}

std::string Engine::run(std::string_view name, std::initializer_list<std::string_view> arguments) {
    std::array<std::string, arguments_max> converted;
    Job job;
    job.name = name;
    job.now_ms = static_cast<double>(now_ms_);
    for (const auto argument : arguments) {
        const auto i = job.argument_count++;
        job.arguments[i] = split_surrogates(argument, converted[i]);
    }
    try {
        if (!heap_->run(job, limits_.time_max) || job.text_size < 2) throw out_of_memory();
        const bool ok = job.text[0] == '+';
        const bool logged = job.text[1] == '!';
        std::string result{job.text + 2, job.text_size - 2};
        Heap::finish(job);
        if (logged) collect_log();
        join_surrogates(result);
        if (!ok) throw read_failure(result);
        return result;
    } catch (const Failure& failure) {
        if (ends_heap(failure)) heap_.reset();
        throw;
    }
}

void Engine::collect_log() {
    Job job;
    job.wants_log = true;
    if (heap_->run(job, limits_.time_max)) {
        std::string lines{job.text, job.text_size};
        join_surrogates(lines);
        if (const auto list = base::parse_json(lines); list && list->is_array())
            for (const auto& line : list->get_array())
                if (line.is_string()) log_.emplace_back(line.get_string());
    }
    Heap::finish(job);
}

}  // namespace davenport::couchmock::javascript
