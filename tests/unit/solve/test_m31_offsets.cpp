// SPDX-License-Identifier: BSD-3-Clause
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "sectile/solve/photometric_solve.hpp"

#include "support/test_data.hpp"
#include "unit/core/pseudo_random.hpp"

namespace
{
using namespace sectile;

/// Numbers of a comma-separated file without its heading; text columns become 0.
std::vector<std::vector<double>> read_table(std::filesystem::path const& path)
{
    std::ifstream file(path);
    std::vector<std::vector<double>> rows;
    std::string line;
    std::getline(file, line);
    while (std::getline(file, line)) {
        std::istringstream fields(line);
        rows.emplace_back();
        for (std::string field; std::getline(fields, field, ',');) {
            rows.back().push_back(std::strtod(field.c_str(), nullptr));
        }
    }
    return rows;
}

/// Real topology of a smart-telescope campaign: 197 tiles, 6553 overlapping pairs. Offsets of +-200
/// with sky noise 10; the error of a pair is that of the median of the difference over the common
/// area, sampled once per 40 arcsec (blocks of a binned tile are independent samples). One pair in
/// twenty is wild.
TEST(M31Offsets, AreRecoveredToATwentiethOfTheSkyNoise)
{
    auto const folder = test::test_data("m31_overlap_graph");
    if (!folder) {
        GTEST_SKIP() << "SECTILE_TEST_DATA names no folder with m31_overlap_graph";
    }
    std::vector<std::vector<double>> const tiles = read_table(*folder / "tiles.csv");
    std::vector<std::vector<double>> const overlaps = read_table(*folder / "overlaps.csv");
    ASSERT_EQ(tiles.size(), 197U);
    ASSERT_EQ(overlaps.size(), 6553U);
    constexpr double sky_noise = 10.0;
    PseudoRandom random(31);
    std::vector<double> level(tiles.size());
    std::vector<double> area(tiles.size());
    for (std::size_t i = 0; i < tiles.size(); ++i) {
        level[i] = random.uniform(-200.0, 200.0);
        area[i] = tiles[i].back();
    }
    std::vector<solve::OffsetPair> pairs;
    for (std::vector<double> const& row : overlaps) {
        auto const a = static_cast<std::size_t>(row[0]);
        auto const b = static_cast<std::size_t>(row[1]);
        double const samples = std::max(4.0, row[2] * (3600.0 / 40.0) * (3600.0 / 40.0));
        double const sigma = 1.2533 * std::sqrt(2.0 / samples) * sky_noise;
        double difference = level[b] - level[a] + sigma * random.normal();
        if (pairs.size() % 20 == 7) {
            difference += random.uniform(-150.0, 150.0);
        }
        pairs.push_back({a, b, difference, sigma});
    }

    auto const start = std::chrono::steady_clock::now();
    solve::OffsetSolution const solution = solve::solve_offsets(tiles.size(), pairs, area);
    std::chrono::duration<double> const seconds = std::chrono::steady_clock::now() - start;

    double mean = 0.0;
    double weight = 0.0;
    for (std::size_t i = 0; i < level.size(); ++i) {
        mean += area[i] * level[i];
        weight += area[i];
    }
    double sum = 0.0;
    for (std::size_t i = 0; i < level.size(); ++i) {
        double const error = solution.offset[i] + level[i] - mean / weight;
        sum += error * error;
    }
    EXPECT_TRUE(solution.isolated.empty());
    EXPECT_LE(std::sqrt(sum / static_cast<double>(level.size())), 0.05 * sky_noise);
    EXPECT_LT(solution.rms_after, 0.02 * solution.rms_before);
    EXPECT_LT(seconds.count(), 5.0) << "a sparse solve of 197 unknowns takes milliseconds";
}
}  // namespace
