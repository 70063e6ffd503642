// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <new>
#include <string>

namespace sectile::core
{
/// The budget refused a buffer. Caught where memory can be saved (the ladder of the parallel plan),
/// together with std::bad_alloc, which it is.
class MemoryRefused final : public std::bad_alloc
{
  public:
    explicit MemoryRefused(std::string text) : text_(std::move(text)) {}
    [[nodiscard]] char const* what() const noexcept override { return text_.c_str(); }

  private:
    std::string text_;
};

/// The large buffers of this process: how much they hold, how much they may. Thread-safe, without
/// locks. There is one per process because memory is the process's, whoever asks for it.
class MemoryBudget
{
  public:
    [[nodiscard]] static MemoryBudget& of_process();

    /// Bytes that large buffers may hold together from now on; 0: no limit. Buffers held already
    /// stay.
    void set_limit(std::int64_t bytes) { limit_.store(bytes, std::memory_order_relaxed); }
    [[nodiscard]] std::int64_t limit() const { return limit_.load(std::memory_order_relaxed); }

    /// Throws MemoryRefused when the limit would be exceeded (or a fault is injected, see
    /// fault_injection.hpp); nothing is taken then.
    void take(std::int64_t bytes);
    void give_back(std::int64_t bytes) noexcept;

    [[nodiscard]] std::int64_t in_use() const { return in_use_.load(std::memory_order_relaxed); }
    /// While one lives, buffers of its thread are counted but not refused: for parts that cannot be
    /// made smaller and tried again, such as a collective write, whose buffers the plan has counted
    /// already.
    class Promise
    {
      public:
        Promise();
        ~Promise();
        Promise(Promise const&) = delete;
        Promise& operator=(Promise const&) = delete;
    };

    /// Most that was held since the start or reset_peak().
    [[nodiscard]] std::int64_t peak() const { return peak_.load(std::memory_order_relaxed); }
    void reset_peak() { peak_.store(in_use(), std::memory_order_relaxed); }
    /// How often take() threw.
    [[nodiscard]] std::int64_t refusals() const
    {
        return refusals_.load(std::memory_order_relaxed);
    }

  private:
    std::atomic<std::int64_t> limit_ = 0;
    std::atomic<std::int64_t> in_use_ = 0;
    std::atomic<std::int64_t> peak_ = 0;
    std::atomic<std::int64_t> refusals_ = 0;
};

/// Buffers of at least this many bytes are drawn from the budget; smaller ones are too many to ask
/// for and belong to what the plan counts per worker.
inline constexpr std::size_t large_buffer = std::size_t{64} << 10;

/// Memory of pixel buffers, from the budget when large. Not initialised. Throws std::bad_alloc.
[[nodiscard]] void* allocate_buffer(std::size_t bytes, std::size_t alignment);
/// `bytes` and `alignment` as they were asked for.
void free_buffer(void* buffer, std::size_t bytes, std::size_t alignment) noexcept;

/// For containers whose content may be large.
template <class T>
struct BufferAllocator
{
    using value_type = T;

    BufferAllocator() = default;
    template <class U>
    // NOLINTNEXTLINE(google-explicit-constructor): allocators convert
    BufferAllocator(BufferAllocator<U> const& /*other*/)
    {}

    [[nodiscard]] T* allocate(std::size_t count)
    {
        return static_cast<T*>(allocate_buffer(count * sizeof(T), alignof(T)));
    }
    void deallocate(T* data, std::size_t count) noexcept
    {
        free_buffer(data, count * sizeof(T), alignof(T));
    }
    friend bool operator==(BufferAllocator const&, BufferAllocator const&) { return true; }
};
}  // namespace sectile::core
