"""What the relay does: rooms, deliveries, long-polls, inboxes, identities, and whom it refuses."""

from __future__ import annotations

from .board import Board, dashed, runbook
from .overview import QUANTILES
from .promql import increase, quantile, quantiles, rate, series, total

LAG = "delivery_lag_seconds"


def board(runbooks: str) -> Board:
    board = Board(
        "signalbox-relay",
        "Signalbox / Relay",
        "What the relay does: rooms, deliveries, long-polls, inboxes, identities, and whom it refuses.",
        runbooks,
    )
    rooms(board)
    deliveries(board)
    waiting(board)
    inboxes(board)
    claims(board)
    identities(board)
    limits(board)
    return board


def rooms(board: Board) -> None:
    board.row("Rooms and messages")
    board.timeseries(
        "Rooms",
        "short",
        "Rooms that exist, and the most there may be at once.",
        [("{{instance}}", series("active_rooms")), ("most", f"min({series('rooms_limit')})")],
        overrides=dashed("most"),
        links=[runbook("SignalboxRoomsNearLimit")],
    )
    board.timeseries(
        "Rooms opened and ended",
        "cps",
        "Ended: empty for long (idle), or the longest empty one gave way to a new room (capacity).",
        [
            ("opened", total(rate("rooms_created_total"))),
            ("ended, {{reason}}", total(rate("rooms_evicted_total"), "reason")),
        ],
    )
    board.timeseries(
        "Memory of rooms",
        "bytes",
        "What rooms keep for those who come later; at the limit messages are refused.",
        [("{{instance}}", series("room_buffer_bytes")), ("limit", f"min({series('room_buffer_limit_bytes')})")],
        overrides=dashed("limit"),
        links=[runbook("SignalboxRoomMemoryNearLimit")],
    )
    board.timeseries(
        "Messages by way in",
        "mps",
        "Messages accepted, by POST or over a WebSocket.",
        [("{{via}}", total(rate("messages_total"), "via"))],
        stacked=True,
    )
    board.timeseries(
        "Messages by kind of client",
        "mps",
        "Messages accepted, by the kind of client that its User-Agent makes it.",
        [("{{client}}", total(rate("message_clients_total"), "client"))],
        stacked=True,
    )
    board.timeseries(
        "Ciphertext accepted",
        "Bps",
        "Bytes of ciphertext, base64 as sent.",
        [("rooms", total(rate("message_bytes_total"))), ("inboxes", total(rate("direct_message_bytes_total")))],
        stacked=True,
    )


def deliveries(board: Board) -> None:
    board.row("Deliveries")
    board.timeseries(
        "Deliveries by transport",
        "mps",
        "Messages handed to subscribers. One message counts once for each of them.",
        [("{{transport}}", total(rate("deliveries_total"), "transport"))],
        stacked=True,
    )
    board.timeseries(
        "Lag",
        "s",
        "From a message's acceptance to its delivery: half, 95 and 99 of 100 took less.",
        quantiles(LAG),
        overrides=QUANTILES,
        links=[runbook("SignalboxDeliveriesSlow")],
    )
    board.timeseries(
        "Lag by transport",
        "s",
        "99 of 100 deliveries of the transport took less.",
        [("{{transport}}", quantile(0.99, LAG, "transport"))],
        links=[runbook("SignalboxDeliveriesSlow")],
    )
    board.timeseries(
        "Dropped",
        "mps",
        "Messages that a subscriber was owed when it was dropped as too slow. They stay in the room.",
        [("{{transport}}", total(rate("deliveries_dropped_total"), "transport"))],
        stacked=True,
    )
    board.timeseries(
        "Subscribers",
        "short",
        "Subscribers now; poll: long-polls that wait.",
        [("{{transport}}", total(series("subscribers"), "transport"))],
        stacked=True,
    )
    board.timeseries(
        "Connected",
        "cps",
        "Streams opened, by transport. Many with few subscribers: clients that don't stay.",
        [("{{transport}}", total(rate("connects_total", 'transport!="poll"'), "transport"))],
    )
    board.timeseries(
        "Gone, by reason",
        "cps",
        "Why streams ended. Slow: dropped since it didn't read; timeout: no answer to pings.",
        [("{{transport}} {{reason}}", f"{total(rate('disconnects_total'), 'transport', 'reason')} > 0")],
        width=12,
    )
    board.timeseries(
        "Deliveries a message",
        "short",
        "How many subscribers a message reaches, on the average.",
        [("deliveries", f"{total(rate('deliveries_total'))} / ({total(rate('messages_total'))} > 0)")],
        width=12,
    )


def waiting(board: Board) -> None:
    board.row("Long-polls")
    board.timeseries(
        "Waits and wakes",
        "cps",
        "Long-polls that began to wait, and how waits ended: a message (wake), nothing in time (timeout), the client "
        "left (cancel), or the server stopped.",
        [
            ("parked in rooms", total(rate("connects_total", 'transport="poll"'))),
            ("parked on inboxes", total(rate("inbox_waits_total"))),
            ("{{end}}", total(rate("waits_ended_total"), "end")),
        ],
        width=12,
        overrides=dashed("parked in rooms", "parked on inboxes"),
    )
    board.timeseries(
        "Waiting now",
        "short",
        "Long-polls that wait for a message, a claim, or a direct message.",
        [
            ("rooms", total(series("subscribers", 'transport="poll"'))),
            ("claims", total(series("parked_claims"))),
            ("inboxes", total(series("parked_inbox_waits"))),
        ],
        width=12,
        stacked=True,
    )


def inboxes(board: Board) -> None:
    board.row("Direct messages")
    board.timeseries(
        "Direct messages",
        "mps",
        "Direct messages accepted, by whether the sender proved who it is.",
        [("{{sender}}", total(rate("direct_messages_total"), "sender"))],
        width=6,
        stacked=True,
    )
    board.timeseries(
        "Gone from inboxes",
        "mps",
        "Acknowledged, too old, pushed out of a full inbox, or gone with their handle.",
        [("{{reason}}", total(rate("inbox_removals_total"), "reason"))],
        width=6,
        stacked=True,
    )
    board.timeseries(
        "In inboxes",
        "short",
        "Direct messages that wait for their owner.",
        [("{{instance}}", series("inbox_messages"))],
        width=6,
    )
    board.timeseries(
        "Memory of inboxes",
        "bytes",
        "What inboxes hold; at the limit direct messages are refused.",
        [("{{instance}}", series("inbox_bytes")), ("limit", f"min({series('inbox_limit_bytes')})")],
        width=6,
        overrides=dashed("limit"),
        links=[runbook("SignalboxInboxMemoryNearLimit")],
    )


def claims(board: Board) -> None:
    board.row("Claims and signs of life")
    board.timeseries(
        "Claims",
        "cps",
        "Again: the same message once more within its lease. Empty: nothing to claim. Stale: acknowledged too late.",
        [("{{event}}", total(rate("claims_total"), "event"))],
    )
    board.timeseries(
        "Signs of life",
        "cps",
        "Signs of life accepted from agents without a stream.",
        [("signs", total(rate("listening_total")))],
    )
    board.timeseries(
        "Names and locks",
        "short",
        "Names kept alive by signs of life, and rooms remembered as locked to signed senders.",
        [("names", total(series("listening_names"))), ("locked rooms", total(series("signed_locks")))],
    )


def identities(board: Board) -> None:
    board.row("Identities and directory")
    board.timeseries(
        "Handles",
        "short",
        "Registered handles, and the most there may be.",
        [("{{instance}}", series("identities")), ("most", f"min({series('identities_limit')})")],
        overrides=dashed("most"),
    )
    board.timeseries(
        "Registrations",
        "cps",
        "Handles registered, registered again by their owner, and given up as long inactive.",
        [
            ("new", total(rate("identities_registered_total"))),
            ("again", total(rate("identities_updated_total"))),
            ("given up", total(rate("identities_forgotten_total"))),
        ],
    )
    board.timeseries(
        "Signatures",
        "cps",
        "Signatures presented, by what was signed and the result.",
        [("{{act}} {{result}}", f"{total(rate('signatures_total'), 'act', 'result')} > 0")],
    )
    board.timeseries(
        "Profiles",
        "short",
        "Profiles in the directory.",
        [("{{instance}}", series("directory_profiles"))],
    )
    board.timeseries(
        "Directory",
        "cps",
        "What changed in the directory: profiles published, taken back, kept alive, expired.",
        [("{{event}}", total(rate("directory_events_total"), "event"))],
    )
    board.timeseries(
        "Records kept aside",
        "short",
        "Stored identities and profiles that were malformed and kept aside, since the start.",
        [("{{instance}}", series("records_refused_total"))],
        decimals=0,
    )


def limits(board: Board) -> None:
    board.row("Refused")
    board.timeseries(
        "Refused by a limit",
        "reqps",
        "429 by the limit that was met; only limits that were.",
        [("{{reason}}", f"{total(rate('limited_total'), 'reason')} > 0")],
        stacked=True,
        links=[runbook("SignalboxLimitTooTight"), runbook("SignalboxClientMisbehaving")],
    )
    board.timeseries(
        "Clients that met a limit",
        "short",
        "Clients within a quarter of an hour, by limit. A client counts again after ten minutes.",
        [("{{reason}}", f"{total(increase('limited_clients_total', '15m'), 'reason')} > 0")],
        decimals=0,
        links=[runbook("SignalboxLimitTooTight"), runbook("SignalboxClientMisbehaving")],
    )
    board.timeseries(
        "Not understood",
        "cps",
        "Connections closed since their bytes were not HTTP.",
        [("malformed", total(rate("malformed_requests_total")))],
    )
    board.timeseries(
        "Reports and contacts",
        "short",
        "What people sent to the operator. A bar is an hour, and more where the whole time is long.",
        [
            ("reports", total(increase("reports_total", "$__interval"))),
            ("contacts", total(increase("contacts_total", "$__interval"))),
        ],
        width=24,
        interval="1h",
        bars=True,
        stacked=True,
        decimals=0,
    )
