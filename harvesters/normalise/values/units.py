"""Units of measure as cities write them, their UCUM codes, and the way from one to another."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from schemas.problem import did_you_mean


@dataclass(frozen=True)
class Unit:
    """A unit: its UCUM code, the quantity it measures, and how many of the quantity's own unit it is.

    A value in it is `value * factor + zero` of the first unit of the quantity.
    """

    code: str
    quantity: str
    factor: float = 1.0
    zero: float = 0.0


class UnknownUnit(LookupError):
    """Nobody here knows a unit of that name; `hint` names the nearest."""

    def __init__(self, written: str) -> None:
        self.written = written
        self.hint = did_you_mean(written, sorted(_SPELLINGS))
        super().__init__(f"there is no unit {written!r}; {self.hint}")


class OtherQuantity(ValueError):
    """The units measure different things."""

    def __init__(self, one: Unit, other: Unit) -> None:
        same = sorted(unit.code for unit in _UNITS if unit.quantity == other.quantity)
        self.hint = f"{other.code} can be made of {', '.join(same)}"
        super().__init__(
            f"{one.code} measures {one.quantity} and {other.code} measures {other.quantity}; {self.hint}"
        )


# Factors that are no powers of ten: mile and knot by the agreement of 1959 and the conference of 1929, pyeong
# of six by six ja of 10/33 m (Weights and Measures Act of 1909), toe by the IEA, calorie and atmosphere by
# ISO 80000, degrees Fahrenheit by ITS-90's definition of Celsius. The rest are decimal or of the calendar.
_PYEONG = (6 * 10 / 33) ** 2

_UNITS: dict[Unit, str] = {
    Unit("m", "length"): "m 미터 meter metre",
    Unit("km", "length", 1e3): "km 킬로미터",
    Unit("cm", "length", 1e-2): "cm 센티미터",
    Unit("mm", "length", 1e-3): "mm 밀리미터",
    Unit("[mi_i]", "length", 1609.344): "mi mile 마일",
    Unit("m2", "area"): "m2 m^2 ㎡ 제곱미터 평방미터 sqm",
    Unit("km2", "area", 1e6): "km2 km^2 ㎢ 제곱킬로미터",
    Unit("har", "area", 1e4): "ha 헥타르 har",
    Unit("{pyeong}", "area", _PYEONG): "평 pyeong",
    Unit("m3", "volume"): "m3 m^3 ㎥ 세제곱미터 루베",
    Unit("L", "volume", 1e-3): "l 리터 ℓ liter litre",
    Unit("kg", "mass"): "kg ㎏ 킬로그램",
    Unit("g", "mass", 1e-3): "g 그램",
    Unit("t", "mass", 1e3): "t 톤 ton tonne",
    Unit("km/h", "speed"): "km/h kmh kph km/hr ㎞/h 시속",
    Unit("m/s", "speed", 3.6): "m/s ㎧ mps m/sec",
    Unit("[mi_i]/h", "speed", 1.609344): "mph mi/h mile/h",
    Unit("[kn_i]", "speed", 1.852): "kt kn knot 노트",
    Unit(
        "ug/m3", "concentration"
    ): "ug/m3 ug/m^3 μg/m3 µg/m3 ㎍/㎥ ㎍/m3 ug/㎥ μg/㎥ µg/㎥ 마이크로그램/세제곱미터",
    Unit("mg/m3", "concentration", 1e3): "mg/m3 mg/m^3 ㎎/㎥ mg/㎥ ㎎/m3",
    Unit("[ppm]", "share by parts", 1e-4): "ppm",
    Unit("[ppb]", "share by parts", 1e-7): "ppb",
    Unit("%", "share by parts"): "% 퍼센트 percent ％ 프로",
    Unit("kWh", "energy"): "kwh 킬로와트시 kw·h",
    Unit("Wh", "energy", 1e-3): "wh",
    Unit("MWh", "energy", 1e3): "mwh 메가와트시",
    Unit("GWh", "energy", 1e6): "gwh",
    Unit("MJ", "energy", 1 / 3.6): "mj",
    Unit("GJ", "energy", 1e3 / 3.6): "gj",
    Unit("Gcal", "energy", 4184 / 3.6): "gcal",
    Unit("{toe}", "energy", 41868 / 3.6): "toe",
    Unit("kW", "power"): "kw 킬로와트",
    Unit("W", "power", 1e-3): "w",
    Unit("MW", "power", 1e3): "mw 메가와트",
    Unit("Cel", "temperature"): "℃ °c cel 섭씨 도씨",
    Unit("[degF]", "temperature", 5 / 9, -160 / 9): "℉ °f degf 화씨",
    Unit("K", "temperature", 1.0, -273.15): "k 켈빈",
    Unit("hPa", "pressure"): "hpa 헥토파스칼 mbar",
    Unit("kPa", "pressure", 10.0): "kpa",
    Unit("atm", "pressure", 1013.25): "atm 기압",
    Unit("dB", "level"): "db ㏈ 데시벨",
    Unit("deg", "angle"): "deg ° degree",
    Unit("{KRW}", "money"): "원 krw won ₩",
    Unit("10*3.{KRW}", "money", 1e3): "천원 1000원",
    Unit("10*6.{KRW}", "money", 1e6): "백만원",
    Unit("10*8.{KRW}", "money", 1e8): "억원",
    Unit("{vehicle}", "vehicles"): "대 veh vehicle vehicles {vehicle}",
    Unit("{person}", "people"): "명 인 persons people {person}",
    Unit("{household}", "households"): "가구 세대 {household}",
    Unit("1", "count"): "1 개 건 개소 곳 회 면 실 석 동 {count}",
    Unit("s", "time"): "s 초 sec second seconds",
    Unit("ms", "time", 1e-3): "ms 밀리초",
    Unit("min", "time", 60.0): "min 분 minute minutes",
    Unit("h", "time", 3600.0): "h hr hour hours 시간",
    Unit("d", "time", 86400.0): "d day days 일",
}

_BRACKET = re.compile(r"[(\[〔【]([^()\[\]〔〕【】]+)[)\]〕】]")


def _plain(written: str) -> str:
    return re.sub(r"\s+", "", unicodedata.normalize("NFC", written)).casefold()


# Spellings that also say something else behind a number: 3일 is a day of a month, 5동 a building.
_WORDS = frozenset({"일", "시간", "분", "동", "회", "면", "실", "d", "h", "k", "t", "g", "l", "w", "s"})
_SPELLINGS: dict[str, Unit] = {
    _plain(spelling): unit
    for unit, spellings in _UNITS.items()
    for spelling in (unit.code, *spellings.split(" "))
}


def unit_named(written: str) -> Unit:
    """The unit of a spelling such as `㎍/㎥`, `km/h`, `천원`; raises UnknownUnit.

    What stands in braces is counted, whatever it is: `{dock}`.
    """
    if re.fullmatch(r"\{[^{}]+\}", written) and _plain(written) not in _SPELLINGS:
        return Unit(written, "count")
    try:
        return _SPELLINGS[_plain(written)]
    except KeyError:
        raise UnknownUnit(written) from None


def unit_behind(suffix: str) -> Unit | None:
    """The unit that a number may have behind it; None for what may be a counter or part of a code."""
    return None if _plain(suffix) in _WORDS else _SPELLINGS.get(_plain(suffix))


def unit_in_heading(heading: str) -> Unit | None:
    """The unit in the last brackets of a heading such as `공원면적(㎡)` or `속도 [km/h]`."""
    for written in reversed(_BRACKET.findall(heading)):
        unit = _SPELLINGS.get(_plain(written.removeprefix("단위").lstrip(" :")))
        if unit is not None:
            return unit
    return None


def conversion(one: Unit, other: Unit) -> tuple[float, float]:
    """(factor, zero): value * factor + zero turns `one` into `other`; raises OtherQuantity."""
    if one.quantity != other.quantity:
        raise OtherQuantity(one, other)
    return one.factor / other.factor, (one.zero - other.zero) / other.factor
