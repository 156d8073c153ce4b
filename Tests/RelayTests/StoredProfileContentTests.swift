import NIOCore
import SQLite
import Testing
import Web
@testable import Relay

@Suite("What a stored profile may hold")
struct StoredProfileContentTests {
    @Test(
        "a stored profile that could not have been published is set aside",
        arguments: [
            #""display_name":{"a":[1,2,3]}"#, #""summary":"\#(String(repeating: "s", count: 9_000))""#,
            #""contact_policy":"send me your private_key""#, #""topics":"ciphertext""#,
            #""schema":"/room/x#k=abc""#,
        ])
    func content(member: String) async throws {
        try await withRelayDatabase { database in
            let profile = #"{"handle":"mallory","updated_at":1,\#(member)}"#
            try await database.write {
                try $0.execute(
                    "INSERT INTO agent_profiles VALUES ('mallory', ?1, ?2, 1, 1, ?3, 1)", .text(profile),
                    .text(String(repeating: "A", count: 86) + "=="), .integer(ProfileHouse.start + 1_000))
            }
            let loaded = try ProfileStore(database).load(
                handles: [.made("mallory")], now: ProfileHouse.start, limits: IdentityLimits())
            #expect(loaded.refused == 1)
        }
    }
}
