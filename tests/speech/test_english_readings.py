"""What is written in English, and how it is read."""

from __future__ import annotations

import pytest

from pipeline.speech.normalise import normalise

READINGS = [
    # numbers
    ("0", "zero"),
    ("I have 5 apples", "I have five apples"),
    ("21 and 105", "twenty-one and one hundred and five"),
    ("1,234,567 people", "one million two hundred and thirty-four thousand five hundred and sixty-seven people"),
    ("1000000", "one million"),
    ("3.14", "three point one four"),
    ("0.05", "zero point zero five"),
    ("-5", "minus five"),
    ("It fell to -3.5.", "It fell to minus three point five."),
    ("agent 007", "agent zero zero seven"),
    (
        "12345678901234567",
        "one two three four five six seven eight nine zero one two three four five six seven",
    ),
    ("1,2,3", "one,two,three"),
    ("1st, 2nd, 3rd and 21st", "first, second, third and twenty-first"),
    ("the 100th day", "the one hundredth day"),
    ("1/2 of it", "one half of it"),
    ("3/4 and 7/12", "three quarters and seven twelfths"),
    ("3½ hours", "three and a half hours"),
    ("pages 10-20", "pages ten to twenty"),
    ("pages 10–20", "pages ten to twenty"),
    # dates and years
    ("21/11/2026", "November twenty-first, twenty twenty-six"),
    ("11/21/2026", "November twenty-first, twenty twenty-six"),
    ("3/4/2026", "March fourth, twenty twenty-six"),
    ("2026-11-21", "November twenty-first, twenty twenty-six"),
    ("2026-11-21T14:30:00Z", "November twenty-first, twenty twenty-six, fourteen thirty"),
    ("November 21, 2026", "November twenty-first, twenty twenty-six"),
    ("on Nov 21", "on November twenty-first"),
    ("Nov. 3rd", "November third"),
    ("21 November 2026", "the twenty-first of November, twenty twenty-six"),
    ("the 4th of July", "the fourth of July"),
    ("May 2026", "May twenty twenty-six"),
    ("in 1999", "in nineteen ninety-nine"),
    ("since 2005", "since two thousand and five"),
    ("by 1900", "by nineteen hundred"),
    ("in 1500 cases", "in one thousand five hundred cases"),
    ("2020–2024", "twenty twenty to twenty twenty-four"),
    ("1939-45", "nineteen thirty-nine to forty-five"),
    ("the 1990s", "the nineteen nineties"),
    ("the '80s", "the eighties"),
    # times
    ("at 14:30", "at fourteen thirty"),
    ("2:05 pm", "two oh five P M"),
    ("9:00", "nine o'clock"),
    ("5 p.m. sharp", "five P M sharp"),
    ("open 24/7", "open twenty-four seven"),
    # money
    ("$5.99", "five dollars and ninety-nine cents"),
    ("$1", "one dollar"),
    ("$0.50", "fifty cents"),
    ("€10", "ten euros"),
    ("£3 million", "three million pounds"),
    ("$1.5 billion", "one point five billion dollars"),
    ("$20k", "twenty thousand dollars"),
    ("$5-10", "five to ten dollars"),
    ("10 USD", "ten U S dollars"),
    ("100,000 VND", "one hundred thousand Vietnamese dong"),
    # units
    ("50%", "fifty percent"),
    ("10-20 %", "ten to twenty percent"),
    ("1 km", "one kilometer"),
    ("5km", "five kilometers"),
    ("80 km/h", "eighty kilometers per hour"),
    ("20 m²", "twenty square meters"),
    ("-5 °C", "minus five degrees Celsius"),
    ("16GB", "sixteen gigabytes"),
    ("2.4 GHz", "two point four gigahertz"),
    ("250 ml", "two hundred and fifty milliliters"),
    ("speed in km/h", "speed in kilometers per hour"),
    # words
    ("Mr. Smith and Dr. Jones", "Mister Smith and Doctor Jones"),
    ("fruit, e.g. apples", "fruit, for example apples"),
    ("red, i.e. warm", "red, that is warm"),
    ("cats vs. dogs etc.", "cats versus dogs et cetera."),
    ("No. 5", "number five"),
    ("St. Paul", "Saint Paul"),
    ("the API over HTTP", "the A P I over H T T P"),
    ("the USA and the U.S. and NASA", "the U S A and the U S and NASA"),
    ("two GPUs", "two G P U's"),
    ("HELLO BIG WORLD", "HELLO BIG WORLD"),
    ("Chapter IV", "Chapter four"),
    ("World War II", "World War two"),
    ("Henry VIII", "Henry the eighth"),
    ("XXI century", "twenty-first century"),
    ("I am here", "I am here"),
    # numbers that are names
    ("call (555) 123-4567", "call five five five, one two three, four five six seven"),
    ("+84 912 345 678", "plus eight four, nine one two, three four five, six seven eight"),
    ("Python 3.11.2", "Python three point eleven point two"),
    ("v2.0", "version two point zero"),
    ("192.168.1.1", "one nine two dot one six eight dot one dot one"),
    ("H2O and 5G", "H two O and five G"),
    # the web
    ("see https://www.example.com/a-b.", "see example dot com slash a dash b."),
    ("example.org", "example dot org"),
    ("john.doe@example.com", "john dot doe at example dot com"),
    ("#1 in #music", "number one in hashtag music"),
    # signs
    ("salt & pepper", "salt and pepper"),
    ("1 + 1 = 2", "one plus one equals two"),
    ("he/she", "he slash she"),
    ("x² + 10⁶", "x squared plus ten to the power of six"),
    ("5 < 6", "five is less than six"),
    ("“Hello” — it’s…", '"Hello" - it\'s...'),
    ("well 😀 done\u200b!", "well done!"),
    ("cafe\u0301", "café"),
    ("a\tb\n c", "a b c"),
    ("Nguyễn came", "Nguyễn came"),
]


@pytest.mark.parametrize(("written", "read"), READINGS)
def test_english_is_read_as_people_say_it(written: str, read: str) -> None:
    assert normalise(written, "en").spoken == read
