// SPDX-License-Identifier: BSD-3-Clause
// Bytes that no writer wrote: each must end in a sentence, none in memory that is not there.
#include <cstring>

#include <gtest/gtest.h>

#include "sectile/core/error.hpp"

#include "wire_samples.hpp"

namespace sectile::comm
{
namespace
{
using test_types::Colour;
using test_types::Part;
using test_types::Record;
using test_types::State;

/// What from_bytes() throws; empty if it does not.
template <class T>
std::string complaint(std::span<std::byte const> bytes)
{
    try {
        (void)from_bytes<T>(bytes);
        return {};
    } catch (core::InternalError const& error) {
        return error.what();
    }
}

/// The bytes of `value` with a number written over those at `position`.
template <class T, class Number>
std::vector<std::byte> spoilt(T const& value, std::size_t position, Number number)
{
    std::vector<std::byte> bytes = to_bytes(value);
    std::memcpy(bytes.data() + position, &number, sizeof number);
    return bytes;
}

TEST(MalformedWire, IsFoundWhereverItIsCutOff)
{
    auto const bytes = to_bytes(std::vector<Record>(2, Record::sample()));

    ASSERT_EQ(complaint<std::vector<Record>>(bytes), "");
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        // A copy of that size, so that a read past the end is one past an allocation.
        std::vector<std::byte> const part(bytes.begin(),
                                          bytes.begin() + static_cast<std::ptrdiff_t>(size));
        EXPECT_NE(complaint<std::vector<Record>>(part), "") << size << " of " << bytes.size();
    }
}

TEST(MalformedWire, IsFoundWithBytesLeftOver)
{
    auto bytes = to_bytes(Record::sample());
    bytes.push_back(std::byte{0});

    EXPECT_EQ(complaint<Record>(bytes),
              core::sentence("a message between ranks cannot be read", "1 bytes are left over"));
}

TEST(MalformedWire, LengthsThatLieAllocateNothing)
{
    // The second makes a product with the size of an item that overflows to a small one; the third
    // is the right length in its lower 32 bits.
    for (std::uint64_t const length :
         {std::uint64_t{1} << 63, (std::uint64_t{1} << 61) + 1, (std::uint64_t{1} << 32) + 2,
          ~std::uint64_t{0}, std::uint64_t{3}}) {
        EXPECT_NE(complaint<std::string>(spoilt(std::string("ab"), 0, length)), "") << length;
        EXPECT_NE(complaint<std::vector<double>>(spoilt(std::vector<double>(2), 0, length)), "");
        EXPECT_NE(complaint<std::vector<Part>>(spoilt(std::vector<Part>(2), 0, length)), "");
        EXPECT_NE((complaint<std::map<int, bool>>(
                      spoilt(std::map<int, bool>{{1, true}, {2, false}}, 0, length))),
                  "");
    }
}

TEST(MalformedWire, ALengthBelowTheTrueOneLeavesBytesOver)
{
    EXPECT_NE(complaint<std::string>(spoilt(std::string("ab"), 0, std::uint64_t{1})), "");
}

TEST(MalformedWire, IsFoundInItemsOfKnownNumber)
{
    std::vector<float> row(4);
    auto const bytes = to_bytes(std::array<float, 3>{});

    WireReader reader(bytes);

    EXPECT_THROW(reader.read_items(std::span<float>(row)), core::InternalError);
}

TEST(MalformedWire, EnumeratorsAndTruthValuesAreChecked)
{
    EXPECT_EQ(complaint<State>(spoilt(State::accepted, 0, std::uint8_t{1})), "");
    EXPECT_NE(complaint<State>(spoilt(State::accepted, 0, std::uint8_t{2})), "");
    EXPECT_NE(
        complaint<std::vector<State>>(spoilt(std::vector{State::accepted}, 8, std::uint8_t{255})),
        "");
    EXPECT_NE(complaint<bool>(spoilt(true, 0, std::uint8_t{2})), "");
    EXPECT_NE(complaint<std::optional<int>>(spoilt(std::optional<int>(4), 0, std::uint8_t{7})), "");
    // This type does not say what there is.
    EXPECT_EQ(complaint<Colour>(spoilt(Colour::red, 0, std::int32_t{12345})), "");
}

TEST(MalformedWire, KeysOfAMapAscend)
{
    std::map<std::int32_t, std::int32_t> const map{{1, 10}, {2, 20}};
    using Map = std::map<std::int32_t, std::int32_t>;

    EXPECT_EQ(complaint<Map>(spoilt(map, 16, std::int32_t{3})), "");
    EXPECT_NE(complaint<Map>(spoilt(map, 16, std::int32_t{1})), "");
    EXPECT_NE(complaint<Map>(spoilt(map, 16, std::int32_t{0})), "");
}
}  // namespace
}  // namespace sectile::comm
