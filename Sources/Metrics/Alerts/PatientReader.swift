import Synchronization

/// Asks the store, but not for longer than a moment: an alert about a disk that hangs must not hang with it.
final class PatientReader: Sendable {
    /// More than any disk that works takes.
    private static let longest = Duration.seconds(2)
    /// Whether a question is still open; no second one is put to a store that doesn't answer.
    private let isAsking = Mutex(false)

    /// The answer; nil when there is none in time, or when the store refuses.
    func ask<Answer: Sendable>(_ body: @escaping @Sendable () async throws -> Answer) async -> Answer? {
        let isFree = isAsking.withLock { isAsking in
            defer { isAsking = true }
            return !isAsking
        }
        guard isFree else { return nil }
        let (answers, intake) = AsyncStream.makeStream(of: Answer?.self, bufferingPolicy: .bufferingOldest(1))
        // Neither task is waited for: the one that asks may be stuck in the kernel.
        Task {
            let answer = try? await body()
            self.isAsking.withLock { $0 = false }
            intake.yield(answer)
        }
        let alarm = Task {
            try? await Task.sleep(for: Self.longest)
            intake.yield(nil)
        }
        defer { alarm.cancel() }
        for await answer in answers { return answer }
        return nil
    }
}
