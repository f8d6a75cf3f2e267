"""English units of measure after a number."""

from __future__ import annotations

import re

from pipeline.speech.normalise.english.numbers import is_one, number

#: written: (one, many)
UNITS: dict[str, tuple[str, str]] = {
    "km/h": ("kilometer per hour", "kilometers per hour"),
    "kph": ("kilometer per hour", "kilometers per hour"),
    "mph": ("mile per hour", "miles per hour"),
    "m/s²": ("meter per second squared", "meters per second squared"),
    "m/s": ("meter per second", "meters per second"),
    "km²": ("square kilometer", "square kilometers"),
    "cm²": ("square centimeter", "square centimeters"),
    "m²": ("square meter", "square meters"),
    "m2": ("square meter", "square meters"),
    "cm³": ("cubic centimeter", "cubic centimeters"),
    "m³": ("cubic meter", "cubic meters"),
    "m3": ("cubic meter", "cubic meters"),
    "km": ("kilometer", "kilometers"),
    "cm": ("centimeter", "centimeters"),
    "mm": ("millimeter", "millimeters"),
    "nm": ("nanometer", "nanometers"),
    "μm": ("micrometer", "micrometers"),
    "m": ("meter", "meters"),
    "ft": ("foot", "feet"),
    "mi": ("mile", "miles"),
    "kg": ("kilogram", "kilograms"),
    "mg": ("milligram", "milligrams"),
    "g": ("gram", "grams"),
    "lbs": ("pound", "pounds"),
    "lb": ("pound", "pounds"),
    "oz": ("ounce", "ounces"),
    "ml": ("milliliter", "milliliters"),
    "mL": ("milliliter", "milliliters"),
    "L": ("liter", "liters"),
    "l": ("liter", "liters"),
    "ha": ("hectare", "hectares"),
    "°C": ("degree Celsius", "degrees Celsius"),
    "°F": ("degree Fahrenheit", "degrees Fahrenheit"),
    "°": ("degree", "degrees"),
    "kWh": ("kilowatt hour", "kilowatt hours"),
    "kW": ("kilowatt", "kilowatts"),
    "MW": ("megawatt", "megawatts"),
    "W": ("watt", "watts"),
    "kV": ("kilovolt", "kilovolts"),
    "V": ("volt", "volts"),
    "mAh": ("milliampere hour", "milliampere hours"),
    "kHz": ("kilohertz", "kilohertz"),
    "MHz": ("megahertz", "megahertz"),
    "GHz": ("gigahertz", "gigahertz"),
    "Hz": ("hertz", "hertz"),
    "kB": ("kilobyte", "kilobytes"),
    "KB": ("kilobyte", "kilobytes"),
    "MB": ("megabyte", "megabytes"),
    "GB": ("gigabyte", "gigabytes"),
    "TB": ("terabyte", "terabytes"),
    "GiB": ("gibibyte", "gibibytes"),
    "MiB": ("mebibyte", "mebibytes"),
    "Mbps": ("megabit per second", "megabits per second"),
    "Gbps": ("gigabit per second", "gigabits per second"),
    "kbps": ("kilobit per second", "kilobits per second"),
    "dB": ("decibel", "decibels"),
    "fps": ("frame per second", "frames per second"),
    "px": ("pixel", "pixels"),
    "ms": ("millisecond", "milliseconds"),
    "s": ("second", "seconds"),
    "sec": ("second", "seconds"),
    "secs": ("second", "seconds"),
    "min": ("minute", "minutes"),
    "mins": ("minute", "minutes"),
    "h": ("hour", "hours"),
    "hr": ("hour", "hours"),
    "hrs": ("hour", "hours"),
    "kcal": ("kilocalorie", "kilocalories"),
    "%": ("percent", "percent"),
    "‰": ("per mille", "per mille"),
}
UNIT = f"(?:{'|'.join(re.escape(unit) for unit in sorted(UNITS, key=len, reverse=True))})(?![\\w²³])"

#: Clear without a number before them: "in km/h".
ALONE = r"(?<!\w)(?:km/h|m/s|km²|m²|m³|km|kg|cm|mm|ml|kWh|kW|MHz|GHz|GB|MB|TB|KB|Mbps|Gbps|°C|°F)(?![\w²³])"


def measure(match: re.Match[str]) -> str:
    """5km -> five kilometers, 10-20 % -> ten to twenty percent."""
    one, many = UNITS[match["unit"]]
    if match["to"]:
        return f"{number(match['amount'])} to {number(match['to'])} {many}"
    return f"{number(match['amount'])} {one if is_one(match['amount']) else many}"


def name(match: re.Match[str]) -> str:
    """A unit that stands alone."""
    return UNITS[match[0]][1]
