// SPDX-License-Identifier: BSD-3-Clause
#include "io/frame_facts.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <initializer_list>
#include <string>
#include <vector>

namespace sectile::io
{
namespace
{
using Keywords = std::initializer_list<std::string_view>;

/// Looks in the HDU itself before the primary header.
class Sources
{
  public:
    Sources(HeaderCards const& header, HeaderCards const& primary)
        : header_(header), primary_(primary)
    {}
    [[nodiscard]] std::string text(Keywords keywords) const
    {
        auto const own = header_.text(keywords);
        return trimmed(own ? *own : primary_.text(keywords).value_or(""));
    }
    [[nodiscard]] std::optional<double> number(Keywords keywords, double lowest,
                                               double highest) const
    {
        auto value = header_.number(keywords);
        if (!value) {
            value = primary_.number(keywords);
        }
        return value && *value >= lowest && *value <= highest ? value : std::nullopt;
    }

  private:
    HeaderCards const& header_;
    HeaderCards const& primary_;
};

/// Numbers of up to three fields; any other character between them is a separator.
std::vector<double> number_fields(std::string_view text)
{
    std::vector<double> fields;
    std::string current;
    for (char const c : std::string(text) + ' ') {
        if ((c >= '0' && c <= '9') || c == '.') {
            current += c;
        } else if (!current.empty()) {
            fields.push_back(parse_number(current).value_or(std::nan("")));
            current.clear();
        }
    }
    return fields;
}

/// Days since 1858-11-17 of a date of the Gregorian calendar.
std::optional<double> day_number(int year, int month, int day)
{
    using namespace std::chrono;
    year_month_day const date{std::chrono::year{year},
                              std::chrono::month{static_cast<unsigned>(month)},
                              std::chrono::day{static_cast<unsigned>(day)}};
    if (!date.ok()) {
        return std::nullopt;
    }
    constexpr int mjd_of_unix_epoch = 40587;
    return sys_days(date).time_since_epoch().count() + mjd_of_unix_epoch;
}

std::optional<double> date_part(std::string_view text)
{
    std::vector<double> const fields = number_fields(text);
    if (fields.size() != 3 || std::any_of(fields.begin(), fields.end(), [](double f) {
            return !(f >= 0.0 && f < 1.0e4) || f != std::floor(f);
        })) {
        return std::nullopt;
    }
    auto const first = static_cast<int>(fields[0]);
    auto const second = static_cast<int>(fields[1]);
    auto const third = static_cast<int>(fields[2]);
    if (text.find('/') != std::string_view::npos && third < 100) {
        return day_number(1900 + third, second, first);
    }
    return day_number(first, second, third);
}

/// Seconds of "hh:mm:ss.s".
std::optional<double> clock_part(std::string_view text)
{
    std::vector<double> fields = number_fields(text);
    if (fields.empty() || fields.size() > 3) {
        return std::nullopt;
    }
    fields.resize(3, 0.0);
    bool const is_valid = fields[0] <= 24.0 && fields[1] < 60.0 && fields[2] < 61.0;
    return is_valid ? std::optional(fields[0] * 3600.0 + fields[1] * 60.0 + fields[2])
                    : std::nullopt;
}

/// Seconds east of Greenwich of "+02:00", "-0700" or "Z".
double zone_seconds(std::string_view zone)
{
    std::string digits;
    std::copy_if(zone.begin(), zone.end(), std::back_inserter(digits),
                 [](char c) { return c >= '0' && c <= '9'; });
    if (digits.size() < 2) {
        return 0.0;
    }
    digits.resize(4, '0');
    double const seconds =
        std::stoi(digits.substr(0, 2)) * 3600.0 + std::stoi(digits.substr(2, 2)) * 60.0;
    return zone.front() == '-' ? -seconds : seconds;
}

std::optional<double> start_of_exposure(Sources const& sources, std::string const& date)
{
    if (auto const mjd = sources.number({"MJD-OBS", "MJD-BEG"}, 1.0, 1.0e6)) {
        return mjd;
    }
    bool const has_clock = date.find('T') != std::string::npos;
    std::string const clock = has_clock ? "" : sources.text({"TIME-OBS", "UT", "UTSTART"});
    return parse_mjd(clock.empty() ? date : date + "T" + clock);
}
}  // namespace

std::optional<double> parse_mjd(std::string_view text)
{
    std::string const clean = trimmed(text);
    std::size_t const separator = clean.find_first_of("T ");
    auto const day = date_part(std::string_view(clean).substr(0, separator));
    if (!day || separator == std::string::npos) {
        return day;
    }
    std::string_view const rest = std::string_view(clean).substr(separator + 1);
    std::size_t const zone = rest.find_first_of("Zz+-");
    auto const seconds = clock_part(rest.substr(0, zone));
    if (!seconds) {
        return std::nullopt;
    }
    double const offset = zone == std::string_view::npos ? 0.0 : zone_seconds(rest.substr(zone));
    return *day + (*seconds - offset) / 86400.0;
}

std::optional<double> parse_angle(std::string_view text, bool sexagesimal_hours)
{
    if (auto const degrees = parse_number(text)) {
        return degrees;
    }
    std::string const clean = trimmed(text);
    std::vector<double> fields = number_fields(clean);
    if (fields.size() < 2 || fields.size() > 3) {
        return std::nullopt;
    }
    fields.resize(3, 0.0);
    if (fields[1] >= 60.0 || fields[2] > 60.0) {
        return std::nullopt;
    }
    double const value = fields[0] + fields[1] / 60.0 + fields[2] / 3600.0;
    double const factor = sexagesimal_hours ? 15.0 : 1.0;
    return (clean.front() == '-' ? -value : value) * factor;
}

sky::ExposureFacts read_facts(HeaderCards const& header, HeaderCards const& primary)
{
    constexpr double huge = 1.0e30;
    constexpr double tiny = 1.0e-30;
    Sources const sources(header, primary);
    sky::ExposureFacts facts;
    facts.object = sources.text({"OBJECT"});
    facts.filter = sources.text({"FILTER", "FILTER1"});
    facts.instrument = sources.text({"INSTRUME"});
    facts.telescope = sources.text({"TELESCOP"});
    facts.date_obs = sources.text({"DATE-OBS", "DATE-BEG"});
    facts.mjd = start_of_exposure(sources, facts.date_obs);
    facts.mjd_end = sources.number({"MJD-END"}, 1.0, 1.0e6);
    facts.exposure = sources.number({"EXPTIME", "EXPOSURE", "EXP"}, 0.0, huge);
    facts.gain = sources.number({"EGAIN", "GAIN"}, tiny, huge);
    facts.saturation = sources.number({"SATURATE", "DATAMAX"}, tiny, huge);
    facts.sensor_temperature = sources.number({"CCD-TEMP", "DET-TEMP"}, -273.15, 1000.0);
    facts.airmass = sources.number({"AIRMASS"}, 1.0e-3, 100.0);
    facts.mount_mode = sources.text({"EQMODE"});
    facts.unit = header.text({"BUNIT"}).value_or("");
    facts.zero_point =
        sources.number({"MAGZERO", "MAGZPT", "MAGZP", "PHOTZP", "ZEROPT"}, 1.0, 60.0);
    facts.flux_scale = sources.number({"FLXSCALE", "PHOTFLAM"}, tiny, huge);
    constexpr double most_exposures = 1.0e9;
    facts.combined = std::llround(sources.number({"NCOMBINE"}, 1.0, most_exposures).value_or(1.0));
    for (auto const& [ra_keyword, dec_keyword] :
         {std::array{"RA", "DEC"}, std::array{"OBJCTRA", "OBJCTDEC"}}) {
        auto const ra = parse_angle(sources.text({ra_keyword}), true);
        auto const dec = parse_angle(sources.text({dec_keyword}), false);
        bool const is_valid = ra && dec && *ra >= 0.0 && *ra <= 360.0 && std::abs(*dec) <= 90.0;
        if (is_valid && !facts.ra_hint) {
            facts.ra_hint = *ra;
            facts.dec_hint = *dec;
        }
    }
    return facts;
}
}  // namespace sectile::io
