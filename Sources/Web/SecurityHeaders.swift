/// The headers every response carries, hot or cold, good or bad.
public enum SecurityHeaders {
    /// Name and value, in the order they are sent.
    public static let fields: [(name: String, value: String)] = [
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
        ("X-Frame-Options", "DENY"),
        ("Permissions-Policy", "clipboard-read=(self), clipboard-write=(self)"),
        (
            "Content-Security-Policy",
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
                + "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        ),
    ]

    /// The same as bytes, each line ended.
    static let block = Array(fields.map { "\($0.name): \($0.value)\r\n" }.joined().utf8)
}
