"""What the hot paths of the release binary may take, in instructions: Benchmarks/Budgets/budgets.json."""

from __future__ import annotations

import sys

import pytest

from server import REPOSITORY

sys.path.append(str(REPOSITORY / "Benchmarks/Budgets"))

from hot_paths import HEALTH, PATHS
from measure_budgets import BINARY, Budgets, Measured, measure


@pytest.fixture(scope="module")
def measured() -> dict[str, Measured]:
    """All of them, by one server under callgrind."""
    return {one.path: one for one in measure(BINARY)}


@pytest.mark.parametrize("path", PATHS)
def test_a_hot_path_takes_what_its_budget_says(path: str, measured: dict[str, Measured]) -> None:
    if complaint := Budgets.read().complaint(measured[path]):
        pytest.fail(complaint, pytrace=False)


def test_every_budget_is_checked() -> None:
    assert set(Budgets.read().instructions) == set(PATHS)


@pytest.mark.parametrize("difference", [-0.06, -0.04, 0.04, 0.06])
def test_five_percent_either_way_are_too_much(difference: float) -> None:
    budgets = Budgets({"Swift": "1.2.3"}, {HEALTH: 10_000})
    complaint = budgets.complaint(Measured(HEALTH, [10_000 * (1 + difference)] * 5))
    if abs(difference) < 0.05:
        assert complaint is None
    else:
        assert complaint is not None
        assert "6.0% " + ("more" if difference > 0 else "fewer") in complaint
        assert "--write" in complaint and "Swift 1.2.3" in complaint
