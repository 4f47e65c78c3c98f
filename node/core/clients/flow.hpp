#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace davenport::node {

/// Work that goes over several turns, written from top to bottom: a coroutine that begins when it is first
/// resumed, and that other flows can await. It suspends where it awaits something that keeps its handle (see
/// Resume); whoever kept it resumes it. Destroying a flow destroys those that it awaits.
///
/// Arguments of a flow are copied or outlive it. Errors: an exception passes on to who awaits the flow.
template <class T = void>
class [[nodiscard]] Flow {
    struct Void {};
    using Value = std::conditional_t<std::is_void_v<T>, Void, T>;

    struct PromiseBase {
        std::coroutine_handle<> awaiting = std::noop_coroutine();
        std::exception_ptr error{};
        std::optional<Value> value{};

        std::suspend_always initial_suspend() noexcept { return {}; }
        auto final_suspend() noexcept {
            struct Awaiter {
                std::coroutine_handle<> next;
                bool await_ready() noexcept { return false; }
                std::coroutine_handle<> await_suspend(std::coroutine_handle<>) noexcept { return next; }
                void await_resume() noexcept {}
            };
            return Awaiter{awaiting};
        }
        void unhandled_exception() { error = std::current_exception(); }
    };
    struct VoidPromise : PromiseBase {
        Flow get_return_object() { return Flow{std::coroutine_handle<VoidPromise>::from_promise(*this)}; }
        void return_void() { this->value.emplace(); }
    };
    struct ValuePromise : PromiseBase {
        Flow get_return_object() { return Flow{std::coroutine_handle<ValuePromise>::from_promise(*this)}; }
        void return_value(Value result) { this->value.emplace(std::move(result)); }
    };

public:
    using promise_type = std::conditional_t<std::is_void_v<T>, VoidPromise, ValuePromise>;

    Flow() = default;
    Flow(Flow&& other) noexcept : handle_{std::exchange(other.handle_, {})} {}
    Flow& operator=(Flow&& other) noexcept {
        std::swap(handle_, other.handle_);
        return *this;
    }
    ~Flow() {
        if (handle_) handle_.destroy();
    }

    [[nodiscard]] bool done() const { return handle_ && handle_.done(); }
    /// What begins it.
    [[nodiscard]] std::coroutine_handle<> handle() const { return handle_; }
    /// Its result, or its exception; only when done().
    T result() {
        auto& promise = handle_.promise();
        if (promise.error) std::rethrow_exception(promise.error);
        if constexpr (!std::is_void_v<T>) return std::move(*promise.value);
    }

    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiting) noexcept {
        handle_.promise().awaiting = awaiting;
        return handle_;
    }
    T await_resume() { return result(); }

private:
    explicit Flow(std::coroutine_handle<promise_type> handle) : handle_{handle} {}

    std::coroutine_handle<promise_type> handle_{};
};

}  // namespace davenport::node
