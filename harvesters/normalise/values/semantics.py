"""Recognise what the values of a column name: a legal dong, a telephone, a stop, a link of the roads."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from harvesters.normalise.values.cells import NULL_MARKERS
from schemas.dataset import Semantic

Mask = npt.NDArray[np.bool_]
Counts = npt.NDArray[np.int64]

_MOST = 0.95

# The first two digits of a code of the Ministry of the Interior; Gangwon and Jeonbuk got new ones in 2023/24.
_SIDO = "(?:11|26|27|28|29|30|31|36|41|42|43|44|45|46|47|48|50|51|52)"
_PHONE = r"^\(?(?:0\d{1,3}\)?[-.) ]?\d{3,4}|1\d{3})[-. ]?\d{4}(?:[~,/;( ].*)?$"
_ROAD = r"\S+(?:로|길|거리)\s*(?:\d+번길\s*|\d+길\s*)?(?:지하\s*)?\d+"
_LOT = r"\S*(?:동|리|가|읍|면|로)\d*\s+(?:산\s*)?\d+|\S*(?:동|리|가|읍|면)$"


@dataclass(frozen=True)
class Meaning:
    """What a heading must say and a value look like."""

    named: str
    written: str


# Codes: Ministry of the Interior (10 digits, 5 of a district), Statistics Korea (7 or 8 of a dong), ITS Korea
# (10 of a link or node), Road Name Address Act (12 of a road, 25 of a building), cadastre (PNU, 19).
MEANINGS: dict[Semantic, Meaning] = {
    "legal_dong_code": Meaning(
        r"법정동\s*코드|(?:^|_)(?:bjd|ldong|lgdng)|emd_?cd", rf"^{_SIDO}\d{{3}}(?:\d{{3}}|\d{{5}})$"
    ),
    "admin_dong_code": Meaning(
        r"행정동\s*코드|행정기관\s*코드|행정구역\s*코드|adm_?(?:dr_?)?cd|h_?code", r"^\d{7,8}$|^\d{10}$"
    ),
    "district_code": Meaning(
        r"시군구\s*코드|자치구\s*코드|sgg(?:_?cd)?$|sig_?cd|signgu_?(?:cd|code)", r"^\d{5}$"
    ),
    "province_code": Meaning(r"시도\s*코드|ctprvn_?cd|sido_?cd|^sido$", r"^\d{2}$"),
    "phone": Meaning(r"전화|연락처|문의처|팩스|phone|(?:^|_)(?:tel|fax)", _PHONE),
    "business_number": Meaning(r"사업자\s*(?:등록)?\s*번호|brno|biz_?(?:reg_?)?no", r"^\d{3}-?\d{2}-?\d{5}$"),
    "postcode": Meaning(r"우편\s*번호|zip|post_?(?:al_?)?code", r"^\d{5}$|^\d{3}-?\d{3}$"),
    "road_address": Meaning(r"도로명\s*(?:전체)?\s*주소|rdnm_?adr|road_?addr", _ROAD),
    "lot_address": Meaning(r"지번\s*(?:전체)?\s*주소|lnm_?adr|lot_?addr", _LOT),
    "ars_id": Meaning(
        r"(?:^|[^a-z])ars(?![a-z]{4})|단축\s*아이디|모바일\s*(?:단축)?\s*번호",
        r"^\d{5}$|^\d{2}-\d{3}$|^\d{7}$",
    ),
    "link_id": Meaning(r"링크\s*(?:id|아이디)|link_?(?:id|idntfr)", r"^\d{10}$"),
    "node_id": Meaning(r"노드\s*(?:id|아이디)|node_?(?:id|idntfr)", r"^\d{10}$"),
    "road_code": Meaning(r"도로명\s*(?:주소)?\s*코드|rn_?cd", r"^\d{12}$"),
    "parcel_code": Meaning(r"(?:^|_)pnu|지번\s*코드|필지\s*(?:고유)?\s*번호", r"^\d{19}$"),
    "building_code": Meaning(r"건물\s*관리\s*번호|bd_?mgt_?sn", r"^\d{25}$"),
    "email": Meaning(r"이메일|e-?mail", r"^[^@\s]+@[^@\s]+\.[^@\s]+$"),
    "url": Meaning(
        r"홈페이지|누리집|url|homepage|web_?site", r"^(?:https?://|www\.)\S+$|^[\w-]+(?:\.[\w-]+)+(?:/\S*)?$"
    ),
}


def named(heading: str) -> list[Semantic]:
    """What a heading promises, the surest first."""
    return [kind for kind, meaning in MEANINGS.items() if re.search(meaning.named, heading, re.IGNORECASE)]


def recognise(pieces: Iterable[pa.ChunkedArray], heading: str) -> Semantic | None:
    """What the heading promises and at least 95 of 100 values keep, over all pieces; None where none is."""
    kinds = named(heading)
    if not kinds:
        return None
    written, fitting = 0, dict.fromkeys(kinds, 0)
    for values in pieces:
        texts, counts = _texts(values)
        written += counts.sum()
        for kind in kinds:
            fitting[kind] += counts[_fits(texts, kind)].sum()
    return next((kind for kind in kinds if written and fitting[kind] >= _MOST * written), None)


def _texts(values: pa.ChunkedArray) -> tuple[pa.Array, Counts]:
    """The different texts that are written, and how often each is."""
    kind = values.type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_integer(kind)):
        return pa.array([], pa.string()), np.zeros(0, np.int64)
    found = pc.value_counts(values)
    texts, counts = found.field("values").cast(pa.string()), found.field("counts")
    marks = pc.or_(pc.is_null(texts), pc.is_in(texts, NULL_MARKERS))
    kept = pc.invert(marks)
    return texts.filter(kept), counts.filter(kept).to_numpy()


def _fits(texts: pa.Array, kind: Semantic) -> Mask:
    matches: Mask = pc.match_substring_regex(texts, MEANINGS[kind].written).to_numpy(zero_copy_only=False)
    if kind == "business_number":
        matches[matches] = _checked(texts.filter(pa.array(matches)))
    return matches


def _checked(numbers: pa.Array) -> Mask:
    """Whether the last digit of a business registration number is that of the first nine.

    National Tax Service: weights 1 3 7 1 3 7 1 3 5, and the tens of the last product added.
    """
    plain = pc.replace_substring(numbers, "-", "").to_numpy(zero_copy_only=False).astype("U10")
    digits = (
        plain.view("U1").reshape(len(plain), 10).astype(np.int64) if len(plain) else np.zeros((0, 10), int)
    )
    total = digits[:, :9] @ np.array([1, 3, 7, 1, 3, 7, 1, 3, 5]) + digits[:, 8] * 5 // 10
    return np.asarray((10 - total % 10) % 10 == digits[:, 9])
