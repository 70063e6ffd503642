// SPDX-License-Identifier: BSD-3-Clause
#include "io/lookup_tables.hpp"

#include <cstdint>
#include <optional>
#include <utility>

#include "sectile/core/error.hpp"

namespace sectile::io
{
namespace
{
/// A table is a coarse grid; anything larger is not one.
constexpr std::int64_t largest_table = std::int64_t{1} << 26;

/// Value of a record "NAME: value" of a keyword that occurs once per record.
std::optional<double> record(HeaderCards const& header, std::string const& keyword,
                             std::string const& name)
{
    for (std::string const& text : header.all_texts(keyword)) {
        std::size_t const colon = text.find(':');
        if (colon != std::string::npos && trimmed(text.substr(0, colon)) == name) {
            return parse_number(text.substr(colon + 1));
        }
    }
    return std::nullopt;
}

void transpose(sky::LookupTable& table)
{
    auto const columns = static_cast<std::size_t>(table.columns);
    auto const rows = static_cast<std::size_t>(table.rows);
    std::vector<float> turned(table.values.size());
    for (std::size_t y = 0; y < rows; ++y) {
        for (std::size_t x = 0; x < columns; ++x) {
            turned[x * rows + y] = table.values[y * columns + x];
        }
    }
    table.values = std::move(turned);
    std::swap(table.columns, table.rows);
}

sky::LookupTable read_table(FitsFile& file, std::string const& name, int version)
{
    std::string const title = name + " " + std::to_string(version);
    if (!file.move_to(name, version)) {
        throw core::IoError("the look-up table " + title + " is missing");
    }
    HduShape const shape = file.shape();
    std::size_t const axes = shape.axes.size();
    std::int64_t const columns = axes >= 1 ? shape.axes[0] : 0;
    std::int64_t const rows = axes >= 2 ? shape.axes[1] : 1;
    if (!shape.is_image || axes > 2 || columns < 1 || rows < 1 || columns > largest_table / rows) {
        throw core::IoError("the look-up table " + title + " is not an image of one or two axes");
    }
    HeaderCards const header(file.header_text());
    sky::LookupTable table;
    table.columns = static_cast<int>(columns);
    table.rows = static_cast<int>(rows);
    table.crpix_x = header.number({"CRPIX1"}).value_or(0.0);
    table.crval_x = header.number({"CRVAL1"}).value_or(0.0);
    table.cdelt_x = header.number({"CDELT1"}).value_or(1.0);
    if (axes == 2) {
        table.crpix_y = header.number({"CRPIX2"}).value_or(0.0);
        table.crval_y = header.number({"CRVAL2"}).value_or(0.0);
        table.cdelt_y = header.number({"CDELT2"}).value_or(1.0);
    }
    table.values.resize(static_cast<std::size_t>(columns * rows));
    LONGLONG first[2] = {1, 1};
    int status = 0;
    fits_read_pixll(file.handle(), TFLOAT, first, columns * rows, nullptr, table.values.data(),
                    nullptr, &status);
    file.check(status, "read look-up table " + title + " of");
    return table;
}

/// The tables of one family: `announcement` is CPDIS or D2IMDIS, `records` DP or D2IM.
std::vector<sky::LookupTable> read_family(FitsFile& file, HeaderCards const& header,
                                          std::string const& announcement,
                                          std::string const& records, std::string const& extension,
                                          std::vector<std::string>& problems)
{
    std::vector<sky::LookupTable> tables;
    for (int axis = 0; axis < 2; ++axis) {
        std::string const number = std::to_string(axis + 1);
        auto const kind = header.text({announcement + number});
        if (!kind || upper_case(*kind) != "LOOKUP") {
            continue;  // other distortion functions are the business of the WCS library
        }
        try {
            std::string const keyword = records + number;
            auto const version = static_cast<int>(record(header, keyword, "EXTVER").value_or(1.0));
            sky::LookupTable table = read_table(file, extension, version);
            // AXIS.j names the image axis along which the table's axis runs; astropy transposes
            // too.
            if (record(header, keyword, "AXIS." + number).value_or(axis + 1.0) != axis + 1.0) {
                transpose(table);
            }
            table.axis = axis;
            tables.push_back(std::move(table));
        } catch (core::IoError const& error) {
            problems.emplace_back(error.what());
        }
    }
    return tables;
}
}  // namespace

std::vector<std::string> read_lookup_tables(FitsFile& file, HeaderCards const& header,
                                            sky::WcsDescription& wcs)
{
    std::vector<std::string> problems;
    wcs.pixel_lookup = read_family(file, header, "CPDIS", "DP", "WCSDVARR", problems);
    wcs.detector_lookup = read_family(file, header, "D2IMDIS", "D2IM", "D2IMARR", problems);
    auto const corrected_axis = header.integer("AXISCORR");
    if (wcs.detector_lookup.empty() && corrected_axis) {
        try {
            if (*corrected_axis != 1 && *corrected_axis != 2) {
                throw core::IoError("AXISCORR is neither 1 nor 2");
            }
            sky::LookupTable table = read_table(file, "D2IMARR", 1);
            table.axis = static_cast<int>(*corrected_axis) - 1;
            wcs.detector_lookup.push_back(std::move(table));
        } catch (core::IoError const& error) {
            problems.emplace_back(error.what());
        }
    }
    return problems;
}
}  // namespace sectile::io
