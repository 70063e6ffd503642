// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>

#include "sectile/core/box.hpp"
#include "sectile/core/memory_budget.hpp"

namespace sectile::image
{
/// A rectangle of pixels of one or more planes that somebody else owns. Knows where it is: `box` is
/// in the pixels of the parent frame, tile or canvas. Planes are stored one after another (C,H,W).
/// In floating-point images NaN is the mask. Copying a view copies no pixel.
template <class T>
struct ImageView
{
    T* data = nullptr;  ///< pixel (box.x0, box.y0) of plane 0
    core::Box box;
    int planes = 0;
    std::ptrdiff_t row_stride = 0;    ///< elements from one row to the next
    std::ptrdiff_t plane_stride = 0;  ///< elements from one plane to the next

    [[nodiscard]] bool empty() const { return data == nullptr || planes == 0 || box.empty(); }

    /// Pointer to pixel (box.x0, y); y in parent pixels.
    [[nodiscard]] T* row(int plane, std::int64_t y) const
    {
        return data + plane * plane_stride + (y - box.y0) * row_stride;
    }
    [[nodiscard]] T& at(int plane, std::int64_t x, std::int64_t y) const
    {
        return row(plane, y)[x - box.x0];
    }
    /// The part inside `part`, which must lie within box.
    [[nodiscard]] ImageView clipped_to(core::Box const& part) const
    {
        ImageView view = *this;
        view.box = part;
        view.data = data + (part.y0 - box.y0) * row_stride + (part.x0 - box.x0);
        return view;
    }
    /// A view of const pixels from a view of mutable ones.
    // NOLINTNEXTLINE(google-explicit-constructor): a view of const is always safe
    operator ImageView<T const>() const requires(!std::is_const_v<T>)
    {
        return {data, box, planes, row_stride, plane_stride};
    }
};

/// Owner of pixels, rows aligned to 64 bytes, drawn from the memory budget of the process.
/// Move-only; contents start as zero. Throws std::bad_alloc.
template <class T>
class Image
{
  public:
    static constexpr std::size_t alignment = 64;

    Image() = default;
    Image(core::Box const& box, int planes) : box_(box), planes_(planes)
    {
        constexpr std::size_t step = alignment / sizeof(T);
        auto const width = static_cast<std::size_t>(box.width());
        row_stride_ = static_cast<std::ptrdiff_t>((width + step - 1) / step * step);
        plane_stride_ = row_stride_ * box.height();
        auto const count =
            static_cast<std::size_t>(plane_stride_) * static_cast<std::size_t>(planes);
        if (count > 0) {
            void* const raw = core::allocate_buffer(count * sizeof(T), alignment);
            data_ = {static_cast<T*>(raw), Deleter{count * sizeof(T)}};
            std::uninitialized_value_construct_n(data_.get(), count);
        }
    }

    [[nodiscard]] core::Box const& box() const { return box_; }
    [[nodiscard]] int planes() const { return planes_; }
    [[nodiscard]] bool empty() const { return data_ == nullptr; }
    [[nodiscard]] std::size_t bytes() const
    {
        return static_cast<std::size_t>(plane_stride_) * static_cast<std::size_t>(planes_) *
               sizeof(T);
    }
    [[nodiscard]] ImageView<T> view()
    {
        return {data_.get(), box_, planes_, row_stride_, plane_stride_};
    }
    [[nodiscard]] ImageView<T const> view() const
    {
        return {data_.get(), box_, planes_, row_stride_, plane_stride_};
    }

  private:
    struct Deleter
    {
        std::size_t bytes = 0;
        void operator()(T* data) const { core::free_buffer(data, bytes, alignment); }
    };
    static_assert(std::is_trivially_copyable_v<T>);

    core::Box box_;
    int planes_ = 0;
    std::ptrdiff_t row_stride_ = 0;
    std::ptrdiff_t plane_stride_ = 0;
    std::unique_ptr<T, Deleter> data_;
};
}  // namespace sectile::image
