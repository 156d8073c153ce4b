import Synchronization

/// A path whose country database is loaded again whenever the file changes.
///
/// ``refresh()`` looks and loads; somebody has to call it every few seconds, off the event loops.
/// ``current`` is for everybody at any time. What can't be read doesn't replace what could.
public final class CountryDatabaseFile: Sendable {
    /// What a look at the file led to.
    public enum Change: Equatable, Sendable {
        /// Nothing that wasn't said before.
        case unchanged
        case loaded(CountryDatabase.Description)
        /// The file can't be used; the sentence says why and what to do. What was loaded before stays.
        case refused(String)
        /// The file of a loaded database is gone; the database stays.
        case vanished
    }

    private struct State {
        var current: CountryDatabase?
        var problem: String?
    }

    private struct Looks {
        /// What the last look found.
        var last: Sighting?
        /// What was loaded, refused or found gone.
        var settled: Sighting?
    }

    public let path: String
    private let state = Mutex(State())
    /// Held during a whole ``refresh()``, unlike the other.
    private let looks = Mutex(Looks())

    /// Looks at nothing yet: the first ``refresh()`` does.
    public init(path: String) { self.path = path }

    /// The database that was loaded last. Whoever keeps it can go on using it when a newer one comes; it is
    /// let go after its last reader.
    public var current: CountryDatabase? { state.withLock { $0.current } }

    /// What is wrong with the file at present, as a sentence for the operator; nil when all is well.
    public var problem: String? { state.withLock { $0.problem } }

    /// Looks at the file and loads it when it has changed.
    ///
    /// A changed file is read when a second look finds it the same, so that one that is still being written
    /// is left alone; the very first look reads at once. Each state of the file is reported once.
    public func refresh() -> Change {
        // Somebody else is at it.
        looks.withLockIfAvailable { look(&$0) } ?? .unchanged
    }

    private func look(_ looks: inout Looks) -> Change {
        let now = Sighting(at: path)
        let before = looks.last
        looks.last = now
        guard now != looks.settled, looks.settled == nil || now == before else { return .unchanged }
        guard now != .nothing else {
            looks.settled = now
            let sentence = CountryDatabaseError(path: path, reason: .missing).description
            return complain(sentence).isKept ? .vanished : .refused(sentence)
        }
        do {
            let expected: FileState? = if case .file(let state) = now { state } else { nil }
            let database = try CountryDatabase(path: path, expected: expected)
            looks.settled = now
            replace(with: database)
            return .loaded(database.description)
        } catch let error as CountryDatabaseError {
            // It was replaced or written to just now: the next look sees what became of it.
            if error.reason == .changing { return .unchanged }
            // Too many open files, for instance, will pass without the file changing: every look tries again.
            looks.settled = error.isPassing ? nil : now
            let isNew = complain(error.description).isNew || !error.isPassing
            return isNew ? .refused(error.description) : .unchanged
        } catch {
            return .unchanged
        }
    }

    private func complain(_ sentence: String) -> (isNew: Bool, isKept: Bool) {
        state.withLock { state in
            defer { state.problem = sentence }
            return (state.problem != sentence, state.current != nil)
        }
    }

    private func replace(with database: CountryDatabase) {
        let old = state.withLock { state in
            defer { state = State(current: database, problem: nil) }
            return state.current
        }
        // Unmapping it doesn't keep readers waiting.
        withExtendedLifetime(old) {}
    }
}
