"""What a busy relay counts: the columns of a point, the series behind them, and the countries of visits."""

from __future__ import annotations

# Limits that ordinary business never meets.
UNMET = (
    "waiters_per_room", "register_rate", "dm_rate", "profile_rate", "contact_rate", "waiters_per_handle",
    "listening_names", "replay_cache", "inbox_full",
)  # fmt: skip

# What happens in a minute of ordinary business, by column.
RATES = {
    "http_posts": 40, "messages_ws": 12, "message_bytes": 30_000, "rooms": 1.5, "rooms_evicted": 1.5,
    "bugs": 0.01, "contacts": 0.005, "http_2xx": 150, "http_4xx": 3, "http_5xx": 0.02, "ws_connects": 2,
    "ws_disconnects": 2, "sse_connects": 3, "sse_disconnects": 3, "longpoll_wakes": 5, "longpoll_timeouts": 3,
    "longpoll_other_ends": 0.2, "deliveries_sse": 180, "deliveries_ws": 60, "deliveries_poll": 8,
    "deliveries_dropped": 0.05, "slow_disconnects": 0.01, "limited_room_rate": 0.3, "limited_client_rate": 0.2,
    "limited_streams_per_client": 0.05, "limited_waiters_per_client": 0.05, "limited_login_attempts": 0.01, "limited_auth_rate": 0.1,
    "limited_directory_rate": 0.02, "limited_report_rate": 0.01, "limited_listening_rate": 0.02, "over_capacity": 0.001,
    "malformed_requests": 0.2, "logins": 0.02, "logins_refused": 0.05, "admissions_other": 0.02,
    "identities_registered": 0.3, "identities_updated": 0.05, "identities_forgotten": 0.01, "records_refused": 0,
    "signatures_accepted": 25, "signatures_refused": 0.1, "signatures_cache_full": 0.001, "direct_messages": 4,
    "direct_message_bytes": 2_400, "inbox_waits": 6, "inbox_removals": 4, "claims": 3, "claims_other": 4,
    "rooms_locked": 0.05, "listening": 20, "directory_events": 1,
    "operator_messages_delivered": 0.01, "operator_messages_failed": 0.001, "cloudflare_headers_ignored": 0,
    **{f"limited_{name}": 0 for name in UNMET}, **{f"limited_clients_{name}": 0 for name in UNMET},
    "missed_samples": 0, "alerts_fired": 0, "alerts_resolved": 0, "alert_evaluations_failed": 0,
    "over_capacity_dashboard": 0, "store_flushes_failed": 0, "store_set_aside": 0, "process_starts": 0, "unclean_shutdowns": 0,
}  # fmt: skip

# Columns that others add up to.
SUMS = {
    "messages": ("http_posts", "messages_ws"),
    "transport_agent": ("http_posts",),
    "transport_browser": ("messages_ws",),
    "bytes": ("message_bytes", "direct_message_bytes"),
    "longpoll_waits": ("longpoll_wakes", "longpoll_timeouts", "longpoll_other_ends"),
    "longpoll_disconnects": ("longpoll_wakes", "longpoll_timeouts", "longpoll_other_ends"),
    "http_429": (
        "limited_room_rate", "limited_client_rate", "limited_streams_per_client", "limited_waiters_per_client", "limited_login_attempts",
        "limited_auth_rate", "limited_directory_rate", "limited_report_rate", "limited_listening_rate",
    ),
    "http_requests": ("http_2xx", "http_4xx", "http_5xx", "http_429"),
    "http_methods": ("http_requests",),
}  # fmt: skip

# Values at the sample, in ordinary business.
GAUGES = {
    "active_rooms": 40, "active_subs": 90, "subs_sse": 60, "subs_ws": 30, "waiters": 8,
    "room_buffer_bytes": 9_000_000, "open_connections": 120, "identities": 900, "directory_profiles": 150,
    "inbox_messages": 60, "inbox_bytes": 90_000, "parked_inbox_waits": 12, "parked_claims": 4,
    "listening_names": 70, "signed_locks": 10,
}  # fmt: skip

# Values that hardly ever change.
STEADY = {
    "room_buffer_limit_bytes": 536_870_912, "rooms_limit": 5_000, "identities_limit": 100_000,
    "inbox_limit_bytes": 536_870_912, "geoip_database_loaded": 1, "store_writable": 1,
    "geoip_database_build_timestamp_seconds": 1_780_000_000, "store_unwritten_points": 0,
    "store_size_bytes": 90_000_000, "resident_bytes": 33_000_000,
}  # fmt: skip

PEAKS = {"peak_rooms": "active_rooms", "peak_subs": "active_subs"}

# The series that a column counts; of several with other labels, one stands for all.
SERIES = {
    "http_posts": ('messages_total{via="http"}', 'message_clients_total{client="agent"}'),
    "messages_ws": ('messages_total{via="ws"}', 'message_clients_total{client="browser"}'),
    "message_bytes": ("message_bytes_total",),
    "rooms": ("rooms_created_total",),
    "rooms_evicted": ('rooms_evicted_total{reason="idle"}',),
    "bugs": ("reports_total",),
    "contacts": ("contacts_total",),
    "http_2xx": ('http_requests_total{route="/api/rooms/:id/messages",class="2xx"}',),
    "http_4xx": ('http_requests_total{route="unmatched",class="4xx"}',),
    "http_429": ('http_requests_total{route="/api/rooms/:id/messages",class="429"}',),
    "http_5xx": ('http_requests_total{route="/api/rooms/:id/messages",class="5xx"}',),
    "http_methods": ('http_methods_total{method="POST"}',),
    "ws_connects": ('connects_total{transport="ws"}',),
    "ws_disconnects": ('disconnects_total{transport="ws",reason="client"}',),
    "sse_connects": ('connects_total{transport="sse"}',),
    "sse_disconnects": ('disconnects_total{transport="sse",reason="client"}',),
    "longpoll_waits": ('connects_total{transport="poll"}',),
    "longpoll_disconnects": ('disconnects_total{transport="poll",reason="client"}',),
    "longpoll_wakes": ('waits_ended_total{end="wake"}',),
    "longpoll_timeouts": ('waits_ended_total{end="timeout"}',),
    "longpoll_other_ends": ('waits_ended_total{end="cancel"}',),
    "deliveries_sse": ('deliveries_total{transport="sse"}',),
    "deliveries_ws": ('deliveries_total{transport="ws"}',),
    "deliveries_poll": ('deliveries_total{transport="poll"}',),
    "deliveries_dropped": ('deliveries_dropped_total{transport="sse"}',),
    "limited_room_rate": ('limited_total{reason="room_rate"}',),
    "limited_client_rate": ('limited_total{reason="client_rate"}',),
    "limited_streams_per_client": ('limited_total{reason="streams_per_client"}',),
    "limited_waiters_per_client": ('limited_total{reason="waiters_per_client"}',),
    "limited_login_attempts": ('limited_total{reason="login_attempts"}',),
    "limited_auth_rate": ('limited_total{reason="auth_rate"}',),
    "limited_directory_rate": ('limited_total{reason="directory_rate"}',),
    "limited_report_rate": ('limited_total{reason="report_rate"}',),
    "limited_listening_rate": ('limited_total{reason="listening_rate"}',),
    "over_capacity": ('over_capacity_total{reason="room_cap"}',),
    "malformed_requests": ("malformed_requests_total",),
    "logins": ('admissions_total{result="login"}',),
    "logins_refused": ('admissions_total{result="refused"}',),
    "admissions_other": ('admissions_total{result="logout"}',),
    "identities_registered": ("identities_registered_total",),
    "identities_updated": ("identities_updated_total",),
    "identities_forgotten": ("identities_forgotten_total",),
    "signatures_accepted": ('signatures_total{act="request",result="accepted"}',),
    "signatures_refused": ('signatures_total{act="request",result="refused"}',),
    "signatures_cache_full": ('signatures_total{act="request",result="cache_full"}',),
    "direct_messages": ('direct_messages_total{sender="verified"}',),
    "direct_message_bytes": ("direct_message_bytes_total",),
    "inbox_waits": ("inbox_waits_total",),
    "inbox_removals": ('inbox_removals_total{reason="acked"}',),
    "claims": ('claims_total{event="claimed"}',),
    "claims_other": ('claims_total{event="acked"}',),
    "rooms_locked": ("rooms_locked_total",),
    "listening": ("listening_total",),
    "directory_events": ('directory_events_total{event="heartbeat"}',),
    "operator_messages_delivered": ('operator_messages_total{channel="telegram",outcome="delivered"}',),
    "operator_messages_failed": ('operator_messages_total{channel="telegram",outcome="failed"}',),
    "store_flushes_ok": ('store_flushes_total{outcome="ok"}',),
}

# XX: unknown, T1: Tor, LOCAL: this machine or its tailnet.
COUNTRIES = """
    US DE GB FR IN BR JP CA NL ES IT AU PL SE RU UA TR ID MX KR CH AT BE CZ DK NO FI IE PT RO GR HU IL SG HK TW
    TH VN PH MY AR CL CO PE ZA NG EG KE MA SA AE PK BD LK NP IR IQ KZ UZ GE AM AZ BY LT LV EE SK SI HR RS BG MD
    AL MK BA ME IS LU MT CY NZ CN MO MN KH LA MM TN DZ LY GH CI SN CM UG TZ ZM ZW AO MZ ET SD RW MG MU EC BO PY
    UY VE CR PA GT HN SV NI DO CU JM TT XX T1 LOCAL
""".split()

# Quantiles of a minute in µs at full activity; the worst minute's of a longer time.
QUANTILES = {"request_p50_us": 220, "request_p95_us": 900, "request_p99_us": 3_200, "delivery_p99_us": 1_400}
