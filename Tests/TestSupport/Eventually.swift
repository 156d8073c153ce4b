/// Waits until something that another thread does has happened; false when it hasn't after some seconds.
public func eventually(_ condition: () async throws -> Bool) async throws -> Bool {
    for _ in 0..<5_000 {
        if try await condition() { return true }
        try await Task.sleep(for: .milliseconds(2))
    }
    return false
}
