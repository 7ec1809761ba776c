"""Open a workbook with calamine, sheet by sheet, its faults in our words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import python_calamine as calamine

from harvesters.faults import Unreadable
from harvesters.reading.sheets.tables import Merged, Sheet


def workbook_sheets(path: Path, merged: Mapping[str, tuple[Merged, ...]] | None = None) -> Iterator[Sheet]:
    """The worksheets in order; `merged` names the merged cells of each where the reader does not see them.

    Raises Unreadable for a broken or encrypted workbook.
    """
    try:
        workbook = calamine.CalamineWorkbook.from_path(path)
        for about in workbook.sheets_metadata:
            if about.typ != calamine.SheetTypeEnum.WorkSheet:
                continue
            sheet = workbook.get_sheet_by_name(about.name)
            ranges = tuple(Merged(*start, *end) for start, end in sheet.merged_cell_ranges or [])
            yield Sheet(
                name=about.name,
                hidden=about.visible != calamine.SheetVisibleEnum.Visible,
                rows=sheet.to_python(skip_empty_area=False) if sheet.start else [],
                merged=(merged or {}).get(about.name, ranges),
            )
    except calamine.PasswordError as error:
        raise Unreadable("the workbook is encrypted", "publish it without a password") from error
    except (calamine.CalamineError, OSError) as error:
        raise Unreadable(
            f"the workbook cannot be read ({error})", "open and save it again in Excel"
        ) from error
