// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/io/fits_writer.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <set>
#include <unistd.h>
#include <utility>

#include <fitsio.h>

#include "sectile/core/error.hpp"
#include "sectile/io/atomic_file.hpp"

#include "io/byte_order.hpp"
#include "io/fits_cards.hpp"
#include "io/ones_sum.hpp"
#include "io/posix_file.hpp"

namespace sectile::io
{
namespace
{
/// DATASUM is a decimal string of up to 10 digits; a card of fixed width can be completed in place.
constexpr std::size_t datasum_width = 10;
constexpr std::string_view checksum_zero = "0000000000000000";

/// Bytes that are converted and written at a time: fits the second-level cache.
constexpr std::size_t buffer_size = std::size_t{256} * 1024;

std::int64_t padded(std::int64_t size)
{
    auto const block = static_cast<std::int64_t>(block_length);
    return (size + block - 1) / block * block;
}

/// Value subtracted from unsigned integers so that they fit the signed type of the file.
std::int64_t zero_of(FitsImageSpec const& spec)
{
    if (!spec.is_unsigned) {
        return 0;
    }
    return spec.bits_per_pixel == 16 ? 32768 : 2147483648LL;
}

/// Cards that describe the data layout belong to the writer, not to a copied WCS header.
bool is_structural(std::string_view keyword)
{
    static std::set<std::string_view> const names = {
        "",        "SIMPLE",   "XTENSION", "BITPIX",  "EXTEND", "PCOUNT",
        "GCOUNT",  "BSCALE",   "BZERO",    "BLANK",   "END",    "CHECKSUM",
        "DATASUM", "LONGSTRN", "EXTNAME",  "COMMENT", "HISTORY"};
    bool const is_axis = keyword.substr(0, 5) == "NAXIS" &&
                         keyword.find_first_not_of("0123456789", 5) == std::string_view::npos;
    return is_axis || names.count(keyword) > 0;
}

void add_layout(HeaderText& header, FitsImageSpec const& spec, bool is_primary)
{
    if (is_primary) {
        header.add("SIMPLE", true, "conforms to FITS standard");
    } else {
        header.add("XTENSION", std::string_view("IMAGE"), "image extension");
    }
    header.add("BITPIX", std::int64_t{spec.bits_per_pixel}, "array data type");
    bool const has_pixels = spec.width > 0 && spec.height > 0;
    int const axes = has_pixels ? (spec.planes > 1 ? 3 : 2) : 0;
    header.add("NAXIS", std::int64_t{axes}, "number of array dimensions");
    if (axes > 0) {
        header.add("NAXIS1", spec.width, "columns");
        header.add("NAXIS2", spec.height, "rows");
    }
    if (axes > 2) {
        header.add("NAXIS3", std::int64_t{spec.planes}, "planes");
    }
    if (is_primary) {
        header.add("EXTEND", true, "extensions may follow");
    } else {
        header.add("PCOUNT", std::int64_t{0}, "no parameters");
        header.add("GCOUNT", std::int64_t{1}, "one group");
    }
    if (spec.is_unsigned) {
        header.add("BZERO", zero_of(spec), "offset of unsigned integers");
        header.add("BSCALE", std::int64_t{1}, "no scaling");
    }
    if (!spec.name.empty()) {
        header.add("EXTNAME", std::string_view(spec.name), "name of this image");
    }
}

/// Value of WCSAXES in copied cards, 0 when it is not there.
std::int64_t stated_wcs_axes(std::string const& cards)
{
    for (std::size_t at = 0; at < cards.size(); at += card_length) {
        std::string const card = cards.substr(at, card_length);
        if (keyword_of(card) == "WCSAXES") {
            return std::atoll(card.substr(std::min<std::size_t>(card.size(), 10)).c_str());
        }
    }
    return 0;
}

/// The third axis of a cube counts planes; without these cards it would be an undefined part of the
/// WCS.
void add_plane_axis(HeaderText& header, FitsImageSpec const& spec)
{
    std::int64_t const axes = stated_wcs_axes(spec.wcs_cards);
    if (spec.planes == 1 || axes == 0 || axes > 2) {
        return;
    }
    bool const has_matrix = spec.wcs_cards.find("CD1_1 ") != std::string::npos;
    header.add("CTYPE3", std::string_view("PLANE"), "colour plane: red, green, blue");
    header.add("CRPIX3", 1.0, "first plane");
    header.add("CRVAL3", 1.0, "counts from 1");
    header.add(has_matrix ? "CD3_3" : "CDELT3", 1.0, "one plane");
}

/// WCSAXES stands before all other WCS cards and is not less than NAXIS (FITS standard 8.2).
void add_wcs(HeaderText& header, FitsImageSpec const& spec)
{
    std::set<std::string_view> own;
    for (FitsCard const& card : spec.cards) {
        own.insert(card.keyword);
    }
    if (std::int64_t const axes = stated_wcs_axes(spec.wcs_cards); axes > 0) {
        header.add("WCSAXES", std::max<std::int64_t>(axes, spec.planes > 1 ? 3 : 2),
                   "number of WCS axes");
    }
    bool skipped = false;
    for (std::size_t at = 0; at < spec.wcs_cards.size(); at += card_length) {
        std::string_view const card = std::string_view(spec.wcs_cards).substr(at, card_length);
        std::string_view const keyword = keyword_of(card);
        skipped = (skipped && keyword == "CONTINUE") || is_structural(keyword) ||
                  keyword == "WCSAXES" || own.count(keyword) > 0;
        if (!skipped) {
            header.add_raw(card);
        }
    }
    add_plane_axis(header, spec);
}

HeaderText make_header(FitsImageSpec const& spec, bool is_primary)
{
    HeaderText header;
    add_layout(header, spec, is_primary);
    add_wcs(header, spec);
    for (FitsCard const& card : spec.cards) {
        header.add(card);
    }
    // The comments hold no date, unlike those CFITSIO writes: equal runs give equal bytes.
    header.add("CHECKSUM", checksum_zero, "HDU checksum");
    header.add("DATASUM", std::string(datasum_width, ' '), "data unit checksum");
    header.finish();
    return header;
}

void check(FitsImageSpec const& spec)
{
    bool const is_header_alone = spec.width == 0 && spec.height == 0;
    core::require(is_header_alone || (spec.width > 0 && spec.height > 0 && spec.planes > 0),
                  "an image has pixels, a header alone has none");
    int const bits = spec.bits_per_pixel;
    core::require(bits == 8 || bits == 16 || bits == 32 || bits == -32, "BITPIX 8, 16, 32 or -32");
    core::require(!spec.is_unsigned || bits == 16 || bits == 32, "unsigned needs 16 or 32 bits");
}

void encode(float const* source, std::size_t count, unsigned char* target)
{
    for (std::size_t i = 0; i < count; ++i) {
        std::uint32_t const word = big_endian(std::bit_cast<std::uint32_t>(source[i]));
        std::memcpy(target + 4 * i, &word, sizeof(word));
    }
}

void encode(std::uint8_t const* source, std::size_t count, unsigned char* target)
{
    std::memcpy(target, source, count);
}

/// `flip` is the sign bit for unsigned storage (subtracting 2^15 or 2^31) and 0 for signed.
template <class Word>
void encode(std::uint32_t const* source, std::size_t count, Word flip, unsigned char* target)
{
    for (std::size_t i = 0; i < count; ++i) {
        Word const word = big_endian(static_cast<Word>(static_cast<Word>(source[i]) ^ flip));
        std::memcpy(target + sizeof(Word) * i, &word, sizeof(word));
    }
}
}  // namespace

struct FitsWriter::Impl
{
    explicit Impl(std::string final_path)
        : path(std::move(final_path)), file(PosixFile::create(temporary_name(path)))
    {}
    ~Impl()
    {
        if (!committed) {
            ::unlink(temporary_name(path).c_str());
        }
    }
    Impl(Impl const&) = delete;
    Impl& operator=(Impl const&) = delete;

    void begin(FitsImageSpec const& next);
    void end();
    template <class T, class Encode>
    void write(image::ImageView<T const> rows, Encode const& encode_pixels);

    std::string path;
    PosixFile file;
    bool committed = false;
    std::int64_t end_of_file = 0;

    // The HDU being written.
    std::optional<FitsImageSpec> spec;
    HeaderText header;
    std::int64_t header_position = 0;
    std::int64_t data_position = 0;
    OnesSum data_sum;
    std::vector<bool> row_written;
    std::int64_t rows_missing = 0;
    std::vector<unsigned char> buffer;
};

void FitsWriter::Impl::begin(FitsImageSpec const& next)
{
    end();
    check(next);
    header = make_header(next, end_of_file == 0);
    header_position = end_of_file;
    data_position = header_position + static_cast<std::int64_t>(header.text().size());
    std::int64_t const bytes =
        next.width * next.height * next.planes * (std::abs(next.bits_per_pixel) / 8);
    end_of_file = data_position + padded(bytes);
    file.set_size(end_of_file);
    data_sum = {};
    row_written.assign(static_cast<std::size_t>(next.height), false);
    rows_missing = next.height;
    spec = next;
}

/// Completes the header with the sums: nothing of the data is read again.
void FitsWriter::Impl::end()
{
    if (!spec) {
        return;
    }
    core::require(rows_missing == 0,
                  "every row of a FITS image is written before the next one begins");
    header.replace_string("DATASUM", std::to_string(data_sum.value()));
    OnesSum whole = data_sum;
    auto const* bytes = reinterpret_cast<unsigned char const*>(header.text().data());
    whole.add(bytes, header.text().size(), 0);
    std::array<char, 17> encoded = {};
    fits_encode_chksum(whole.value(), 1, encoded.data());
    header.replace_string("CHECKSUM", encoded.data());
    file.write_at(header.text().data(), header.text().size(), header_position);
    spec.reset();
}

template <class T, class Encode>
void FitsWriter::Impl::write(image::ImageView<T const> rows, Encode const& encode_pixels)
{
    core::require(spec.has_value(), "begin_image comes before write_rows");
    core::Box const& box = rows.box;
    core::require(box.x0 == 0 && box.x1 == spec->width && box.y0 >= 0 && box.y1 <= spec->height &&
                      rows.planes == spec->planes,
                  "rows of the full width and all planes inside the image");
    for (std::int64_t y = box.y0; y < box.y1; ++y) {
        core::require(!row_written[static_cast<std::size_t>(y)], "a row is written once");
        row_written[static_cast<std::size_t>(y)] = true;
        --rows_missing;
    }
    auto const width = static_cast<std::size_t>(spec->width);
    std::size_t const row_bytes =
        width * static_cast<std::size_t>(std::abs(spec->bits_per_pixel) / 8);
    auto const rows_at_once =
        static_cast<std::int64_t>(std::max<std::size_t>(1, buffer_size / row_bytes));
    buffer.resize(row_bytes * static_cast<std::size_t>(rows_at_once));
    for (int plane = 0; plane < spec->planes; ++plane) {
        for (std::int64_t y = box.y0; y < box.y1; y += rows_at_once) {
            std::int64_t const count = std::min(rows_at_once, box.y1 - y);
            for (std::int64_t k = 0; k < count; ++k) {
                encode_pixels(rows.row(plane, y + k), width,
                              buffer.data() + static_cast<std::size_t>(k) * row_bytes);
            }
            std::int64_t const position =
                (plane * spec->height + y) * static_cast<std::int64_t>(row_bytes);
            std::size_t const bytes = static_cast<std::size_t>(count) * row_bytes;
            data_sum.add(buffer.data(), bytes, position);
            file.write_at(buffer.data(), bytes, data_position + position);
        }
    }
}

FitsWriter::FitsWriter(std::string path) : impl_(std::make_unique<Impl>(std::move(path))) {}
FitsWriter::~FitsWriter() = default;
FitsWriter::FitsWriter(FitsWriter&&) noexcept = default;

void FitsWriter::begin_image(FitsImageSpec const& spec)
{
    impl_->begin(spec);
}

void FitsWriter::write_rows(image::ImageView<float const> rows)
{
    core::require(impl_->spec && impl_->spec->bits_per_pixel == -32, "float rows need BITPIX -32");
    impl_->write(rows, [](float const* source, std::size_t count, unsigned char* target) {
        encode(source, count, target);
    });
}

void FitsWriter::write_rows(image::ImageView<std::uint8_t const> rows)
{
    core::require(impl_->spec && impl_->spec->bits_per_pixel == 8, "byte rows need BITPIX 8");
    impl_->write(rows, [](std::uint8_t const* source, std::size_t count, unsigned char* target) {
        encode(source, count, target);
    });
}

void FitsWriter::write_rows(image::ImageView<std::uint32_t const> rows)
{
    core::require(impl_->spec.has_value(), "begin_image comes before write_rows");
    int const bits = impl_->spec->bits_per_pixel;
    bool const is_unsigned = impl_->spec->is_unsigned;
    core::require(bits == 16 || bits == 32, "integer rows need BITPIX 16 or 32");
    int const magnitude_bits = is_unsigned ? bits : bits - 1;
    auto const largest = static_cast<std::uint32_t>((std::uint64_t{1} << magnitude_bits) - 1);
    impl_->write(rows, [&](std::uint32_t const* source, std::size_t count, unsigned char* target) {
        std::uint32_t above = 0;
        for (std::size_t i = 0; i < count; ++i) {
            above |= static_cast<std::uint32_t>(source[i] > largest);
        }
        core::require(above == 0, "integer pixels fit the type of the file");
        if (bits == 16) {
            encode<std::uint16_t>(source, count, is_unsigned ? 0x8000U : 0U, target);
        } else {
            encode<std::uint32_t>(source, count, is_unsigned ? 0x80000000U : 0U, target);
        }
    });
}

void FitsWriter::commit()
{
    impl_->end();
    core::require(impl_->end_of_file > 0, "a FITS file has at least one image");
    impl_->file.close();
    publish_file(impl_->path);
    impl_->committed = true;
}
}  // namespace sectile::io
