"""Vietnamese abbreviations, acronyms by their letters' names, and Roman numerals."""

from __future__ import annotations

import re

from pipeline.speech.normalise import roman
from pipeline.speech.normalise.acronyms import is_spelled
from pipeline.speech.normalise.vietnamese.numbers import cardinal, ordinal

ABBREVIATIONS = {
    "TP.HCM": "Thành phố Hồ Chí Minh",
    "TP. HCM": "Thành phố Hồ Chí Minh",
    "TPHCM": "Thành phố Hồ Chí Minh",
    "Tp.HCM": "Thành phố Hồ Chí Minh",
    "Tp. HCM": "Thành phố Hồ Chí Minh",
    "HCM": "Hồ Chí Minh",
    "HN": "Hà Nội",
    "TP.": "thành phố",
    "Tp.": "thành phố",
    "TP": "thành phố",
    "TX.": "thị xã",
    "TT.": "thị trấn",
    "UBND": "ủy ban nhân dân",
    "HĐND": "hội đồng nhân dân",
    "MTTQ": "Mặt trận Tổ quốc",
    "TTXVN": "Thông tấn xã Việt Nam",
    "CHXHCN": "Cộng hòa xã hội chủ nghĩa",
    "XHCN": "xã hội chủ nghĩa",
    "VN": "Việt Nam",
    "NXB": "nhà xuất bản",
    "TNHH": "trách nhiệm hữu hạn",
    "CTCP": "công ty cổ phần",
    "THPT": "trung học phổ thông",
    "THCS": "trung học cơ sở",
    "ĐHQG": "Đại học Quốc gia",
    "ĐH": "đại học",
    "CĐ": "cao đẳng",
    "CSGT": "cảnh sát giao thông",
    "CAND": "công an nhân dân",
    "QĐND": "quân đội nhân dân",
    "BCH": "ban chấp hành",
    "TW": "trung ương",
    "GD&ĐT": "giáo dục và đào tạo",
    "GDĐT": "giáo dục và đào tạo",
    "KH&CN": "khoa học và công nghệ",
    "CNTT": "công nghệ thông tin",
    "BHXH": "bảo hiểm xã hội",
    "BHYT": "bảo hiểm y tế",
    "GTVT": "giao thông vận tải",
    "PGS.TS.": "phó giáo sư tiến sĩ",
    "PGS.TS": "phó giáo sư tiến sĩ",
    "PGS. TS.": "phó giáo sư tiến sĩ",
    "GS.TS.": "giáo sư tiến sĩ",
    "GS.TS": "giáo sư tiến sĩ",
    "PGS.": "phó giáo sư",
    "GS.": "giáo sư",
    "TS.": "tiến sĩ",
    "ThS.": "thạc sĩ",
    "Ths.": "thạc sĩ",
    "ThS": "thạc sĩ",
    "BS.": "bác sĩ",
    "KS.": "kỹ sư",
    "LS.": "luật sư",
    "NSND": "nghệ sĩ nhân dân",
    "NSƯT": "nghệ sĩ ưu tú",
    "Mr.": "mít tơ",
    "Mrs.": "mít xít",
    "Dr.": "đốc tơ",
    "v.v.": "vân vân",
    "v.v": "vân vân",
    "vv.": "vân vân",
    "tr.": "trang",
    "vd.": "ví dụ",
    "VD:": "ví dụ:",
    "vs.": "với",
    "ĐT:": "điện thoại:",
    "SĐT": "số điện thoại",
    "STT": "số thứ tự",
    "ATGT": "an toàn giao thông",
    "LHQ": "Liên Hợp Quốc",
    "NĐ-CP": "nghị định chính phủ",
    "QĐ-TTg": "quyết định thủ tướng",
    "CLB": "câu lạc bộ",
    "HLV": "huấn luyện viên",
    "BV": "bệnh viện",
    "BS": "bác sĩ",
    "Th.S": "thạc sĩ",
    "BĐS": "bất động sản",
    "KCN": "khu công nghiệp",
    "NHNN": "ngân hàng nhà nước",
    "VN-Index": "vê en in đếch",
    "AI": "ây ai",
    "IT": "ai ti",
    "TV": "ti vi",
    "CEO": "xi i ô",
}
#: Q.1, P.5, TS Nguyễn: only where a number or a name follows.
BEFORE_NAME = {"Q.": "quận", "P.": "phường", "H.": "huyện", "X.": "xã", "Đ.": "đường", "T.": "tỉnh", "Tr.": "trang"} | {
    "TS": "tiến sĩ",
    "GS": "giáo sư",
    "PGS": "phó giáo sư",
}
_NAMES = "a á ớ bê xê đê đê e ê ép giê hát i gi ca e-lờ em en o ô ơ pê quy e-rờ ét tê u ư vê vê-kép ích i dét"
LETTERS = dict(zip("AĂÂBCDĐEÊFGHIJKLMNOÔƠPQRSTUƯVWXYZ", _NAMES.split(), strict=True))
ACRONYM = r"(?<![\w'.])[A-ZĂÂĐÊÔƠƯ]{2,6}(?![^\W\d_])"

ROMAN_AFTER = (
    r"(?:[Tt]hế kỷ|[Tt]hế kỉ|[Cc]hương|[Pp]hần|[Mm]ục|[Tt]ập|[Hh]ồi|[Qq]uyển|[Kk]hóa|[Kk]hoá|[Kk]ỳ|[Cc]ấp|[Ll]oại|[Bb]ậc|"
    r"[Hh]ạng|[Gg]iai đoạn|[Đđ]ại hội|[Đđ]iều|[Bb]ài|[Hh]ọc kỳ|[Vv]òng|[Nn]hóm|[Cc]hiến tranh thế giới|[Tt]hế chiến|"
    r"[Ll]ớp|[Qq]uân khu|[Kk]hu|[Vv]ùng)"
)
NUMERAL = rf"(?P<name>\b{ROMAN_AFTER}(?: thứ)?) (?P<roman>[IVXLCDM]{{1,9}})\b(?!['’.]\w)"
#: "II. Nội dung": the number of a heading.
LIST_NUMERAL = r"\A(?P<roman>[IVX]{1,5})(?=\. \S)"
QUARTER = r"(?P<name>\b[Qq]u[ýí]) (?P<roman>I{1,3}|IV)\b"
RANKED = r"(?P<name>\b[Tt]hứ) (?P<roman>[IVXLCDM]{1,9})\b"
LONE_NUMERAL = r"(?P<name>\b[A-ZĐ][a-z]{1,20}) (?P<roman>[IVX]{2,6})\b"


def expand(match: re.Match[str]) -> str:
    """An abbreviation as its words; where it ends a sentence its dot stays."""
    words = ABBREVIATIONS[match["short"]]
    ends_sentence = match["short"].endswith(".") and not match.string[match.end() : match.end() + 3].strip("\"') \n")
    return f"{words}." if ends_sentence else words


def before_name(match: re.Match[str]) -> str:
    return f"{BEFORE_NAME[match[0]]} "


def numeral(match: re.Match[str]) -> str | None:
    """thế kỷ XXI -> thế kỷ hai mươi mốt."""
    value = roman.value(match["roman"])
    return None if value is None else f"{match['name']} {cardinal(value)}"


def list_numeral(match: re.Match[str]) -> str | None:
    """II. Nội dung -> hai. Nội dung."""
    value = roman.value(match["roman"])
    return None if value is None else cardinal(value)


def ranked(match: re.Match[str]) -> str | None:
    """thứ IV -> thứ tư; thứ I -> thứ nhất."""
    value = roman.value(match["roman"])
    return None if value is None else f"{match['name']} {ordinal(value)}"


def acronym(match: re.Match[str]) -> str | None:
    """GDP -> giê đê pê; words in capitals (among other capitals, or said as words) stay words."""
    if not is_spelled(match):
        return None
    return " ".join(LETTERS[letter] for letter in match[0]).replace("-", " ")
