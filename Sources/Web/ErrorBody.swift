public import NIOCore

/// What a refused request is told: `{"error": "...", "reason": "..."}`.
public struct ErrorBody: Sendable {
    /// The original's words, which clients may match on.
    public let error: String
    /// A closed word for programs, in snake_case.
    public let reason: String
    /// What to do about it, where that isn't plain.
    public let detail: String?

    public init(_ error: String, reason: String, detail: String? = nil) {
        self.error = error
        self.reason = reason
        self.detail = detail
    }

    /// The body as JSON.
    public var json: ByteBuffer {
        JSONWriter.object {
            $0.field("error", error)
            $0.field("reason", reason)
            if let detail { $0.field("detail", detail) }
        }
    }
}
