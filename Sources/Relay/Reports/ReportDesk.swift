public import Logging
public import Notify
public import SignalboxMetrics
import Web

/// Takes submissions in: into the log, and on to the operator's channels.
public final class ReportDesk: Sendable {
    private let log: ReportLog
    private let dispatch: OperatorDispatch?
    private let meter: Meter
    private let logger: Logger
    /// Of this process: addresses hashed with it can't be found out by trying them all.
    let senderKey = SecretBytes.random(32)

    /// - Parameters:
    ///   - logPath: the report log.
    ///   - logBytes: above that many bytes the log is moved to `.1` first.
    ///   - dispatch: the operator's channels; nil when there are none.
    public init(
        logPath: String, logBytes: Int, dispatch: OperatorDispatch?, meter: Meter, logger: Logger
    ) {
        log = ReportLog(path: logPath, maxBytes: logBytes)
        self.dispatch = dispatch
        self.meter = meter
        self.logger = logger
    }

    /// Whether the submission is safe: in the log, or at least on its way to the operator.
    func take(_ submission: Submission, at now: Int64) async -> Bool {
        dispatch?.submit(submission.note)
        do {
            try await log.append(submission.line(at: now))
        } catch {
            logger.error("A submission could not be written to the report log: \(error)")
            guard dispatch != nil else { return false }
        }
        meter.add(submission.kind == .report ? .reports : .contacts)
        return true
    }
}

extension Meter {
    /// Counts what became of a note to the operator.
    public func count(_ outcome: Notify.DeliveryOutcome, on channel: ChannelKind) {
        let label: OperatorChannelLabel =
            switch channel {
            case .telegram: .telegram
            case .discord: .discord
            case .ntfy: .ntfy
            case .webhook: .webhook
            }
        let result: SignalboxMetrics.DeliveryOutcome =
            switch outcome {
            case .delivered: .delivered
            case .failed: .failed
            case .dropped: .dropped
            }
        add(.operatorMessages(label, result))
    }
}
