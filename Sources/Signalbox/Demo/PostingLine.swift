import Foundation

/// How an agent hands its messages to the server: one after the other, each acknowledged.
protocol PostingLine: Sendable {
    /// False once either side has closed it.
    var isOpen: Bool { get }
    func post(_ posting: Posting) async throws -> Receipt
    func close()
}

/// Posts over HTTP.
struct HTTPPostingLine: PostingLine {
    private let connection: RelayConnection
    private let room: DemoRoom
    private let visitor: Visitor

    static func open(_ address: RelayAddress, room: DemoRoom, visitor: Visitor) async throws
        -> HTTPPostingLine
    {
        HTTPPostingLine(connection: try await RelayConnection.open(address), room: room, visitor: visitor)
    }

    var isOpen: Bool { connection.isOpen }

    func post(_ posting: Posting) async throws -> Receipt {
        let request = RelayRequest(
            method: .POST, route: room.route("messages"), visitor: visitor, body: try posting.json())
        return try await connection.send(request).decoded(Receipt.self)
    }

    func close() {
        connection.close()
    }
}
