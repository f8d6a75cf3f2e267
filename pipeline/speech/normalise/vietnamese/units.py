"""Vietnamese units of measure after a number."""

from __future__ import annotations

import re

from pipeline.speech.normalise.vietnamese.numbers import number

UNITS = {
    "km/h": "ki lô mét trên giờ",
    "km/giờ": "ki lô mét trên giờ",
    "m/s²": "mét trên giây bình phương",
    "m/s": "mét trên giây",
    "km²": "ki lô mét vuông",
    "km2": "ki lô mét vuông",
    "cm²": "xen ti mét vuông",
    "cm2": "xen ti mét vuông",
    "mm²": "mi li mét vuông",
    "m²": "mét vuông",
    "m2": "mét vuông",
    "cm³": "xen ti mét khối",
    "cm3": "xen ti mét khối",
    "m³": "mét khối",
    "m3": "mét khối",
    "km": "ki lô mét",
    "dm": "đề xi mét",
    "cm": "xen ti mét",
    "mm": "mi li mét",
    "nm": "na nô mét",
    "μm": "mi crô mét",
    "m": "mét",
    "ha": "héc ta",
    "kg": "ki lô gam",
    "mg": "mi li gam",
    "g": "gam",
    "lít": "lít",
    "ml": "mi li lít",
    "mL": "mi li lít",
    "l": "lít",
    "L": "lít",
    "°C": "độ xê",
    "°F": "độ ép",
    "°": "độ",
    "kWh": "ki lô oát giờ",
    "kW": "ki lô oát",
    "MW": "mê ga oát",
    "W": "oát",
    "kV": "ki lô vôn",
    "V": "vôn",
    "mAh": "mi li am pe giờ",
    "kHz": "ki lô héc",
    "MHz": "mê ga héc",
    "GHz": "gi ga héc",
    "Hz": "héc",
    "kB": "ki lô bai",
    "KB": "ki lô bai",
    "MB": "mê ga bai",
    "GB": "gi ga bai",
    "TB": "tê ra bai",
    "Mbps": "mê ga bít trên giây",
    "Gbps": "gi ga bít trên giây",
    "kbps": "ki lô bít trên giây",
    "dB": "đề xi ben",
    "fps": "khung hình trên giây",
    "ms": "mi li giây",
    "s": "giây",
    "h": "giờ",
    "kcal": "ki lô ca lo",
    "%": "phần trăm",
    "‰": "phần nghìn",
}
UNIT = f"(?:{'|'.join(re.escape(unit) for unit in sorted(UNITS, key=len, reverse=True))})(?![\\w²³])"

#: Clear without a number before them: "in km/h".
ALONE = r"(?<!\w)(?:km/h|m/s|km²|m²|m³|km|kg|cm|mm|ml|kWh|kW|MHz|GHz|GB|MB|TB|KB|Mbps|Gbps|°C|°F)(?![\w²³])"


def measure(match: re.Match[str]) -> str:
    """80 km/h -> tám mươi ki lô mét trên giờ; 10-20% -> mười đến hai mươi phần trăm."""
    unit = UNITS[match["unit"]]
    if match["to"]:
        return f"{number(match['amount'])} đến {number(match['to'])} {unit}"
    return f"{number(match['amount'])} {unit}"


def per(match: re.Match[str]) -> str:
    """đồng/kg -> đồng trên ki lô gam: a unit after a stroke."""
    return f" trên {UNITS[match['unit']]}"


def name(match: re.Match[str]) -> str:
    """A unit that stands alone."""
    return UNITS[match[0]]
