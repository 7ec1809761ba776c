"""Units read as people write them."""

import pytest

from gateway.portal.units import readable


@pytest.mark.parametrize(
    ("code", "written"),
    [
        ("ug/m3", "µg/m³"),
        ("km/h", "km/h"),
        ("m2", "m²"),
        ("Cel", "°C"),
        ("deg", "°"),
        ("[ppm]", "ppm"),
        ("%", "%"),
        ("kWh", "kWh"),
        ("m.s-2", "m·s⁻²"),
        ("{vehicle}/h", "vehicle/h"),
        ("1", ""),
        ("", ""),
        (None, ""),
        ("대/시", "대/시"),
        ("<b>", "<b>"),
    ],
)
def test_a_unit_is_written_by_its_sign(code: str | None, written: str) -> None:
    assert readable(code) == written
