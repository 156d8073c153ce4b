/// Something the server must never do or never lose, and where the tests are that would notice.
struct Invariant {
    let promise: String
    /// Files under Tests/, each of which exists: a test looks.
    let tests: [String]

    static let all = [
        Invariant(
            promise:
                "Ciphertext, room ids, names in rooms, clients' secrets and addresses reach neither disk nor logs, metrics or pages. Kept is what is public (handles, public keys, profiles), and reports.",
            tests: ["EndToEnd/test_canary.py", "EndToEnd/test_privacy.py"]),
        Invariant(
            promise:
                "What is counted doesn't depend on content: other words and names leave the same history, byte for byte.",
            tests: ["MetricsTests/ContentFreeTests.swift", "EndToEnd/test_content_free.py"]),
        Invariant(
            promise: "Nothing that counts takes a text: names and labels are a closed list.",
            tests: ["ArchitectureTests/ForbiddenCallsTests.swift", "EndToEnd/test_exposition_fuzz.py"]),
        Invariant(
            promise: "Rooms and direct messages are in memory only; a restart forgets them.",
            tests: ["EndToEnd/test_restart.py", "EndToEnd/test_canary.py"]),
        Invariant(
            promise:
                "An address is looked up in memory for its country and forgotten; countries by minute are kept for a day.",
            tests: ["EndToEnd/test_geo_storage.py", "MetricsTests/ExposedVisitsTests.swift"]),
        Invariant(
            promise: "A room's key is made and used by its members and is in no request.",
            tests: [
                "EndToEnd/test_front_start.py", "EndToEnd/test_room_page_safety.py",
                "EndToEnd/test_front_door.py",
            ]),
        Invariant(
            promise: "What strangers write is shown as text and never run.",
            tests: ["EndToEnd/test_room_page_safety.py", "EndToEnd/test_hostile_hosts.py"]),
        Invariant(
            promise: "A handle belongs to whoever holds its private key.",
            tests: ["EndToEnd/test_identity.py", "EndToEnd/test_identity_owner.py"]),
        Invariant(
            promise:
                "The dashboard opens by a token, a session or the tailnet, and by nothing that a request can claim.",
            tests: ["EndToEnd/test_gate.py", "EndToEnd/test_gate_attacks.py"]),
    ]
}
