// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <numbers>

namespace sectile::simulate
{
/// Uses of random numbers; each has its own sequence, so that switching one effect off leaves the
/// others as they were.
enum class Purpose : std::uint64_t
{
    star_count = 1,
    star,
    blob,
    hot_pixel,
    exposure,
    pixel_noise,
    trail,
};

/// Finaliser of SplitMix64 (Steele, Lea, Flood 2014, OOPSLA, "Fast splittable pseudorandom number
/// generators"): a bijection of 64 bits that passes the usual tests on a counter.
[[nodiscard]] constexpr std::uint64_t mixed(std::uint64_t bits)
{
    bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9ULL;
    bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebULL;
    return bits ^ (bits >> 31);
}

/// Random numbers as a pure function of a key and a counter: any star or pixel can be asked for
/// alone, on any thread, in any order. The distributions are written out because those of the
/// standard library differ between implementations.
class CounterRandom
{
  public:
    CounterRandom(std::uint64_t seed, Purpose purpose, std::initializer_list<std::uint64_t> indices)
        : key_(mixed(seed + golden) ^ mixed(static_cast<std::uint64_t>(purpose) * golden))
    {
        for (std::uint64_t const index : indices) {
            key_ = mixed(key_ + golden * (index + 1));
        }
    }

    /// In (0, 1), 53 bits: neither end is reached, so that logarithms are safe.
    [[nodiscard]] double uniform(std::uint64_t counter) const
    {
        std::uint64_t const bits = mixed(key_ + golden * (counter + 1)) >> 11;
        return (static_cast<double>(bits) + 0.5) * 0x1.0p-53;
    }
    [[nodiscard]] double uniform(std::uint64_t counter, double low, double high) const
    {
        return low + (high - low) * uniform(counter);
    }

    struct Pair
    {
        double first;
        double second;
    };
    /// Two independent standard normal numbers (Box and Muller 1958); uses counters 2n and 2n + 1.
    [[nodiscard]] Pair normal_pair(std::uint64_t n) const
    {
        double const radius = std::sqrt(-2.0 * std::log(uniform(2 * n)));
        double const angle = 2.0 * std::numbers::pi * uniform(2 * n + 1);
        return {radius * std::cos(angle), radius * std::sin(angle)};
    }
    [[nodiscard]] double normal(std::uint64_t n) const { return normal_pair(n).first; }

  private:
    static constexpr std::uint64_t golden = 0x9e3779b97f4a7c15ULL;
    std::uint64_t key_;
};
}  // namespace sectile::simulate
