import Synchronization

/// The newest answers to questions whose answer changes with a flush or the minute alone, by what was asked.
///
/// Five years in one picture take milliseconds to add up, dashboards ask for them every few seconds, and several
/// people look at the same page.
final class AnswerCache<Answer: Sendable>: Sendable {
    private struct State {
        /// What the answers hold for.
        var tag = ""
        var answers: [String: Answer] = [:]
    }

    /// Different questions within a minute; more are answered afresh.
    private static var answersMax: Int { 8 }
    private let state = Mutex(State())

    /// The answer that was given for the tag, or a new one.
    func answer(
        to question: String, tag: String, _ make: () async throws -> Answer
    ) async throws -> Answer {
        if let known = state.withLock({ $0.tag == tag ? $0.answers[question] : nil }) { return known }
        let made = try await make()
        state.withLock { state in
            if state.tag != tag { state = State(tag: tag) }
            if state.answers.count < Self.answersMax { state.answers[question] = made }
        }
        return made
    }
}
