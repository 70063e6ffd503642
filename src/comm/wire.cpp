// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/comm/wire.hpp"

#include "sectile/core/error.hpp"

namespace sectile::comm::detail
{
namespace
{
[[noreturn]] void fail(std::string const& why)
{
    throw core::InternalError(core::sentence("a message between ranks cannot be read", why));
}
}  // namespace

void fail_too_short(std::uint64_t wanted, char const* what, std::size_t left)
{
    fail("it has " + std::to_string(left) + " bytes left where " + std::to_string(wanted) + " " +
         what);
}

void fail_left_over(std::size_t left)
{
    fail(std::to_string(left) + " bytes are left over");
}

void fail_value(char const* what)
{
    fail(what);
}
}  // namespace sectile::comm::detail
