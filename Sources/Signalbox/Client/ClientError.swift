/// Why a command that talks to a server can't go on, in a sentence that says what to do.
struct ClientError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
