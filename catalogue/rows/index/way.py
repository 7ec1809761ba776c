"""The way to a page: the index along which its rows are met in their order, testing them as one goes."""

from __future__ import annotations

from dataclasses import dataclass

from catalogue.rows.engines import sql
from catalogue.rows.index.few import MERGED, Values
from catalogue.rows.question.plan import Plan
from catalogue.rows.question.tree import Checked, leaves, tested

MERGED_TESTS = 1_000
"""Tests in all that walking values side by side may write."""


@dataclass(frozen=True)
class Way:
    """`lead`, a test of one or several values each of whose rows an index holds in the order asked for, None
    where the order is all there is to walk along; and `hidden`, the columns whose indexes lead astray.
    """

    lead: Checked | None = None
    hidden: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.lead or self.hidden)

    def leads(self) -> list[Checked]:
        """The same test as one of each value: their rows are merged as they are met."""
        if self.lead is None or not isinstance(self.lead.value, tuple):
            return [self.lead] if self.lead else []
        return [Checked(self.lead.column, "eq", value) for value in dict.fromkeys(self.lead.value)]


def way(plan: Plan, values: Values, indexed: frozenset[tuple[str, str]]) -> Way:
    """How to meet the rows of a page in their order; no way where finding and sorting them takes less.

    `indexed` names the first and the second column of each index, which ends with the position. SQLite by
    itself would rather look up all rows of a frequent code and sort them for one page.
    """
    order = [sql.name(plan.snapshot, column) for column, _ in plan.order] or ["pos"]
    if plan.places or order[0] not in {"pos", *(first for first, _ in indexed)}:
        return Way()
    equal = [node for node in plan.conditions if isinstance(node, Checked) and _is_equality(node)]
    leads = [node for node in equal if (values.name(node.column), order[0]) in indexed and _few(plan, node)]
    lead = min(leads, key=lambda node: values.rows(node) or 0) if len(leads) > 1 else next(iter(leads), None)
    if lead is None and any(_is_rare(plan, values.rows(node)) for node in equal):
        return Way()
    others = {values.name(column) for column in tested(plan.conditions) if not column.key} - set(order)
    if not plan.order:
        others &= values.names
    return Way(lead, frozenset(others - ({values.name(lead.column)} if lead else set())))


def _is_equality(node: Checked) -> bool:
    return node.operator in ("eq", "in") and not node.folded


def _few(plan: Plan, lead: Checked) -> bool:
    """Whether the values of a test are few enough to be walked side by side."""
    if not isinstance(lead.value, tuple):
        return True
    tests = sum(
        len(leaf.value) if isinstance(leaf, Checked) and isinstance(leaf.value, tuple) else 1
        for leaf in leaves(plan.conditions)
    )
    return 0 < len(lead.value) <= MERGED and len(lead.value) * tests <= MERGED_TESTS


def _is_rare(plan: Plan, rows: int | None) -> bool:
    """Whether so many rows are found and sorted before a page of them is met on a walk through all."""
    return rows is not None and rows**2 <= (plan.limit + plan.offset) * plan.snapshot.rows
