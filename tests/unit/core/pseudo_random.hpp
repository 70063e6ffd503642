// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>

/// Reproducible numbers for tests: the same on every machine and library (the distributions of the
/// C++ library are not). SplitMix64 (Steele, Lea & Flood 2014).
class PseudoRandom
{
  public:
    explicit PseudoRandom(std::uint64_t seed) : state_(seed) {}

    std::uint64_t bits()
    {
        state_ += 0x9e3779b97f4a7c15ULL;
        std::uint64_t z = state_;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
        return z ^ (z >> 31);
    }
    double uniform(double low, double high)
    {
        return low + (high - low) * static_cast<double>(bits() >> 11) * 0x1.0p-53;
    }
    std::int64_t integer(std::int64_t low, std::int64_t high)
    {
        return low + static_cast<std::int64_t>(bits() % static_cast<std::uint64_t>(high - low + 1));
    }
    double normal()
    {
        double const radius = std::sqrt(-2.0 * std::log(uniform(1e-300, 1.0)));
        return radius * std::cos(uniform(0.0, 2.0 * std::numbers::pi));
    }

  private:
    std::uint64_t state_;
};
