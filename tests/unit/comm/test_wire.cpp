// SPDX-License-Identifier: BSD-3-Clause
#include <bit>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "sectile/core/memory_budget.hpp"

#include "wire_samples.hpp"

namespace sectile::comm
{
namespace
{
using test_types::Candidate;
using test_types::Colour;
using test_types::Part;
using test_types::Record;
using test_types::State;

template <class T>
T there_and_back(T const& value)
{
    return from_bytes<T>(to_bytes(value));
}

TEST(Wire, KeepsAValueOfEveryKind)
{
    Record const record = Record::sample();

    EXPECT_EQ(there_and_back(record), record);
    EXPECT_EQ(there_and_back(std::vector<Record>(3, record)), std::vector<Record>(3, record));
}

TEST(Wire, KeepsExtremeNumbers)
{
    EXPECT_EQ(there_and_back(std::numeric_limits<std::uint64_t>::max()),
              std::numeric_limits<std::uint64_t>::max());
    EXPECT_EQ(there_and_back(std::numeric_limits<std::int64_t>::min()),
              std::numeric_limits<std::int64_t>::min());
    EXPECT_EQ(there_and_back(std::numeric_limits<double>::denorm_min()),
              std::numeric_limits<double>::denorm_min());
    EXPECT_TRUE(std::signbit(there_and_back(-0.0)));
    EXPECT_EQ(there_and_back(-std::numeric_limits<double>::infinity()),
              -std::numeric_limits<double>::infinity());
}

TEST(Wire, KeepsEveryBitOfNotANumber)
{
    std::vector<double> const values{std::bit_cast<double>(0x7ff80000deadbeefULL),
                                     std::bit_cast<double>(0xfff8000000000001ULL),
                                     std::numeric_limits<double>::quiet_NaN()};

    auto const found = there_and_back(values);

    ASSERT_EQ(found.size(), values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
        EXPECT_EQ(std::bit_cast<std::uint64_t>(found[i]), std::bit_cast<std::uint64_t>(values[i]));
    }
}

TEST(Wire, KeepsWhatIsEmpty)
{
    EXPECT_EQ(there_and_back(std::string()), "");
    EXPECT_TRUE(there_and_back(std::vector<Part>()).empty());
    EXPECT_TRUE(there_and_back(std::map<int, Part>()).empty());
    EXPECT_EQ(there_and_back(std::optional<std::string>()), std::nullopt);
    EXPECT_EQ(there_and_back(std::optional<std::string>("")), "");
    EXPECT_EQ(there_and_back(Record()), Record());
}

TEST(Wire, ReplacesWhatTheReaderHeld)
{
    auto const bytes = to_bytes(std::pair(std::vector<int>{4}, std::map<int, int>{{1, 2}}));
    std::pair held(std::vector<int>{1, 2, 3}, std::map<int, int>{{7, 7}, {8, 8}});

    WireReader reader(bytes);
    reader.read(held);

    EXPECT_EQ(held.first, std::vector<int>{4});
    EXPECT_EQ(held.second, (std::map<int, int>{{1, 2}}));
}

TEST(Wire, NestsContainers)
{
    using Nested = std::map<int, std::vector<std::optional<std::array<std::string, 2>>>>;
    Nested const nested{{-1, {}}, {5, {std::nullopt, std::array<std::string, 2>{"a", "b"}}}};

    EXPECT_EQ(there_and_back(nested), nested);
}

TEST(Wire, KeepsVectorsWithAnAllocatorOfTheirOwn)
{
    std::vector<float, core::BufferAllocator<float>> const values{1.0F, 2.0F};

    EXPECT_EQ(there_and_back(values), values);
}

TEST(Wire, WritesPlainArraysInOnePiece)
{
    // A length and the numbers themselves, nothing in between.
    EXPECT_EQ(to_bytes(std::vector<float>(100)).size(), 8U + 100 * sizeof(float));
    EXPECT_EQ(to_bytes(std::vector<Candidate>(100)).size(), 8U + 100 * sizeof(Candidate));
    EXPECT_EQ(to_bytes(std::vector<core::Box>(100)).size(), 8U + 100 * sizeof(core::Box));
    EXPECT_EQ(to_bytes(std::vector<Colour>(100)).size(), 8U + 100 * sizeof(Colour));
}

TEST(Wire, AllocatesTheBytesOnce)
{
    auto const bytes = to_bytes(std::vector<Record>(50, Record::sample()));

    EXPECT_EQ(bytes.capacity(), bytes.size());
}

TEST(Wire, ItemsOfKnownNumberTravelWithoutIt)
{
    std::vector<float> const row{1.0F, 2.0F, 3.0F};
    std::vector<float> found(3);
    WireWriter writer;
    writer.write(core::Box{0, 0, 3, 1});
    writer.write_items(std::span<float const>(row));
    auto const bytes = writer.take();

    WireReader reader(bytes);
    auto const box = reader.take<core::Box>();
    reader.read_items(std::span<float>(found));
    reader.finish();

    EXPECT_EQ(bytes.size(), sizeof(core::Box) + 3 * sizeof(float));
    EXPECT_EQ(box, (core::Box{0, 0, 3, 1}));
    EXPECT_EQ(found, row);
}

TEST(Wire, ValuesFollowEachOther)
{
    WireWriter writer;
    writer.write(std::string("camera"));
    writer.write(State::quarantined);
    writer.write(true);
    auto const bytes = writer.take();

    WireReader reader(bytes);

    EXPECT_EQ(reader.take<std::string>(), "camera");
    EXPECT_EQ(reader.take<State>(), State::quarantined);
    EXPECT_FALSE(reader.at_end());
    EXPECT_TRUE(reader.take<bool>());
    EXPECT_TRUE(reader.at_end());
}
}  // namespace
}  // namespace sectile::comm
