// SPDX-License-Identifier: BSD-3-Clause
#include "io/pixel_decode.hpp"

#include <bit>
#include <cstring>

#include "sectile/core/error.hpp"

#include "io/byte_order.hpp"

// One binary for all x86-64 machines, with wider loops where the processor has them.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define SECTILE_WIDE_LOOPS __attribute__((target_clones("arch=x86-64-v3", "default")))
#else
#define SECTILE_WIDE_LOOPS
#endif

namespace sectile::io
{
namespace
{
constexpr std::uint32_t exponent_bits = 0x7f800000U;
constexpr std::uint32_t nan_bits = 0x7fc00000U;

template <class Word>
[[gnu::always_inline]] inline Word load(unsigned char const* source, std::size_t index)
{
    Word word = 0;
    std::memcpy(&word, source + sizeof(Word) * index, sizeof(Word));
    return big_endian(word);
}

/// In bits: the comparison also holds where the compiler assumes finite arithmetic.
[[gnu::always_inline]] inline float finite_or_nan(float value)
{
    auto const bits = std::bit_cast<std::uint32_t>(value);
    return std::bit_cast<float>((bits & exponent_bits) == exponent_bits ? nan_bits : bits);
}

/// `Wide` is the type in which a pixel is compared with BLANK: no narrower than float, so that the
/// comparison and the choice of the value have the same number of lanes.
template <class Word, class Stored, class Wide>
[[gnu::always_inline]] inline void decode_integers(PixelFormat const& format,
                                                   unsigned char const* source, std::size_t count,
                                                   float* target)
{
    double const scale = format.scale;
    double const zero = format.zero;
    bool const can_be_blank =
        format.blank &&
        static_cast<std::int64_t>(static_cast<Stored>(*format.blank)) == *format.blank;
    if (!can_be_blank) {
        for (std::size_t i = 0; i < count; ++i) {
            auto const stored = static_cast<Stored>(load<Word>(source, i));
            target[i] =
                finite_or_nan(static_cast<float>(static_cast<double>(stored) * scale + zero));
        }
        return;
    }
    auto const blank = static_cast<Wide>(*format.blank);
    for (std::size_t i = 0; i < count; ++i) {
        auto const stored = static_cast<Wide>(static_cast<Stored>(load<Word>(source, i)));
        auto const value = static_cast<float>(static_cast<double>(stored) * scale + zero);
        auto const bits = std::bit_cast<std::uint32_t>(finite_or_nan(value));
        target[i] = std::bit_cast<float>(stored == blank ? nan_bits : bits);
    }
}

SECTILE_WIDE_LOOPS
void decode_8(PixelFormat const& format, unsigned char const* source, std::size_t count,
              float* target)
{
    decode_integers<std::uint8_t, std::uint8_t, std::int32_t>(format, source, count, target);
}

SECTILE_WIDE_LOOPS
void decode_16(PixelFormat const& format, unsigned char const* source, std::size_t count,
               float* target)
{
    decode_integers<std::uint16_t, std::int16_t, std::int32_t>(format, source, count, target);
}

/// The raw frames of nearly all cameras: 16 bits, an integral zero and no scale are exact in int
/// and float.
SECTILE_WIDE_LOOPS
void decode_shifted_16(int zero, unsigned char const* source, std::size_t count, float* target)
{
    for (std::size_t i = 0; i < count; ++i) {
        auto const stored = static_cast<std::int16_t>(load<std::uint16_t>(source, i));
        target[i] = static_cast<float>(stored + zero);
    }
}

SECTILE_WIDE_LOOPS
void decode_32(PixelFormat const& format, unsigned char const* source, std::size_t count,
               float* target)
{
    decode_integers<std::uint32_t, std::int32_t, std::int32_t>(format, source, count, target);
}

SECTILE_WIDE_LOOPS
void decode_64(PixelFormat const& format, unsigned char const* source, std::size_t count,
               float* target)
{
    decode_integers<std::uint64_t, std::int64_t, std::int64_t>(format, source, count, target);
}

SECTILE_WIDE_LOOPS
void decode_float(unsigned char const* source, std::size_t count, float* target)
{
    for (std::size_t i = 0; i < count; ++i) {
        target[i] = finite_or_nan(std::bit_cast<float>(load<std::uint32_t>(source, i)));
    }
}

SECTILE_WIDE_LOOPS
void decode_scaled_float(PixelFormat const& format, unsigned char const* source, std::size_t count,
                         float* target)
{
    for (std::size_t i = 0; i < count; ++i) {
        auto const stored = std::bit_cast<float>(load<std::uint32_t>(source, i));
        double const value = static_cast<double>(stored) * format.scale + format.zero;
        target[i] = finite_or_nan(static_cast<float>(value));
    }
}

SECTILE_WIDE_LOOPS
void decode_double(PixelFormat const& format, unsigned char const* source, std::size_t count,
                   float* target)
{
    for (std::size_t i = 0; i < count; ++i) {
        auto const stored = std::bit_cast<double>(load<std::uint64_t>(source, i));
        target[i] = finite_or_nan(static_cast<float>(stored * format.scale + format.zero));
    }
}

bool is_exact_shift(PixelFormat const& format)
{
    constexpr double limit = 1 << 23;
    return format.scale == 1.0 && format.zero >= -limit && format.zero <= limit &&
           format.zero == static_cast<double>(static_cast<int>(format.zero)) && !format.blank;
}
}  // namespace

void decode_pixels(PixelFormat const& format, unsigned char const* source, std::size_t count,
                   float* target)
{
    switch (format.bits_per_pixel) {
        case 8:
            decode_8(format, source, count, target);
            return;
        case 16:
            if (is_exact_shift(format)) {
                decode_shifted_16(static_cast<int>(format.zero), source, count, target);
            } else {
                decode_16(format, source, count, target);
            }
            return;
        case 32:
            decode_32(format, source, count, target);
            return;
        case 64:
            decode_64(format, source, count, target);
            return;
        case -32:
            if (format.scale == 1.0 && format.zero == 0.0) {
                decode_float(source, count, target);
            } else {
                decode_scaled_float(format, source, count, target);
            }
            return;
        case -64:
            decode_double(format, source, count, target);
            return;
        default:
            throw core::InternalError("a FITS image has one of six pixel types");
    }
}

void mask_infinities(float* values, std::size_t count)
{
    for (std::size_t i = 0; i < count; ++i) {
        values[i] = finite_or_nan(values[i]);
    }
}
}  // namespace sectile::io
