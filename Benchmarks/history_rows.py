"""Makes the rows of years of history: points that add up, and visits by country."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from history_shape import COUNTRIES, GAUGES, PEAKS, QUANTILES, RATES, STEADY, SUMS

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR

Rows = dict[str, list[tuple[int | str, ...]]]


@dataclass(frozen=True)
class Extent:
    """How much history, and up to when."""

    until: int  # Unix ms; the last minute ends here
    minutes: int = 44_640
    hours: int = 43_920
    country_minutes: int = 1_440
    countries: int = 120
    countries_an_hour: int = 60
    seed: int = 4


@dataclass
class Tally:
    """What was written, for the totals and for whoever asked."""

    rows: dict[str, int] = field(default_factory=dict)
    counted: dict[str, int] = field(default_factory=dict)
    visits: dict[str, int] = field(default_factory=dict)
    highest: dict[str, int] = field(default_factory=dict)


class Columns:
    """The value columns of a table of points, and how they are made and folded."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = list(names)
        at = {name: index for index, name in enumerate(self.names)}
        self.at = at
        gauges = {*GAUGES, *STEADY, "store_last_flush_timestamp_seconds"}
        self.later = [at[name] for name in self.names if name in gauges]
        self.highest = [at[name] for name in self.names if name in PEAKS or name in QUANTILES]
        kept = {*self.later, *self.highest}
        self.counted = [index for index in range(len(self.names)) if index not in kept]
        # A column that this file doesn't know yet counts a little.
        made = {*SUMS, "page_visits", "page_visits_unknown", "store_flushes_ok"}
        self.rates = [
            (at[name], float(RATES.get(name, 0.1)))
            for name in (self.names[index] for index in self.counted)
            if name not in made
        ]
        self.sums = [
            (at[name], [at[part] for part in parts])
            for name, parts in SUMS.items()
            if name in at and all(part in at for part in parts)
        ]
        self.gauges = [(at[name], value) for name, value in GAUGES.items() if name in at]
        self.steady = [(at[name], value) for name, value in STEADY.items() if name in at]
        self.peaks = [(at[name], at[of]) for name, of in PEAKS.items() if name in at and of in at]
        self.quantiles = [(at[name], value) for name, value in QUANTILES.items() if name in at]
        self.last_flush = at.get("store_last_flush_timestamp_seconds")
        self.flushes = at.get("store_flushes_ok")
        self.page_visits = at.get("page_visits")
        self.unknown_visits = at.get("page_visits_unknown")

    def point(
        self, chance: random.Random, activity: float, samples: int, last_t: int, visits: int, unknown: int
    ) -> list[int]:
        """The values of a time in which `samples` minutes as busy as `activity` were sampled."""
        draw = chance.random
        values = [0] * len(self.names)
        scale = activity * samples
        for index, rate in self.rates:
            # The last summand rounds up as often as the fraction says.
            values[index] = int(rate * scale * (0.7 + 0.6 * draw()) + draw())
        for index, parts in self.sums:
            values[index] = sum([values[part] for part in parts])
        for index, value in self.gauges:
            values[index] = int(value * activity * (0.8 + 0.4 * draw()))
        for index, value in self.steady:
            values[index] = value
        for index, of in self.peaks:
            values[index] = values[of] + int(5 * draw())
        for index, value in self.quantiles:
            # Even an idle server takes its time, and now and then a minute is bad.
            values[index] = int(value * (0.6 + 0.4 * activity) * (0.8 + 0.3 * draw()) * (1 if draw() < 0.98 else 4))
        if self.last_flush is not None:
            values[self.last_flush] = last_t // 1_000 - 60
        if self.flushes is not None:
            values[self.flushes] = samples
        if self.page_visits is not None:
            values[self.page_visits] = visits
        if self.unknown_visits is not None:
            values[self.unknown_visits] = unknown
        return values

    def fold(self, into: list[int] | None, later: list[int]) -> list[int]:
        """Two points that follow each other as one."""
        if into is None:
            return list(later)
        for index in self.counted:
            into[index] += later[index]
        for index in self.later:
            into[index] = later[index]
        for index in self.highest:
            into[index] = max(into[index], later[index])
        return into


class Visits:
    """Visits by country, hour by hour."""

    def __init__(self, extent: Extent, chance: random.Random) -> None:
        count = extent.countries
        # The special codes at the end of the list are always among them.
        self._codes = COUNTRIES[: max(0, count - 3)] + COUNTRIES[-3:] if count < len(COUNTRIES) else COUNTRIES
        self._an_hour = min(extent.countries_an_hour, len(self._codes))
        self._busy = {code: 1 + 240 // (rank + 2) for rank, code in enumerate(self._codes)}
        self._chance = chance
        self.totals: dict[str, int] = {}

    def hour(self, activity: float) -> dict[str, int]:
        draw = self._chance.random
        chosen = self._chance.sample(self._codes, self._an_hour)
        return {code: 1 + int(self._busy[code] * activity * 2 * draw()) for code in chosen}

    def minutes(self, activity: float) -> list[dict[str, int]]:
        """A visit or two from each of the hour's countries in each minute of an hour."""
        draw = self._chance.random
        chosen = self._chance.sample(self._codes, self._an_hour)
        return [{code: 1 + int(draw() * 1.5 * activity) for code in chosen} for _ in range(60)]

    def rows(self, t: int, visits: dict[str, int], is_keyframe: bool) -> list[tuple[int, str, int, int]]:
        """The rows of a minute or an hour; a keyframe has one for every country ever seen."""
        for code, count in visits.items():
            self.totals[code] = self.totals.get(code, 0) + count
        codes = self.totals if is_keyframe else visits
        return [(t, code, visits.get(code, 0), self.totals[code]) for code in sorted(codes)]


def activity(t: int, share_of_past: float) -> float:
    """How busy it is: more by day than by night, less at weekends, more from year to year."""
    daily = 1 + 0.6 * math.sin(2 * math.pi * (t % DAY - 9 * HOUR) / DAY)
    # Unix time began on a Thursday.
    weekly = 0.65 if (t // DAY + 3) % 7 >= 5 else 1.0
    return daily * weekly * (0.3 + 0.7 * share_of_past)


def spread(total: int, parts: int) -> list[int]:
    """A number as that many nearly equal ones."""
    return [total * (part + 1) // parts - total * part // parts for part in range(parts)]


class Filler:
    """Makes the rows, hour by hour from the oldest on."""

    def __init__(self, extent: Extent, columns: Columns) -> None:
        self.extent, self.columns, self.tally = extent, columns, Tally()
        self._chance = random.Random(extent.seed)
        self._visits = Visits(extent, self._chance)
        self._totals = [0, 0, 0]
        self._total_columns = [columns.at[name] for name in ("messages", "rooms", "bugs")]

        last_hour = (extent.until - 1) // HOUR * HOUR
        self.first_hour = last_hour - (extent.hours - 1) * HOUR
        self._oldest_minute = extent.until - extent.minutes * MINUTE
        self._oldest_country_minute = extent.until - extent.country_minutes * MINUTE

    def days(self) -> Iterator[tuple[float, Rows]]:
        """The rows of one UTC day after another by table, and which share of all is done with it."""
        start = self.first_hour // DAY * DAY
        while start < self.extent.until:
            yield min(1.0, (start + DAY - self.first_hour) / (self.extent.until - self.first_hour)), self._day(start)
            start += DAY

    def _day(self, start: int) -> Rows:
        rows: Rows = {name: [] for name in ("minutes", "hours", "days", "country_minutes", "country_hours")}
        whole: list[int] | None = None
        samples = last_t = 0
        for hour in range(max(start, self.first_hour), min(start + DAY, self.extent.until), HOUR):
            taken = min(60, (self.extent.until - hour) // MINUTE)
            last_t = hour + taken * MINUTE - 1
            values = self._hour(hour, taken, rows, is_first=whole is None)
            rows["hours"].append((hour, last_t, taken, *self._totals, *values))
            samples += taken
            whole = self.columns.fold(whole, values)
        if whole is not None:
            day = datetime.fromtimestamp(start / 1_000, UTC).strftime("%Y-%m-%d")
            rows["days"].append(("UTC", start, day, last_t, samples, *self._totals, *whole))
            for index in self.columns.counted:
                name = self.columns.names[index]
                self.tally.counted[name] = self.tally.counted.get(name, 0) + whole[index]
            for index in self.columns.highest:
                name = self.columns.names[index]
                self.tally.highest[name] = max(self.tally.highest.get(name, 0), whole[index])
        for name, made in rows.items():
            self.tally.rows[name] = self.tally.rows.get(name, 0) + len(made)
        self.tally.visits = self._visits.totals
        return rows

    def _hour(self, hour: int, taken: int, rows: Rows, is_first: bool) -> list[int]:
        """Adds the rows of an hour and of its minutes; the hour's values."""
        share = (hour - self.first_hour) / (self.extent.until - self.first_hour)
        busy = activity(hour, share)
        if hour + HOUR > self._oldest_country_minute:
            by_minute = self._visits.minutes(busy)[:taken]
            visits: dict[str, int] = {}
            before = dict(self._visits.totals)
            for number, minute in enumerate(by_minute):
                for code, count in minute.items():
                    visits[code] = visits.get(code, 0) + count
                made = self._visits.rows(hour + number * MINUTE, minute, number == 0)
                # The oldest hour is cut where the server would have cut it.
                if hour + number * MINUTE >= self._oldest_country_minute:
                    rows["country_minutes"] += made
            self._visits.totals = before
            of_minutes = [(sum(minute.values()), minute.get("XX", 0)) for minute in by_minute]
        else:
            visits = self._visits.hour(busy)
            of_minutes = list(zip(spread(sum(visits.values()), taken), spread(visits.get("XX", 0), taken)))
        rows["country_hours"] += self._visits.rows(hour, visits, is_first)

        if hour + HOUR <= self._oldest_minute:
            everyone, unknown = sum(visits.values()), visits.get("XX", 0)
            values = self.columns.point(self._chance, busy, taken, hour + HOUR - 1, everyone, unknown)
            self._count(values)
            return values
        folded: list[int] | None = None
        for number, (everyone, unknown) in enumerate(of_minutes):
            t = hour + (number + 1) * MINUTE - 1
            values = self.columns.point(self._chance, busy, 1, t, everyone, unknown)
            self._count(values)
            if t >= self._oldest_minute:
                rows["minutes"].append((t, t, 1, *self._totals, *values))
            folded = self.columns.fold(folded, values)
        assert folded is not None
        return folded

    def _count(self, values: list[int]) -> None:
        for place, index in enumerate(self._total_columns):
            self._totals[place] += values[index]
