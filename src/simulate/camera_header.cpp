// SPDX-License-Identifier: BSD-3-Clause
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <type_traits>

#include <fmt/format.h>

#include "sectile/core/error.hpp"
#include "sectile/io/atomic_file.hpp"

#include "simulate/render.hpp"

namespace sectile::simulate
{
namespace
{
constexpr std::size_t card_length = 80;
constexpr std::int64_t block_length = 2880;

/// Value fields of FITS 4.2: numbers right-aligned to column 30, strings from column 11.
std::string value_text(io::FitsCard const& card)
{
    return std::visit(
        [](auto const& value) -> std::string {
            using Value = std::decay_t<decltype(value)>;
            if constexpr (std::is_same_v<Value, std::string>) {
                std::string doubled;
                for (char const c : value) {
                    doubled.append(c == '\'' ? 2 : 1, c);
                }
                return fmt::format("{:<20}", fmt::format("'{:<8}'", doubled));
            } else if constexpr (std::is_same_v<Value, bool>) {
                return fmt::format("{:>20}", value ? "T" : "F");
            } else if constexpr (std::is_same_v<Value, double>) {
                return fmt::format("{:>20}", fmt::format("{:#.13G}", value));
            } else {
                return fmt::format("{:>20}", value);
            }
        },
        card.value);
}

std::string card_text(io::FitsCard const& card)
{
    std::string text = fmt::format("{:<8}= {} / {}", card.keyword, value_text(card), card.comment);
    text.resize(card_length, ' ');
    return text;
}

std::string header_text(Survey const& survey, Exposure const& exposure)
{
    SimulateConfig const& config = survey.config();
    std::vector<io::FitsCard> cards{
        {"SIMPLE", true, "conforms to FITS"},
        {"BITPIX", std::int64_t{config.bits_per_pixel}, "bits of a value"},
        {"NAXIS", std::int64_t{survey.stored_planes() > 1 ? 3 : 2}, "axes"},
        {"NAXIS1", std::int64_t{config.width}, "columns"},
        {"NAXIS2", std::int64_t{config.height}, "rows"}};
    if (survey.stored_planes() > 1) {
        cards.push_back({"NAXIS3", std::int64_t{survey.stored_planes()}, "planes"});
    }
    if (config.bits_per_pixel == 16) {
        cards.push_back({"BSCALE", std::int64_t{1}, "unsigned integers"});
        cards.push_back({"BZERO", std::int64_t{32768}, "unsigned integers"});
    }
    std::string text;
    for (io::FitsCard const& card : cards) {
        text += card_text(card);
    }
    text += exposure.stated_wcs.cards();
    for (io::FitsCard const& card : header_cards(survey, exposure)) {
        text += card_text(card);
    }
    text += "END";
    text.resize((text.size() + block_length - 1) / block_length * block_length, ' ');
    return text;
}
}  // namespace

void write_header_only(Survey const& survey, Exposure const& exposure, std::string const& path)
{
    SimulateConfig const& config = survey.config();
    std::string const header = header_text(survey, exposure);
    std::int64_t const data = std::int64_t{config.width} * config.height * survey.stored_planes() *
                              (std::abs(config.bits_per_pixel) / 8);
    std::int64_t const blocks = (data + block_length - 1) / block_length;
    std::string const temporary = io::temporary_name(path);
    std::ofstream out(temporary, std::ios::binary | std::ios::trunc);
    out << header;
    out.close();
    std::error_code error;
    if (out) {
        std::filesystem::resize_file(
            temporary, header.size() + static_cast<std::size_t>(blocks * block_length), error);
        if (!error) {
            std::filesystem::rename(temporary, path, error);
        }
    }
    if (!out || error) {
        std::error_code ignored;
        std::filesystem::remove(temporary, ignored);
        throw core::IoError(core::sentence("cannot write " + path,
                                           error ? error.message() : "the disk may be full",
                                           "name another output"));
    }
}
}  // namespace sectile::simulate
