// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <type_traits>

#include "app/option_table.hpp"

namespace sectile::app
{
/// Words of an option and what they mean.
template <class Value>
using Choices = std::vector<std::pair<std::string, Value>>;

template <class Value>
[[nodiscard]] std::vector<std::string> words_of(Choices<Value> const& choices)
{
    std::vector<std::string> words;
    words.reserve(choices.size());
    for (auto const& choice : choices) {
        words.push_back(choice.first);
    }
    return words;
}

/// The meaning of a word; throws BadValue.
template <class Value>
[[nodiscard]] Value meaning_of(std::string const& word, Choices<Value> const& choices,
                               std::vector<std::string> const& later)
{
    for (auto const& choice : choices) {
        if (choice.first == word) {
            return choice.second;
        }
    }
    reject_choice(word, words_of(choices), later);
}

template <class Value>
[[nodiscard]] std::string word_of(Value const& value, Choices<Value> const& choices)
{
    for (auto const& choice : choices) {
        if (choice.second == value) {
            return choice.first;
        }
    }
    throw core::InternalError("an option holds a value that has no name");
}

/// "a|b|c"
[[nodiscard]] inline std::string alternatives(std::vector<std::string> const& words)
{
    std::string text;
    for (std::string const& word : words) {
        text += (text.empty() ? "" : "|") + word;
    }
    return text;
}

/// Fills an option table row by row. `field` is a generic lambda that returns the member an option
/// is about, by reference, for a const and a non-const configuration.
template <class Config>
class TableBuilder
{
  public:
    void section(std::string name, Effect effect)
    {
        section_ = std::move(name);
        effect_ = effect;
    }

    template <class Set, class Get>
    void add(std::string key, std::string value_name, std::string help, Set set, Get get,
             Arity arity = Arity::single)
    {
        OptionInfo info{std::move(key), section_, std::move(value_name), std::move(help), {},
                        arity,          effect_};
        table_.push_back({std::move(info), std::move(set), std::move(get)});
    }

    template <class Field>
    void flag(std::string key, std::string help, Field field)
    {
        add(
            std::move(key), "true|false", std::move(help),
            [field](Config& config, std::string const& text) {
                field(config) = parse_switch(text);
            },
            [field](Config const& config) {
                return std::vector<std::string>{format_switch(field(config))};
            },
            Arity::flag);
    }

    template <class Value, class Field>
    void choice(std::string key, std::string help, Choices<Value> choices, Field field,
                std::vector<std::string> later = {})
    {
        add(
            std::move(key), alternatives(words_of(choices)), std::move(help),
            [=](Config& config, std::string const& text) {
                field(config) = meaning_of(text, choices, later);
            },
            [=](Config const& config) {
                return std::vector<std::string>{word_of(field(config), choices)};
            });
    }

    /// A text out of a fixed set.
    template <class Field>
    void word(std::string key, std::string help, std::vector<std::string> const& words, Field field)
    {
        Choices<std::string> choices;
        choices.reserve(words.size());
        for (std::string const& each : words) {
            choices.emplace_back(each, each);
        }
        choice(std::move(key), std::move(help), std::move(choices), field);
    }

    /// A choice between one word and those of later versions: nothing is to be remembered.
    void single_word(std::string key, std::string help, std::string const& word,
                     std::vector<std::string> later)
    {
        add(
            std::move(key), word, std::move(help),
            [word, later = std::move(later)](Config& /*config*/, std::string const& text) {
                if (text != word) {
                    reject_choice(text, {word}, later);
                }
            },
            [word](Config const& /*config*/) { return std::vector<std::string>{word}; });
    }

    /// A free text; empty is "not given".
    template <class Field>
    void text(std::string key, std::string value_name, std::string help, Field field)
    {
        add(
            std::move(key), std::move(value_name), std::move(help),
            [field](Config& config, std::string const& value) { field(config) = value; },
            [field](Config const& config) {
                auto const& value = field(config);
                return value.empty() ? std::vector<std::string>{} : std::vector<std::string>{value};
            });
    }

    template <class Field>
    void real(std::string key, std::string help, Range range, Field field)
    {
        add(
            std::move(key), "NUMBER", std::move(help),
            [=](Config& config, std::string const& text) {
                double const value = parse_real(text);
                check_range(value, range);
                field(config) = value;
            },
            [=](Config const& config) {
                return std::vector<std::string>{format_real(field(config))};
            });
    }

    template <class Field>
    void integer(std::string key, std::string help, Range range, Field field)
    {
        add(
            std::move(key), "INTEGER", std::move(help),
            [=](Config& config, std::string const& text) {
                std::int64_t const value = parse_integer(text);
                check_range(static_cast<double>(value), range);
                field(config) = static_cast<std::decay_t<decltype(field(config))>>(value);
            },
            [=](Config const& config) {
                return std::vector<std::string>{std::to_string(field(config))};
            });
    }

    [[nodiscard]] std::vector<Option<Config>> take() { return std::move(table_); }

  private:
    std::string section_;
    Effect effect_ = Effect::picture;
    std::vector<Option<Config>> table_;
};
}  // namespace sectile::app
