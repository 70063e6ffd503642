// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/io/star_table.hpp"

#include <array>
#include <filesystem>
#include <system_error>
#include <vector>

#include <fitsio.h>

#include "io/fits_file.hpp"

namespace sectile::io
{
namespace
{
/// CFITSIO wants its constant texts writable.
class Columns
{
  public:
    [[nodiscard]] char** names() { return names_.data(); }
    [[nodiscard]] char** forms() { return forms_.data(); }

  private:
    std::array<std::array<char, 8>, 3> name_text_ = {{{"X"}, {"Y"}, {"FLUX"}}};
    std::array<char, 4> form_text_ = {"1D"};
    std::array<char*, 3> names_ = {name_text_[0].data(), name_text_[1].data(),
                                   name_text_[2].data()};
    std::array<char*, 3> forms_ = {form_text_.data(), form_text_.data(), form_text_.data()};
};

void write_columns(fitsfile* file, std::span<TableStar const> stars, int& status)
{
    std::array<std::vector<double>, 3> values;
    for (TableStar const& star : stars) {
        values[0].push_back(star.x + 1.0);
        values[1].push_back(star.y + 1.0);
        values[2].push_back(star.flux);
    }
    for (int column = 0; column < 3; ++column) {
        fits_write_col(file, TDOUBLE, column + 1, 1, 1, static_cast<LONGLONG>(stars.size()),
                       values[static_cast<std::size_t>(column)].data(), &status);
    }
}
}  // namespace

void write_star_table(std::string const& path, std::span<TableStar const> stars)
{
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
    Columns columns;
    fitsfile* file = nullptr;
    int status = 0;
    fits_create_diskfile(&file, path.c_str(), &status);
    fits_create_tbl(file, BINARY_TBL, 0, 3, columns.names(), columns.forms(), nullptr, "STARS",
                    &status);
    if (status == 0) {
        write_columns(file, stars, status);
    }
    if (file != nullptr) {
        // Closes also after an error, which stays the one to report.
        int closing = status;
        fits_close_file(file, &closing);
        status = status != 0 ? status : closing;
    }
    if (status != 0) {
        std::array<char, FLEN_STATUS> text = {};
        fits_get_errstatus(status, text.data());
        fits_clear_errmsg();
        throw FitsError(path, text.data(), "write");
    }
}
}  // namespace sectile::io
