"""The rules for Prometheus: what the program writes, and tests of theirs that notice every change of a number."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from rule_mutations import EQUIVALENT, RULES, Mutant, mutants, of_settings, rules_of
from rule_plays import TESTS, Judge, outcomes, promtool
from server import REPOSITORY
from test_commands import run

GENERATED = rules_of(RULES.read_text())
ALERTS = [name for name, rule in GENERATED.items() if "alert" in rule]
RUNBOOKS = REPOSITORY / "docs/runbooks"

# A little less and a little more than the default.
SETTINGS = {
    "ALERT_OBJECTIVE": ("99.89", "99.91"),
    "ALERT_ERRORS_MIN": ("2", "4"),
    "ALERT_LOW_TRAFFIC": ("900", "1100"),
    "ALERT_LIMITED_MIN": ("45", "55"),
    "ALERT_LIMITED_FACTOR": ("3.6", "4.4"),
    "ALERT_LIMITED_CLIENTS": ("4", "6"),
    "ALERT_DELIVERY_P99_MS": ("900", "1100"),
    "ALERT_REQUEST_P99_MS": ("900", "1100"),
    "ALERT_SLOW_MIN": ("18", "22"),
    "ALERT_NEAR_LIMIT": ("89", "91"),
    "ALERT_FLUSH_AGE_SECONDS": ("162", "198"),
    "ALERT_GAP_MINUTES": ("4", "6"),
    "ALERT_RESTARTS": ("2", "4"),
    "ALERT_DATABASE_DAYS": ("41", "49"),
    "ALERT_LOGINS": ("18", "22"),
}
# How the server tells, which is nothing to Prometheus.
NOT_IN_RULES = {"ALERT_REPEAT_HOURS": "1", "ALERT_NOTES_PER_HOUR": "1", "ALERT_WEBHOOK_URL": "https://example.com/hook"}

CHANGED_SETTINGS = [(name, value) for name, values in SETTINGS.items() for value in values]
MUTANTS = [mutant for mutant in mutants(GENERATED) if mutant.id not in EQUIVALENT]


def written(directory: Path, *arguments: str, **settings: str) -> str:
    result = run("alerts", "--prometheus", *arguments, directory=directory, **settings)
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout


# The rules


def test_the_rules_are_what_the_program_writes(tmp_path: Path) -> None:
    assert written(tmp_path) == RULES.read_text()


def test_promtool_can_read_the_rules() -> None:
    result = promtool("check", "rules", RULES)
    assert result.returncode == 0, result.stdout
    assert f"{len(GENERATED)} rules found" in result.stdout


def test_rules_lead_to_runbooks_elsewhere(tmp_path: Path) -> None:
    elsewhere = written(tmp_path, "--runbooks", "https://ops.example/runbooks")
    assert elsewhere == RULES.read_text().replace('"docs/runbooks/', '"https://ops.example/runbooks/')


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_has_a_runbook(name: str) -> None:
    page = REPOSITORY / GENERATED[name]["annotations"]["runbook_url"]
    assert page == RUNBOOKS / f"{name}.md"
    assert page.read_text().splitlines()[0] == f"# {name}"


def test_every_runbook_is_an_alerts() -> None:
    assert sorted(path.stem for path in RUNBOOKS.glob("*.md")) == sorted(ALERTS)


# Their tests


@pytest.fixture(scope="module")
def played() -> dict[Path, str]:
    return outcomes(TESTS)


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.name)
def test_promtool_plays_each_alert_through(path: Path, played: dict[Path, str]) -> None:
    assert played[path] == ""


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.name)
def test_a_file_of_tests_is_whole(path: Path) -> None:
    file: dict[str, Any] = yaml.safe_load(path.read_text())
    assert file["rule_files"] == [RULES.name]
    # In another order an alert sees ratios of the step before.
    assert file["group_eval_order"] == [group["name"] for group in yaml.safe_load(RULES.read_text())["groups"]]
    for series in (series for group in file["tests"] for series in group["input_series"]):
        assert isinstance(series["values"], str), f"{series}: 0x10 without quotes is sixteen to YAML"


def test_every_alert_is_seen_firing_and_silent() -> None:
    asked = [
        each
        for path in TESTS
        for group in yaml.safe_load(path.read_text())["tests"]
        for each in group.get("alert_rule_test", [])
    ]
    assert {each["alertname"] for each in asked if each.get("exp_alerts")} == set(ALERTS)
    assert {each["alertname"] for each in asked if not each.get("exp_alerts")} == set(ALERTS)


# What they notice


@pytest.fixture(scope="module")
def survivors(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """All mutants that were asked for are played together."""
    # Other files have parameters of the same names.
    asked = [
        item.callspec.params
        for item in request.session.items
        if item.path == Path(__file__) and hasattr(item, "callspec")
    ]
    folder = tmp_path_factory.mktemp("settings")
    given = [each["mutant"] for each in asked if "mutant" in each]
    for name, value in ((each["name"], each["value"]) for each in asked if "value" in each):
        changed = of_settings(GENERATED, f"{name}={value}", written(folder, **{name: value}))
        assert changed, f"{name} changes no rule"
        given += changed
    return Judge(tmp_path_factory.mktemp("rules")).survivors(given)


def test_every_setting_of_alerts_is_tried(tmp_path: Path) -> None:
    result = run("config", directory=tmp_path)
    names = {line.split()[0] for line in result.stdout.splitlines() if line.startswith("ALERT_")}
    assert names == SETTINGS.keys() | NOT_IN_RULES.keys()
    assert written(tmp_path, **NOT_IN_RULES) == RULES.read_text()


@pytest.mark.parametrize(("name", "value"), CHANGED_SETTINGS, ids=["=".join(each) for each in CHANGED_SETTINGS])
def test_another_setting_is_noticed(name: str, value: str, survivors: set[str]) -> None:
    assert [each for each in survivors if each.startswith(f"{name}={value} in ")] == []


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.id)
def test_a_change_is_noticed(mutant: Mutant, survivors: set[str]) -> None:
    assert mutant.id not in survivors


def test_what_means_the_same_is_listed_once() -> None:
    every = {mutant.id for mutant in mutants(GENERATED)}
    assert EQUIVALENT.keys() <= every, "a rule has changed: look at it again"
