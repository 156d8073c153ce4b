import Foundation
import NIOHTTP1

/// A request that the server must refuse, made on purpose so that refusals show on the dashboard.
enum Trespass: CaseIterable, Sendable {
    case malformedJSON
    case shortNonce
    case badRoomID
    case unknownRoute
    case wrongMethod

    var expectedStatus: Int {
        switch self {
        case .malformedJSON, .shortNonce, .badRoomID: 400
        case .unknownRoute: 404
        case .wrongMethod: 405
        }
    }

    var words: String {
        switch self {
        case .malformedJSON: "malformed JSON"
        case .shortNonce: "a nonce that is too short"
        case .badRoomID: "a bad room id"
        case .unknownRoute: "an unknown route"
        case .wrongMethod: "a wrong method"
        }
    }

    func request(in room: DemoRoom) throws -> RelayRequest {
        switch self {
        case .malformedJSON:
            return RelayRequest(
                method: .POST, route: room.route("messages"), visitor: .agent,
                body: Data(#"{"ciphertext": "AAAA", "nonce"#.utf8))
        case .shortNonce:
            let sealed = room.box.seal(Data("never delivered".utf8))
            let posting = Posting(
                sender: "visitor", ciphertext: sealed.ciphertext,
                nonce: Data(SecretBox.randomBytes(12)).base64EncodedString())
            return RelayRequest(
                method: .POST, route: room.route("messages"), visitor: .agent, body: try posting.json())
        case .badRoomID:
            return RelayRequest(route: "/api/rooms/no%20room!/status", visitor: .browser)
        case .unknownRoute:
            return RelayRequest(route: "/api/rooms-of-the-demo", visitor: .browser)
        case .wrongMethod:
            return RelayRequest(method: .DELETE, route: room.route("messages"), visitor: .agent)
        }
    }
}

/// Makes refused requests whenever its cue comes and checks that the refusal is the right one.
struct Trespasser: Sendable {
    let room: DemoRoom
    let address: RelayAddress
    let tally: Tally

    func run(_ cues: AsyncStream<Trespass>) async {
        var connection: RelayConnection?
        for await trespass in cues {
            do {
                let open =
                    if let connection, connection.isOpen { connection } else {
                        try await RelayConnection.open(address)
                    }
                connection = open
                let response = try await open.send(try trespass.request(in: room))
                if let asked = response.head.refusal.pauseAsked {
                    tally.countHeldBack(for: asked)
                    await pause(asked)
                } else {
                    judge(response, to: trespass)
                }
            } catch let error as RelayError {
                if !Task.isCancelled { tally.countError("\(trespass.words): \(error.words)") }
            } catch {
                tally.countError("\(trespass.words): \(error)")
            }
        }
        connection?.close()
    }

    private func judge(_ response: RelayResponse, to trespass: Trespass) {
        struct Refusal: Decodable {
            let error: String
        }
        tally.countRefused(response.status)
        if response.status != trespass.expectedStatus {
            tally.countError(
                "\(trespass.words) was answered with \(response.status) instead of \(trespass.expectedStatus)"
            )
        } else if (try? JSONDecoder().decode(Refusal.self, from: Data(response.body.readableBytesView)))
            == nil
        {
            tally.countError(
                "\(trespass.words) was answered with \(response.status) but without a JSON error")
        }
    }
}
