// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstring>

/// Four or eight floats that are added and multiplied together. Everything is element by element or
/// in a stated order, so the results do not depend on the width of the machine's registers.
#if defined(__GNUC__)
#define SECTILE_INLINE inline __attribute__((always_inline))
#define SECTILE_PREFETCH(address) __builtin_prefetch(address)
#else
#define SECTILE_INLINE inline
#define SECTILE_PREFETCH(address) static_cast<void>(address)
#endif

namespace sectile::compute
{
#if defined(__GNUC__)
// A register type where the compiler has one: arrays are not reliably kept in registers.
template <int N>
struct LanesOf;
template <>
struct LanesOf<4>
{
    using Type = float __attribute__((vector_size(16)));
};
template <>
struct LanesOf<8>
{
    using Type = float __attribute__((vector_size(32)));
};
template <int N>
using Lanes = typename LanesOf<N>::Type;
using DoubleLanes = double __attribute__((vector_size(64)));
using IntLanes = long long __attribute__((vector_size(64)));  ///< also a mask: all bits or none
#else
template <int N>
struct Lanes
{
    float value[N];
    float operator[](int i) const { return value[i]; }
    float& operator[](int i) { return value[i]; }
    friend Lanes operator+(Lanes a, Lanes const& b)
    {
        for (int i = 0; i < N; ++i) {
            a.value[i] += b.value[i];
        }
        return a;
    }
    friend Lanes operator-(Lanes a, Lanes const& b)
    {
        for (int i = 0; i < N; ++i) {
            a.value[i] -= b.value[i];
        }
        return a;
    }
    friend Lanes operator*(Lanes a, Lanes const& b)
    {
        for (int i = 0; i < N; ++i) {
            a.value[i] *= b.value[i];
        }
        return a;
    }
    friend Lanes operator*(float s, Lanes a)
    {
        for (int i = 0; i < N; ++i) {
            a.value[i] *= s;
        }
        return a;
    }
};
#endif
}  // namespace sectile::compute
