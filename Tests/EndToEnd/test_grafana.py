"""Dashboards and configuration for Grafana and Prometheus, judged by promtool, amtool and the vocabulary."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from grafana_boards import (
    GRAFANA,
    NAMES,
    TARGET,
    VALUES,
    Expression,
    Matcher,
    expressions,
    load,
    panels,
    read,
    variables_used,
    vocabulary,
)
from server import REPOSITORY

GENERATOR = REPOSITORY / "scripts/build-dashboards"
BOARDS = {name: load(name) for name in NAMES}
EXPRESSIONS = [expression for name, board in BOARDS.items() for expression in expressions(name, board)]
# The objective is one number for all servers, and an alert may be about all of them.
ABOUT_ALL = {"signalbox:server_errors:objective", "ALERTS"}
JOB, INSTANCE = (Matcher(label, "=~", VALUES[label]) for label in ("job", "instance"))


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    program = shutil.which(command[0])
    assert program, f"no {command[0]}: run scripts/setup test"
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def assert_right(result: subprocess.CompletedProcess[str]) -> None:
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_boards_are_what_their_source_makes() -> None:
    assert_right(run(GENERATOR, "--check"))


def test_a_changed_board_is_noticed(tmp_path: Path) -> None:
    assert_right(run(GENERATOR, "--output", tmp_path))
    assert_right(run(GENERATOR, "--output", tmp_path, "--check"))
    path = tmp_path / "relay.json"
    path.write_text(path.read_text().replace("Subscribers", "Subscribed"))
    result = run(GENERATOR, "--output", tmp_path, "--check")
    assert result.returncode == 1
    assert str(path) in result.stderr


def test_links_to_runbooks_lead_where_they_are_kept(tmp_path: Path) -> None:
    assert_right(run(GENERATOR, "--output", tmp_path, "--runbooks", "https://ops.example/runbooks/"))
    variables = json.loads((tmp_path / "alerts.json").read_text())["templating"]["list"]
    assert [each["query"] for each in variables if each["name"] == "runbooks"] == ["https://ops.example/runbooks"]


def test_every_link_to_a_runbook_has_one() -> None:
    linked = set(re.findall(r"\$\{runbooks:raw\}/(Signalbox\w+)\.md", json.dumps(BOARDS)))
    assert len(linked) > 10
    assert {name for name in linked if not (REPOSITORY / f"docs/runbooks/{name}.md").exists()} == set()


def test_promtool_can_read_every_expression(tmp_path: Path) -> None:
    rules = [{"record": f"board:{n}", "expr": each.filled_in} for n, each in enumerate(EXPRESSIONS)]
    # JSON is YAML. One run for all: a message names the rule, whose number tells the panel.
    path = tmp_path / "boards.rules.yml"
    path.write_text(json.dumps({"groups": [{"name": "boards", "rules": rules}]}))
    result = run("promtool", "check", "rules", path)
    places = {f"board:{n}": each.where for n, each in enumerate(EXPRESSIONS)}
    assert result.returncode == 0, f"{result.stdout}{result.stderr}{places}"
    assert f"SUCCESS: {len(rules)} rules found" in result.stdout


def mistakes(expression: Expression) -> Iterator[str]:
    selectors, grouped = read(expression.filled_in)
    labels: set[str] = set()
    for metric, matchers in selectors:
        known = vocabulary().get(metric)
        if known is None:
            yield f"no series {metric}"
            continue
        labels |= set(known)
        for label, operator, value in matchers:
            values = known.get(label, set())
            # A pattern is a list of values in these boards, and one that begins or ends with | is met by none, too.
            asked = set(value.split("|")) - {""} if "~" in operator else {value}
            if values is not None and not asked <= values:
                yield f"no {label} {asked - values} of {metric}"
    for label in (grouped | set(expression.shown)) - labels:
        yield f"no label {label}"


def test_everything_that_is_asked_for_is_counted() -> None:
    assert [(each.where, mistake) for each in EXPRESSIONS for mistake in mistakes(each)] == []


def test_the_reader_of_expressions_finds_mistakes() -> None:
    def of(text: str, *shown: str) -> list[str]:
        return list(mistakes(Expression("", text, list(shown))))

    assert of('sum by (class) (rate(signalbox_http_requests_total{job="a", class=~"4xx|5xx"}[5m]))', "class") == []
    assert of("signalbox_http_request_total") == ["no series signalbox_http_request_total"]
    assert of('signalbox_http_requests_total{code="5xx"}') == ["no code {'5xx'} of signalbox_http_requests_total"]
    assert of('signalbox_http_requests_total{class="500"}') == ["no class {'500'} of signalbox_http_requests_total"]
    assert of("sum by (code) (up)") == of("up", "code") == ["no label code"]
    assert of("1 - up offset 5m / on (le) (process_max_fds > bool 0.5)") == ["no label le"]


def test_every_expression_asks_for_the_chosen_servers() -> None:
    for each in EXPRESSIONS:
        for metric, matchers in read(each.filled_in)[0]:
            chosen = {matcher for matcher in matchers if matcher.label in TARGET}
            if each.where.endswith(": $job"):
                assert chosen == set(), "the first choice depends on no other"
            elif each.where.endswith(": $instance"):
                assert chosen == {JOB}
            elif metric not in ABOUT_ALL:
                assert chosen == {JOB, INSTANCE}, (each.where, metric)


def test_rates_have_an_interval_that_fits_the_scrapes() -> None:
    for each in EXPRESSIONS:
        assert re.search(r"\b(i?rate|i?delta|deriv)\([^[]*\[(?!\$__rate_interval\])", each.text) is None, each


@pytest.mark.parametrize("name", NAMES)
def test_a_board_is_whole(name: str) -> None:
    board = BOARDS[name]
    assert board["schemaVersion"] >= 36, "what Grafana 10 can read without converting much"
    assert board["id"] is None, "Grafana gives the number"
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids))
    titles = [panel["title"] for panel in board["panels"] if panel["type"] == "row"]
    assert len(titles) == len(set(titles)) > 2
    for panel in panels(board):
        assert panel["type"] in {"timeseries", "stat", "table", "geomap", "state-timeline"}
        assert panel["title"] and panel["description"].endswith("."), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        refs = [target["refId"] for target in panel["targets"]]
        assert len(refs) == len(set(refs)) > 0
    declared = {variable["name"] for variable in board["templating"]["list"]}
    assert variables_used(board) <= declared
    assert {"datasource", "job", "instance"} <= declared


def test_boards_are_told_apart() -> None:
    assert len({board["uid"] for board in BOARDS.values()}) == len({board["title"] for board in BOARDS.values()}) == 4


@pytest.mark.parametrize("name", NAMES)
def test_panels_stand_beside_each_other(name: str) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in BOARDS[name]["panels"]:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24, panel["title"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not taken & cells, panel["title"]
        taken |= cells


def datasources(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from (value["datasource"] for _ in range("datasource" in value))
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from datasources(each)


@pytest.mark.parametrize("name", NAMES)
def test_the_datasource_is_chosen_by_the_reader(name: str) -> None:
    board = BOARDS[name]
    [variable] = [each for each in board["templating"]["list"] if each["type"] == "datasource"]
    assert (variable["name"], variable["query"]) == ("datasource", "prometheus")
    for panel in panels(board):
        assert all("datasource" in each for each in [panel, *panel["targets"]]), panel["title"]
    named = {json.dumps(each, sort_keys=True) for each in datasources(board)}
    chosen = {"type": "prometheus", "uid": "${datasource}"}
    # The second holds what readers write onto a board themselves.
    own = {"type": "grafana", "uid": "-- Grafana --"}
    assert named == {json.dumps(each, sort_keys=True) for each in (chosen, own)}


def test_promtool_accepts_the_configuration(tmp_path: Path) -> None:
    shutil.copy(GRAFANA / "prometheus.yml", tmp_path)
    shutil.copytree(GRAFANA / "alerts", tmp_path / "alerts")
    (tmp_path / "signalbox-scrape-token").write_text("token")
    result = run("promtool", "check", "config", tmp_path / "prometheus.yml")
    assert_right(result)
    assert "1 rule files found" in result.stdout


def test_amtool_accepts_the_configuration() -> None:
    assert_right(run("amtool", "check-config", GRAFANA / "alertmanager.yml"))


def test_prometheus_and_grafana_agree_about_the_scrapes() -> None:
    scraped = re.search(r"scrape_interval: (\w+)", (GRAFANA / "prometheus.yml").read_text())
    expected = re.search(r"timeInterval: (\w+)", (GRAFANA / "provisioning/datasources/signalbox.yml").read_text())
    assert scraped and expected and scraped[1] == expected[1]


def test_the_containers_are_reached_from_this_machine_only_and_change_no_file_of_ours() -> None:
    text = (GRAFANA / "compose.yaml").read_text()
    assert "ports:" not in text, "the machine's own network: where each listens is in its own settings"
    addresses = re.findall(r"listen-address=(\S*)|HTTP_ADDR: (\S+)", text)
    assert sorted("".join(each) for each in addresses) == ["", "127.0.0.1", "127.0.0.1:9090", "127.0.0.1:9093"]
    mounted = re.findall(r"^ *- (\.\.?/\S+)$", text, re.MULTILINE)
    assert len(mounted) == 7
    for mount in mounted:
        source, _, mode = mount.split(":")
        assert mode == "ro", mount
        assert (GRAFANA / source).exists(), mount
    assert "${GRAFANA_ADMIN_PASSWORD:?" in text, "no password that everybody knows"
