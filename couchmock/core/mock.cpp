#include "couchmock/core/mock.hpp"

#include "couchmock/core/store.hpp"

namespace couchmock {

class Mock::Impl {
public:
    explicit Impl(MockConfig config) : store_(std::move(config)) {}
    Effects handle(Event event, base::Now now) { return store_.handle(std::move(event), now); }

private:
    Store store_;
};

Mock::Mock(MockConfig config) : impl_(std::make_unique<Impl>(std::move(config))) {}
Mock::~Mock() = default;
Mock::Mock(Mock&&) noexcept = default;
Mock& Mock::operator=(Mock&&) noexcept = default;

Effects Mock::handle(Event event, base::Now now) { return impl_->handle(std::move(event), now); }

}  // namespace couchmock
