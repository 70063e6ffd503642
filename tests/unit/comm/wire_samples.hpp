// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "sectile/comm/wire.hpp"

/// Types that travel in the tests; none of them needs the archive's header.
namespace sectile::test_types
{
enum class State : std::uint8_t
{
    accepted,
    quarantined
};
constexpr int enumerator_count(State /*type*/)
{
    return 2;
}

enum class Colour : int
{
    red = -7,
    green = 1 << 20
};

struct Candidate
{
    std::int32_t x = 0;
    float excess = 0.0F;
    friend bool operator==(Candidate const&, Candidate const&) = default;
};
void travels_as_bytes(Candidate const&);

struct Part
{
    bool is_known = false;
    std::string name;
    State state = State::accepted;
    Colour colour = Colour::red;
    friend bool operator==(Part const&, Part const&) = default;
};
inline auto fields(Part& part)
{
    return std::tie(part.is_known, part.name, part.state, part.colour);
}

/// Has one of everything.
class Record
{
  public:
    [[nodiscard]] static Record sample()
    {
        Record record;
        record.id_ = {17};
        record.box_ = {-3, 5, std::int64_t{1} << 40, 9};
        record.angle_ = core::Angle::from_degrees(12.5);
        record.planes_ = {1.0F, -0.0F, 3.5F};
        record.parts_ = {{true, "a", State::quarantined, Colour::green}, {false, "", {}, {}}};
        record.candidates_ = {{1, 2.0F}, {-1, 0.25F}};
        record.gain_ = 0.1;
        record.by_name_ = {{"", {}}, {"long name with \0 inside", {1, 2, 3}}};
        record.range_ = {3, Part{true, "pair", State::accepted, Colour::red}};
        record.edges_ = {std::string("first"), std::string()};
        return record;
    }
    friend bool operator==(Record const&, Record const&) = default;
    friend auto fields(Record& record)
    {
        return std::tie(record.id_, record.box_, record.angle_, record.planes_, record.parts_,
                        record.candidates_, record.gain_, record.airmass_, record.by_name_,
                        record.range_, record.edges_);
    }

  private:
    core::FrameId id_;
    core::Box box_;
    core::Angle angle_;
    std::array<float, 3> planes_{};
    std::vector<Part> parts_;
    std::vector<Candidate> candidates_;
    std::optional<double> gain_;
    std::optional<double> airmass_;
    std::map<std::string, std::vector<std::uint16_t>> by_name_;
    std::pair<int, Part> range_;
    std::array<std::string, 2> edges_;
};
}  // namespace sectile::test_types
