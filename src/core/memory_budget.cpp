// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/core/memory_budget.hpp"

#include "sectile/core/error.hpp"
#include "sectile/core/fault_injection.hpp"

namespace sectile::core
{
namespace
{
std::string in_mebibytes(std::int64_t bytes)
{
    constexpr std::int64_t mebibyte = std::int64_t{1} << 20;
    std::string text = std::to_string((bytes + mebibyte - 1) / mebibyte);
    text += " MiB";
    return text;
}

thread_local int promises = 0;
}  // namespace

MemoryBudget::Promise::Promise()
{
    ++promises;
}

MemoryBudget::Promise::~Promise()
{
    --promises;
}

MemoryBudget& MemoryBudget::of_process()
{
    static MemoryBudget budget;
    return budget;
}

void MemoryBudget::take(std::int64_t bytes)
{
    std::int64_t const limit = limit_.load(std::memory_order_relaxed);
    std::int64_t const held = in_use_.fetch_add(bytes, std::memory_order_relaxed) + bytes;
    bool const is_injected = promises == 0 && must_fail(FaultPoint::allocation);
    if (is_injected || (promises == 0 && limit > 0 && held > limit)) {
        in_use_.fetch_sub(bytes, std::memory_order_relaxed);
        refusals_.fetch_add(1, std::memory_order_relaxed);
        throw MemoryRefused(sentence("a buffer of " + in_mebibytes(bytes) + " was refused",
                                     is_injected
                                         ? "a fault was injected"
                                         : in_mebibytes(held - bytes) + " of the budget of " +
                                               in_mebibytes(limit) + " are in use"));
    }
    std::int64_t peak = peak_.load(std::memory_order_relaxed);
    while (held > peak && !peak_.compare_exchange_weak(peak, held, std::memory_order_relaxed)) {
    }
}

void MemoryBudget::give_back(std::int64_t bytes) noexcept
{
    in_use_.fetch_sub(bytes, std::memory_order_relaxed);
}

void* allocate_buffer(std::size_t bytes, std::size_t alignment)
{
    if (bytes < large_buffer) {
        return ::operator new (bytes, std::align_val_t{alignment});
    }
    MemoryBudget& budget = MemoryBudget::of_process();
    budget.take(static_cast<std::int64_t>(bytes));
    try {
        return ::operator new (bytes, std::align_val_t{alignment});
    } catch (...) {
        budget.give_back(static_cast<std::int64_t>(bytes));
        throw;
    }
}

void free_buffer(void* buffer, std::size_t bytes, std::size_t alignment) noexcept
{
    ::operator delete (buffer, std::align_val_t{alignment});
    if (bytes >= large_buffer) {
        MemoryBudget::of_process().give_back(static_cast<std::int64_t>(bytes));
    }
}
}  // namespace sectile::core
