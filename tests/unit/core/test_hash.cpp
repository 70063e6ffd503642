// SPDX-License-Identifier: BSD-3-Clause
#include <gtest/gtest.h>

#include "sectile/core/hash.hpp"

namespace
{
using sectile::core::ContentHash;

std::span<std::byte const> bytes_of(std::string_view text)
{
    return std::as_bytes(std::span(text.data(), text.size()));
}

// Published test vectors of 64-bit FNV-1a (Fowler, Noll, Vo).
TEST(ContentHash, MatchesPublishedVectors)
{
    EXPECT_EQ(ContentHash().add(bytes_of("")).value(), 0xcbf29ce484222325ULL);
    EXPECT_EQ(ContentHash().add(bytes_of("a")).value(), 0xaf63dc4c8601ec8cULL);
    EXPECT_EQ(ContentHash().add(bytes_of("foobar")).value(), 0x85944171f73967e8ULL);
}

TEST(ContentHash, StreamsBytesAsOnePiece)
{
    EXPECT_EQ(ContentHash().add(bytes_of("foo")).add(bytes_of("bar")).value(),
              ContentHash().add(bytes_of("foobar")).value());
}

TEST(ContentHash, KeepsTheBordersOfTexts)
{
    EXPECT_NE(ContentHash().add(std::string_view("ab")).add(std::string_view("c")).value(),
              ContentHash().add(std::string_view("a")).add(std::string_view("bc")).value());
}

TEST(ContentHash, DistinguishesNumbersAndTheirOrder)
{
    EXPECT_NE(ContentHash().add(std::uint64_t{1}).add(std::uint64_t{2}).value(),
              ContentHash().add(std::uint64_t{2}).add(std::uint64_t{1}).value());
    EXPECT_NE(ContentHash().add(std::uint64_t{1} << 56).value(),
              ContentHash().add(std::uint64_t{1}).value());
}

TEST(ContentHash, PrintsSixteenHexadecimalDigits)
{
    EXPECT_EQ(ContentHash().hex(), "cbf29ce484222325");
    EXPECT_EQ(ContentHash().add(bytes_of("foobar")).hex(), "85944171f73967e8");
}
}  // namespace
