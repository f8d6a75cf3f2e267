"""What is written in Vietnamese, and how it is read (northern standard)."""

from __future__ import annotations

import pytest

from pipeline.speech.normalise import normalise
from pipeline.speech.normalise.vietnamese.numbers import cardinal

NUMBERS = [
    (0, "không"),
    (5, "năm"),
    (10, "mười"),
    (11, "mười một"),
    (14, "mười bốn"),
    (15, "mười lăm"),
    (20, "hai mươi"),
    (21, "hai mươi mốt"),
    (24, "hai mươi tư"),
    (25, "hai mươi lăm"),
    (55, "năm mươi lăm"),
    (100, "một trăm"),
    (101, "một trăm linh một"),
    (104, "một trăm linh bốn"),
    (105, "một trăm linh năm"),
    (110, "một trăm mười"),
    (115, "một trăm mười lăm"),
    (121, "một trăm hai mươi mốt"),
    (1000, "một nghìn"),
    (1005, "một nghìn không trăm linh năm"),
    (1010, "một nghìn không trăm mười"),
    (1100, "một nghìn một trăm"),
    (2026, "hai nghìn không trăm hai mươi sáu"),
    (10_000, "mười nghìn"),
    (21_000, "hai mươi mốt nghìn"),
    (100_000, "một trăm nghìn"),
    (1_000_000, "một triệu"),
    (1_000_005, "một triệu không trăm linh năm"),
    (1_005_000, "một triệu không trăm linh năm nghìn"),
    (1_234_567, "một triệu hai trăm ba mươi tư nghìn năm trăm sáu mươi bảy"),
    (1_000_000_000, "một tỷ"),
    (2_000_000_001, "hai tỷ không trăm linh một"),
    (10**15, "một triệu tỷ"),
    (-5, "âm năm"),
]

READINGS = [
    # numbers
    ("1.234.567 người", "một triệu hai trăm ba mươi tư nghìn năm trăm sáu mươi bảy người"),
    ("1,234,567 người", "một triệu hai trăm ba mươi tư nghìn năm trăm sáu mươi bảy người"),
    ("1.500 con", "một nghìn năm trăm con"),
    ("3,14", "ba phẩy mười bốn"),
    ("3.14", "ba phẩy mười bốn"),
    ("0,5", "không phẩy năm"),
    ("2,05", "hai phẩy không năm"),
    ("3,1415", "ba phẩy một bốn một năm"),
    ("1.234,5", "một nghìn hai trăm ba mươi tư phẩy năm"),
    ("-5", "âm năm"),
    ("thứ 1", "thứ nhất"),
    ("thứ 2", "thứ hai"),
    ("lần thứ 4", "lần thứ tư"),
    ("1/2", "một phần hai"),
    ("3/4", "ba phần tư"),
    ("10-20 người", "mười đến hai mươi người"),
    ("tỷ số 3-1", "tỷ số ba một"),
    ("thắng 0-2", "thắng không hai"),
    ("mật khẩu 007", "mật khẩu không không bảy"),
    # dates
    ("ngày 21/11/2026", "ngày hai mươi mốt tháng mười một năm hai nghìn không trăm hai mươi sáu"),
    ("21/11/2026", "ngày hai mươi mốt tháng mười một năm hai nghìn không trăm hai mươi sáu"),
    ("21-11-2026", "ngày hai mươi mốt tháng mười một năm hai nghìn không trăm hai mươi sáu"),
    ("2026-11-21", "ngày hai mươi mốt tháng mười một năm hai nghìn không trăm hai mươi sáu"),
    ("ngày 21/11", "ngày hai mươi mốt tháng mười một"),
    ("ngày 2/9", "ngày mùng hai tháng chín"),
    ("mùng 2/9", "mùng hai tháng chín"),
    ("ngày 30 tháng 4 năm 1975", "ngày ba mươi tháng tư năm một nghìn chín trăm bảy mươi lăm"),
    ("ngày 5 tháng 4", "ngày mùng năm tháng tư"),
    ("tháng 11/2026", "tháng mười một năm hai nghìn không trăm hai mươi sáu"),
    ("tháng 4", "tháng tư"),
    ("năm 2005", "năm hai nghìn không trăm linh năm"),
    ("2020–2024", "hai nghìn không trăm hai mươi đến hai nghìn không trăm hai mươi tư"),
    # times
    ("lúc 14:30", "lúc mười bốn giờ ba mươi phút"),
    ("9h30", "chín giờ ba mươi phút"),
    ("14h", "mười bốn giờ"),
    ("8h00", "tám giờ"),
    ("14:30:05", "mười bốn giờ ba mươi phút năm giây"),
    ("9h-11h30", "chín giờ đến mười một giờ ba mươi phút"),
    ("7g30", "bảy giờ ba mươi phút"),
    ("dịp 30/4", "dịp ba mươi tháng tư"),
    ("số 12/5", "số mười hai trên năm"),
    ("ngày 2-9-1945", "ngày mùng hai tháng chín năm một nghìn chín trăm bốn mươi lăm"),
    # money
    ("100-200k", "một trăm đến hai trăm nghìn"),
    ("5-10 USD", "năm đến mười đô la Mỹ"),
    ("2tr5", "hai triệu rưỡi"),
    ("100.000 đ", "một trăm nghìn đồng"),
    ("100.000đ", "một trăm nghìn đồng"),
    ("100.000 VNĐ", "một trăm nghìn đồng"),
    ("5 triệu đồng", "năm triệu đồng"),
    ("1.5 tỷ", "một phẩy năm tỷ"),
    ("1,5 tỷ đồng", "một phẩy năm tỷ đồng"),
    ("$5.99", "năm phẩy chín mươi chín đô la"),
    ("10 USD", "mười đô la Mỹ"),
    ("€10", "mười ơ rô"),
    ("50k", "năm mươi nghìn"),
    ("20.000đ/kg", "hai mươi nghìn đồng trên ki lô gam"),
    # units
    ("50%", "năm mươi phần trăm"),
    ("10-20%", "mười đến hai mươi phần trăm"),
    ("80 km/h", "tám mươi ki lô mét trên giờ"),
    ("1,5 km", "một phẩy năm ki lô mét"),
    ("50 m²", "năm mươi mét vuông"),
    ("5kg", "năm ki lô gam"),
    ("37 °C", "ba mươi bảy độ xê"),
    ("16 GB", "mười sáu gi ga bai"),
    ("100 MHz", "một trăm mê ga héc"),
    ("250 ml", "hai trăm năm mươi mi li lít"),
    ("10 ha", "mười héc ta"),
    # words
    ("TP.HCM", "Thành phố Hồ Chí Minh"),
    ("TP. Hà Nội", "thành phố Hà Nội"),
    ("UBND", "ủy ban nhân dân"),
    ("PGS.TS. Nam", "phó giáo sư tiến sĩ Nam"),
    ("ThS. Lan", "thạc sĩ Lan"),
    ("Q.1", "quận một"),
    ("P. Bến Nghé", "phường Bến Nghé"),
    ("cam, quýt v.v.", "cam, quýt vân vân."),
    ("GDP", "giê đê pê"),
    ("USD và ASEAN", "u ét đê và ASEAN"),
    ("giao thức HTTP", "giao thức hát tê tê pê"),
    ("VIỆT NAM", "VIỆT NAM"),
    ("thế kỷ XXI", "thế kỷ hai mươi mốt"),
    ("chương IV", "chương bốn"),
    ("quý III", "quý ba"),
    ("lần thứ XIII", "lần thứ mười ba"),
    ("dùng machine learning", "dùng machine learning"),
    # numbers that are names
    ("0912345678", "không chín một hai ba bốn năm sáu bảy tám"),
    ("0912 345 678", "không chín một hai, ba bốn năm, sáu bảy tám"),
    ("+84 912 345 678", "cộng tám bốn, chín một hai, ba bốn năm, sáu bảy tám"),
    ("phiên bản 3.11.2", "phiên bản ba chấm mười một chấm hai"),
    # the web
    ("https://vnexpress.net/tin-moi", "vnexpress chấm net gạch chéo tin gạch ngang moi"),
    ("nam@gmail.com", "nam a còng gmail chấm com"),
    # signs
    ("10^6", "mười mũ sáu"),
    ("tỷ lệ 1:1000", "tỷ lệ một trên một nghìn"),
    ("~100 người", "khoảng một trăm người"),
    ("5,5%/năm", "năm phẩy năm phần trăm trên năm"),
    ("anh & em", "anh và em"),
    ("1 + 1 = 2", "một cộng một bằng hai"),
    ("và/hoặc", "và, hoặc"),
    ("x²", "x bình phương"),
    ("“Chào” – anh nói…", '"Chào" - anh nói...'),
    ("tốt 👍🏽 lắm", "tốt lắm"),
    ("Tie\u0302\u0301ng Vie\u0323\u0302t", "Tiếng Việt"),
]


@pytest.mark.parametrize(("value", "read"), NUMBERS)
def test_numbers_are_read_in_the_northern_standard(value: int, read: str) -> None:
    assert cardinal(value) == read


@pytest.mark.parametrize(("written", "read"), READINGS)
def test_vietnamese_is_read_as_people_say_it(written: str, read: str) -> None:
    assert normalise(written, "vi").spoken == read
