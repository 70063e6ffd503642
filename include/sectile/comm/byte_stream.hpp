// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace sectile::comm
{
/// Plain bytes of numbers, texts and arrays, one after another.
class ByteWriter
{
  public:
    /// For so many bytes in all, so that they are not copied while they grow.
    void reserve(std::size_t size) { bytes_.reserve(size); }
    void number(std::uint64_t value) { raw(&value, sizeof value); }
    void text(std::string const& value)
    {
        number(value.size());
        raw(value.data(), value.size());
    }
    template <class T>
    void array(std::vector<T> const& values)
    {
        static_assert(std::is_trivially_copyable_v<T>);
        number(values.size());
        raw(values.data(), values.size() * sizeof(T));
    }
    [[nodiscard]] std::vector<std::byte> take() { return std::move(bytes_); }

  private:
    void raw(void const* data, std::size_t size)
    {
        auto const* const first = static_cast<std::byte const*>(data);
        bytes_.insert(bytes_.end(), first, first + size);
    }
    std::vector<std::byte> bytes_;
};

/// Reads them back in the same order.
class ByteReader
{
  public:
    explicit ByteReader(std::span<std::byte const> bytes) : rest_(bytes) {}
    [[nodiscard]] bool at_end() const { return rest_.empty(); }
    std::uint64_t number()
    {
        std::uint64_t value = 0;
        raw(&value, sizeof value);
        return value;
    }
    std::string text()
    {
        std::string value(number(), '\0');
        raw(value.data(), value.size());
        return value;
    }
    template <class T>
    std::vector<T> array()
    {
        std::vector<T> values(number());
        raw(values.data(), values.size() * sizeof(T));
        return values;
    }

  private:
    void raw(void* data, std::size_t size)
    {
        if (size > 0) {
            std::memcpy(data, rest_.data(), size);
            rest_ = rest_.subspan(size);
        }
    }
    std::span<std::byte const> rest_;
};
}  // namespace sectile::comm
