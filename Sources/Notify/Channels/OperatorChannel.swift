/// The kinds of channels that reach the operator. A closed set: metrics count by it.
public enum ChannelKind: String, Sendable, CaseIterable {
    case telegram
    case discord
    case ntfy
    /// Any address that takes Alertmanager's payload.
    case webhook
}

/// A way to reach the operator.
public protocol OperatorChannel: Sendable {
    var kind: ChannelKind { get }

    /// Tries once to deliver a note; returns when the service took it.
    ///
    /// Throws what can be told of a failure without a word of the note and without an address.
    func deliver(_ note: OperatorNote) async throws(DeliveryError)
}
