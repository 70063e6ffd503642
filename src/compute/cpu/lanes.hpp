// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstring>

/// Four or eight floats that are added and multiplied together. Everything is element by element,
/// so the results do not depend on the width of the machine's registers.
#if defined(__GNUC__)
#define SECTILE_INLINE inline __attribute__((always_inline))
#else
#define SECTILE_INLINE inline
#endif

namespace sectile::compute
{
#if defined(__GNUC__)
// A register type where the machine has one: arrays are not reliably kept in registers.
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
#else
template <int N>
struct Lanes
{
    float value[N];
    float operator[](int i) const { return value[i]; }
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
