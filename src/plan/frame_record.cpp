// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/plan/frame_record.hpp"

#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "sectile/core/error.hpp"

namespace sectile::plan
{
namespace
{
using Json = nlohmann::json;

/// Raised when the layout of the bytes changes, so that ranks of different builds notice.
constexpr std::uint32_t layout_version = 7;

/// Numbers travel as byte strings, little-endian IEEE 754, because CBOR writers narrow doubles and
/// replace NaN by one canonical NaN; a byte string keeps every bit, NaN and infinities included.
template <class Unsigned>
void append_bits(Json::binary_t& bytes, Unsigned bits)
{
    for (std::size_t shift = 0; shift < 8 * sizeof(Unsigned); shift += 8) {
        bytes.push_back(static_cast<std::uint8_t>((bits >> shift) & 0xffU));
    }
}

template <class Unsigned>
Unsigned read_bits(Json::binary_t const& bytes, std::size_t position)
{
    Unsigned bits = 0;
    for (std::size_t i = 0; i < sizeof(Unsigned); ++i) {
        bits |= static_cast<Unsigned>(bytes[position + i]) << (8 * i);
    }
    return bits;
}

Json packed(std::span<double const> values)
{
    Json::binary_t bytes;
    bytes.reserve(values.size() * sizeof(double));
    for (double const value : values) {
        append_bits(bytes, std::bit_cast<std::uint64_t>(value));
    }
    return Json::binary(std::move(bytes));
}

Json packed(std::vector<float> const& values)
{
    Json::binary_t bytes;
    bytes.reserve(values.size() * sizeof(float));
    for (float const value : values) {
        append_bits(bytes, std::bit_cast<std::uint32_t>(value));
    }
    return Json::binary(std::move(bytes));
}

std::vector<double> doubles_of(Json const& json)
{
    Json::binary_t const& bytes = json.get_binary();
    core::require(bytes.size() % sizeof(double) == 0, "packed doubles are cut off");
    std::vector<double> values(bytes.size() / sizeof(double));
    for (std::size_t i = 0; i < values.size(); ++i) {
        values[i] = std::bit_cast<double>(read_bits<std::uint64_t>(bytes, i * sizeof(double)));
    }
    return values;
}

std::vector<double> doubles_of(Json const& json, std::size_t count)
{
    std::vector<double> values = doubles_of(json);
    core::require(values.size() == count, "packed doubles have the wrong number");
    return values;
}

std::vector<float> floats_of(Json const& json)
{
    Json::binary_t const& bytes = json.get_binary();
    core::require(bytes.size() % sizeof(float) == 0, "packed floats are cut off");
    std::vector<float> values(bytes.size() / sizeof(float));
    for (std::size_t i = 0; i < values.size(); ++i) {
        values[i] = std::bit_cast<float>(read_bits<std::uint32_t>(bytes, i * sizeof(float)));
    }
    return values;
}

/// An absent number is an empty byte string.
Json packed(std::optional<double> const& value)
{
    return value ? packed(std::span(&*value, 1)) : packed(std::span<double const>{});
}

std::optional<double> optional_of(Json const& json)
{
    std::vector<double> const values = doubles_of(json);
    return values.empty() ? std::nullopt : std::optional(values.front());
}

Json packed(sky::LookupTable const& table)
{
    std::array const placement{table.crpix_x, table.crpix_y, table.crval_x,
                               table.crval_y, table.cdelt_x, table.cdelt_y};
    return Json::array({table.axis, table.columns, table.rows,
                        packed(std::span<double const>(placement)), packed(table.values)});
}

sky::LookupTable lookup_of(Json const& json)
{
    std::vector<double> const placement = doubles_of(json.at(3), 6);
    sky::LookupTable table;
    table.axis = json.at(0).get<int>();
    table.columns = json.at(1).get<int>();
    table.rows = json.at(2).get<int>();
    table.crpix_x = placement[0];
    table.crpix_y = placement[1];
    table.crval_x = placement[2];
    table.crval_y = placement[3];
    table.cdelt_x = placement[4];
    table.cdelt_y = placement[5];
    table.values = floats_of(json.at(4));
    return table;
}

Json packed(std::vector<sky::LookupTable> const& tables)
{
    Json json = Json::array();
    for (sky::LookupTable const& table : tables) {
        json.push_back(packed(table));
    }
    return json;
}

std::vector<sky::LookupTable> lookups_of(Json const& json)
{
    std::vector<sky::LookupTable> tables;
    for (Json const& table : json) {
        tables.push_back(lookup_of(table));
    }
    return tables;
}

Json packed(sky::WcsDescription const& wcs)
{
    return Json::array(
        {wcs.cards, packed(wcs.pixel_lookup), packed(wcs.detector_lookup), wcs.width, wcs.height});
}

sky::WcsDescription wcs_of(Json const& json)
{
    return {json.at(0).get<std::string>(), lookups_of(json.at(1)), lookups_of(json.at(2)),
            json.at(3).get<std::int64_t>(), json.at(4).get<std::int64_t>()};
}

Json packed(sky::ExposureFacts const& facts)
{
    return Json::array({facts.object, facts.filter, facts.instrument, facts.telescope,
                        facts.date_obs, packed(facts.mjd), packed(facts.exposure),
                        packed(facts.gain), packed(facts.saturation),
                        packed(facts.sensor_temperature), packed(facts.airmass),
                        packed(facts.ra_hint), packed(facts.dec_hint), facts.mount_mode, facts.unit,
                        packed(facts.mjd_end), facts.combined});
}

sky::ExposureFacts facts_of(Json const& json)
{
    sky::ExposureFacts facts;
    facts.object = json.at(0).get<std::string>();
    facts.filter = json.at(1).get<std::string>();
    facts.instrument = json.at(2).get<std::string>();
    facts.telescope = json.at(3).get<std::string>();
    facts.date_obs = json.at(4).get<std::string>();
    facts.mjd = optional_of(json.at(5));
    facts.exposure = optional_of(json.at(6));
    facts.gain = optional_of(json.at(7));
    facts.saturation = optional_of(json.at(8));
    facts.sensor_temperature = optional_of(json.at(9));
    facts.airmass = optional_of(json.at(10));
    facts.ra_hint = optional_of(json.at(11));
    facts.dec_hint = optional_of(json.at(12));
    facts.mount_mode = json.at(13).get<std::string>();
    facts.unit = json.at(14).get<std::string>();
    facts.mjd_end = optional_of(json.at(15));
    facts.combined = json.at(16).get<std::int64_t>();
    return facts;
}

Json packed(sky::FrameGeometry const& geometry)
{
    return Json::array({geometry.width, geometry.height, geometry.planes, geometry.stored_planes,
                        geometry.planes_last, static_cast<int>(geometry.bayer),
                        geometry.bits_per_pixel, geometry.stored_width, geometry.stored_height,
                        packed(std::array{geometry.value_scale, geometry.value_zero})});
}

sky::FrameGeometry geometry_of(Json const& json)
{
    sky::FrameGeometry geometry;
    geometry.width = json.at(0).get<std::int64_t>();
    geometry.height = json.at(1).get<std::int64_t>();
    geometry.planes = json.at(2).get<int>();
    geometry.stored_planes = json.at(3).get<int>();
    geometry.planes_last = json.at(4).get<bool>();
    geometry.bayer = static_cast<image::BayerPattern>(json.at(5).get<int>());
    geometry.bits_per_pixel = json.at(6).get<int>();
    geometry.stored_width = json.at(7).get<std::int64_t>();
    geometry.stored_height = json.at(8).get<std::int64_t>();
    std::vector<double> const values = doubles_of(json.at(9), 2);
    geometry.value_scale = values[0];
    geometry.value_zero = values[1];
    return geometry;
}

Json packed(sky::FramePartner const& partner)
{
    return Json::array({partner.path, partner.hdu, packed(partner.geometry),
                        packed(std::span(&partner.scale, 1))});
}

sky::FramePartner partner_of(Json const& json)
{
    return {json.at(0).get<std::string>(), json.at(1).get<int>(), geometry_of(json.at(2)),
            doubles_of(json.at(3), 1).front()};
}

Json packed(FrameFootprint const& footprint)
{
    std::vector<double> values{footprint.center.lon.radians(), footprint.center.lat.radians(),
                               footprint.radius.radians(), footprint.pixel_scale.radians(),
                               footprint.position_angle.radians()};
    for (sky::SkyCoord const& point : footprint.edge) {
        values.push_back(point.lon.radians());
        values.push_back(point.lat.radians());
    }
    return packed(std::span<double const>(values));
}

FrameFootprint footprint_of(Json const& json)
{
    constexpr std::size_t fixed = 5;
    std::vector<double> const values = doubles_of(json);
    core::require(values.size() >= fixed && (values.size() - fixed) % 2 == 0,
                  "packed footprint has the wrong length");
    auto const angle = [&](std::size_t i) { return core::Angle::from_radians(values[i]); };
    FrameFootprint footprint{{angle(0), angle(1)}, angle(2), angle(3), angle(4), {}};
    for (std::size_t i = fixed; i < values.size(); i += 2) {
        footprint.edge.push_back({angle(i), angle(i + 1)});
    }
    return footprint;
}

Json packed(std::vector<PlaneMeasurement> const& planes)
{
    Json list = Json::array();
    for (PlaneMeasurement const& plane : planes) {
        std::vector<double> values{plane.background, plane.noise_sigma, plane.percentile_25,
                                   plane.percentile_90, plane.scale};
        values.insert(values.end(), plane.noise_covariance.begin(), plane.noise_covariance.end());
        list.push_back(packed(std::span<double const>(values)));
    }
    return list;
}

std::vector<PlaneMeasurement> planes_of(Json const& json)
{
    constexpr std::size_t fixed = 5;
    std::vector<PlaneMeasurement> planes;
    for (Json const& entry : json) {
        std::vector<double> const values = doubles_of(entry);
        core::require(values.size() >= fixed, "packed measurements have the wrong length");
        planes.push_back({values[0], values[1], values[2], values[3], values[4],
                          std::vector<double>(values.begin() + fixed, values.end())});
    }
    return planes;
}

Json packed(FrameQuality const& quality)
{
    std::array const values{quality.fwhm, quality.ellipticity, quality.gradient,
                            quality.saturated_fraction, static_cast<double>(quality.stars)};
    return packed(std::span<double const>(values));
}

FrameQuality quality_of(Json const& json)
{
    std::vector<double> const values = doubles_of(json, 5);
    return {values[0], values[1], values[2], values[3], static_cast<std::int64_t>(values[4])};
}

Json packed(FrameRegistration const& registration)
{
    std::array const values{static_cast<double>(registration.matches), registration.rms,
                            registration.shift};
    return packed(std::span<double const>(values));
}

FrameRegistration registration_of(Json const& json)
{
    std::vector<double> const values = doubles_of(json, 3);
    return {static_cast<std::int64_t>(values[0]), values[1], values[2]};
}

Json packed(std::vector<FrameStar> const& stars)
{
    static_assert(sizeof(FrameStar) == 5 * sizeof(float));
    std::vector<float> values(stars.size() * 5);
    if (!stars.empty()) {
        std::memcpy(values.data(), stars.data(), stars.size() * sizeof(FrameStar));
    }
    return packed(values);
}

std::vector<FrameStar> stars_of(Json const& json)
{
    std::vector<float> const values = floats_of(json);
    core::require(values.size() % 5 == 0, "packed stars have the wrong length");
    std::vector<FrameStar> stars(values.size() / 5);
    if (!stars.empty()) {
        std::memcpy(static_cast<void*>(stars.data()), values.data(), values.size() * sizeof(float));
    }
    return stars;
}

Json packed(FrameRecord const& record)
{
    return Json::array(
        {record.id.value, record.header.path, record.header.hdu, packed(record.header.geometry),
         packed(record.header.facts), packed(record.header.wcs), record.header.wcs_origin,
         static_cast<int>(record.verdict.code), record.verdict.reason, packed(record.planes),
         packed(std::span(&record.masked_fraction, 1)), packed(record.footprint),
         packed(record.quality), packed(record.stars), packed(record.registration),
         packed(record.header.weight), packed(record.header.mask), packed(record.header.coverage),
         packed(record.header.alpha)});
}

FrameRecord record_of(Json const& json)
{
    FrameRecord record;
    record.id.value = json.at(0).get<std::uint32_t>();
    record.header.path = json.at(1).get<std::string>();
    record.header.hdu = json.at(2).get<int>();
    record.header.geometry = geometry_of(json.at(3));
    record.header.facts = facts_of(json.at(4));
    record.header.wcs = wcs_of(json.at(5));
    record.header.wcs_origin = json.at(6).get<std::string>();
    record.verdict.code = static_cast<VerdictCode>(json.at(7).get<int>());
    record.verdict.reason = json.at(8).get<std::string>();
    record.planes = planes_of(json.at(9));
    record.masked_fraction = doubles_of(json.at(10), 1).front();
    record.footprint = footprint_of(json.at(11));
    record.quality = quality_of(json.at(12));
    record.stars = stars_of(json.at(13));
    record.registration = registration_of(json.at(14));
    record.header.weight = partner_of(json.at(15));
    record.header.mask = partner_of(json.at(16));
    record.header.coverage = partner_of(json.at(17));
    record.header.alpha = partner_of(json.at(18));
    return record;
}

void append(std::vector<std::byte>& bytes, std::span<std::byte const> content)
{
    std::size_t const at = bytes.size();
    bytes.resize(at + content.size());
    std::memcpy(bytes.data() + at, content.data(), content.size());
}

void append(std::vector<std::byte>& bytes, std::uint32_t number)
{
    append(bytes, std::as_bytes(std::span(&number, 1)));
}

std::uint32_t take_number(std::span<std::byte const>& bytes)
{
    std::uint32_t number = 0;
    core::require(bytes.size() >= sizeof number, "packed frame records are complete");
    std::memcpy(&number, bytes.data(), sizeof number);
    bytes = bytes.subspan(sizeof number);
    return number;
}
}  // namespace

// Every record is encoded on its own, with its length before it: the trees that the encoder works
// on then never stand for more than one record, however many frames there are.
std::vector<std::byte> pack(std::vector<FrameRecord> const& records)
{
    std::vector<std::byte> bytes;
    append(bytes, layout_version);
    std::vector<std::uint8_t> encoded;
    for (FrameRecord const& record : records) {
        encoded.clear();
        Json::to_cbor(packed(record), encoded);
        append(bytes, static_cast<std::uint32_t>(encoded.size()));
        append(bytes, std::as_bytes(std::span(encoded)));
    }
    return bytes;
}

std::vector<FrameRecord> unpack(std::span<std::byte const> bytes)
{
    core::require(take_number(bytes) == layout_version,
                  "frame records come from another version of the program");
    std::vector<FrameRecord> records;
    try {
        while (!bytes.empty()) {
            std::size_t const length = take_number(bytes);
            core::require(length <= bytes.size(), "a packed frame record is complete");
            auto const* const first = reinterpret_cast<std::uint8_t const*>(bytes.data());
            records.push_back(record_of(Json::from_cbor(first, first + length)));
            bytes = bytes.subspan(length);
        }
    } catch (Json::exception const& error) {
        throw core::InternalError(core::sentence(
            "frame records that travelled between ranks cannot be read", error.what()));
    }
    return records;
}
}  // namespace sectile::plan
