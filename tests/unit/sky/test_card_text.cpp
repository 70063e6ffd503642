// SPDX-License-Identifier: BSD-3-Clause
#include <string>

#include <gtest/gtest.h>

#include "sectile/sky/card_text.hpp"

namespace sectile::sky
{
namespace
{
std::string card(std::string text)
{
    text.resize(80, ' ');
    return text;
}

TEST(CardText, GivesBackWhatItWasGiven)
{
    for (std::string const& text :
         {std::string{}, std::string(" "), std::string(1000, ' '),
          card("CTYPE1  = 'RA---TAN-SIP'") + card("CRVAL1  =   1.798165159571E+02 / [deg] middle"),
          card("OBJECT  = 'caf\xe9 ''  '") + card(""), std::string("\x01 \x80  \xff", 6),
          std::string("\0  a", 4), card("A_0_2   =  1.5E-06") + "END"}) {
        CardText const cards(text);

        EXPECT_EQ(cards.text(), text);
        EXPECT_EQ(CardText(cards.text()), cards);
        EXPECT_EQ(cards.empty(), text.empty());
    }
}

TEST(CardText, TellsDifferentTextsApart)
{
    EXPECT_FALSE(CardText("a  b") == CardText("a b"));
    EXPECT_FALSE(CardText(std::string(127, ' ')) == CardText(std::string(128, ' ')));
    EXPECT_FALSE(CardText() == CardText(" "));
}

TEST(CardText, HoldsNoneOfTheBlanks)
{
    CardText const cards(card("CRPIX1  =                960.5") +
                         card("CRPIX2  =                540.5"));

    EXPECT_EQ(cards.packed_size(), 2 * std::string("CRPIX1_=_960.5_").size());
}
}  // namespace
}  // namespace sectile::sky
