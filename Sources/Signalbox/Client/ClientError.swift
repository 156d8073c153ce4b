/// Why a command that talks to a server can't go on, in a sentence that says what to do.
struct ClientError: Error, CustomStringConvertible {
    let description: String
    /// Whether a server said no, so that nothing was done.
    let isRefusal: Bool

    init(_ description: String, isRefusal: Bool = false) {
        self.description = description
        self.isRefusal = isRefusal
    }
}
