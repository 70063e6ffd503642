// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace sectile::test
{
/// The header of one HDU of an uncompressed FITS file.
struct HeaderBlock
{
    std::string cards;  ///< 80-character cards without END

    /// Number of a card, or `fallback` when it is absent.
    [[nodiscard]] double number(std::string name, double fallback) const
    {
        name.resize(8, ' ');
        for (std::size_t at = 0; at < cards.size(); at += 80) {
            if (cards.compare(at, 8, name) == 0 && cards[at + 8] == '=') {
                return std::strtod(cards.c_str() + at + 10, nullptr);
            }
        }
        return fallback;
    }
    [[nodiscard]] std::int64_t whole(std::string const& name, std::int64_t fallback) const
    {
        return std::llround(number(name, static_cast<double>(fallback)));
    }
    /// Bytes of data that follow the header, padded to whole blocks.
    [[nodiscard]] std::int64_t data_bytes() const
    {
        std::int64_t const axes = whole("NAXIS", 0);
        std::int64_t count = axes > 0 ? 1 : 0;
        for (std::int64_t axis = 1; axis <= axes; ++axis) {
            count *= whole("NAXIS" + std::to_string(axis), 0);
        }
        std::int64_t const bytes =
            std::llabs(whole("BITPIX", 8)) / 8 * whole("GCOUNT", 1) * (whole("PCOUNT", 0) + count);
        return (bytes + 2879) / 2880 * 2880;
    }
};

/// Headers of all HDUs of an uncompressed FITS file, as far as it goes; empty when it is no FITS.
inline std::vector<HeaderBlock> read_header_blocks(std::filesystem::path const& path)
{
    std::vector<HeaderBlock> headers;
    std::ifstream file(path, std::ios::binary);
    std::string block(2880, ' ');
    HeaderBlock header;
    while (file.read(block.data(), static_cast<std::streamsize>(block.size()))) {
        for (std::size_t at = 0; at < block.size(); at += 80) {
            std::string const card = block.substr(at, 80);
            if (card.substr(0, 8) == "END     ") {
                file.seekg(header.data_bytes(), std::ios::cur);
                headers.push_back(header);
                header = {};
                break;
            }
            header.cards += card;
        }
    }
    return headers;
}
}  // namespace sectile::test
