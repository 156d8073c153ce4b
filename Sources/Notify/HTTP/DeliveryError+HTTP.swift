import AsyncHTTPClient
import Foundation
import NIOCore
import NIOPosix
import NIOSSL

extension DeliveryError {
    /// What can be told of a client's error: its own words may hold addresses and header values.
    init(_ error: any Error) {
        switch error {
        case let error as HTTPClientError: self = Self.kind(of: error)
        case is CancellationError: self = .cancelled
        case ChannelError.connectTimeout: self = .timeout
        case is NIOSSLError, is BoringSSLError, is NIOSSLExtraError: self = .tls
        case is NIOConnectionError, is SocketAddressError: self = .unreachable
        case let error as IOError: self = Self.kind(of: error)
        case is ChannelError: self = .disconnected
        default: self = .other
        }
    }

    private static func kind(of error: IOError) -> DeliveryError {
        switch error.errnoCode {
        case ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, ENETDOWN, EADDRNOTAVAIL, ETIMEDOUT: .unreachable
        default: .disconnected
        }
    }

    private static func kind(of error: HTTPClientError) -> DeliveryError {
        switch error {
        case .deadlineExceeded, .connectTimeout, .readTimeout, .writeTimeout, .tlsHandshakeTimeout,
            .getConnectionFromPoolTimeout:
            .timeout
        case .remoteConnectionClosed, .uncleanShutdown, .requestStreamCancelled: .disconnected
        case .cancelled, .alreadyShutdown: .cancelled
        default: .other
        }
    }
}
