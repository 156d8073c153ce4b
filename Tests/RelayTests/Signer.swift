import CSodium
import Foundation
import Testing
import Web
@testable import Relay

/// An owner of a handle: holds the private key and signs as an SDK does. The key follows from the name.
struct Signer {
    let handle: Handle
    let publicKey: [UInt8]
    private let privateKey: [UInt8]

    init(_ name: String) throws {
        handle = try #require(Handle(name))
        var (publicKey, privateKey) = ([UInt8](repeating: 0, count: 32), [UInt8](repeating: 0, count: 64))
        let seed = Array("\(name) \(String(repeating: "seed", count: 8))".utf8.prefix(32))
        try #require(crypto_sign_seed_keypair(&publicKey, &privateKey, seed) == 0)
        (self.publicKey, self.privateKey) = (publicKey, privateKey)
    }

    /// The same keys under somebody else's name.
    func stealing(_ handle: Handle) -> Signer {
        Signer(handle: handle, publicKey: publicKey, privateKey: privateKey)
    }

    private init(handle: Handle, publicKey: [UInt8], privateKey: [UInt8]) {
        (self.handle, self.publicKey, self.privateKey) = (handle, publicKey, privateKey)
    }

    var signKey: String { Data(publicKey).base64EncodedString() }
    /// No X25519 key, but one by its looks; the relay never computes with it.
    func boxKey(_ number: UInt8 = 1) -> String {
        Data([UInt8](repeating: number, count: 32)).base64EncodedString()
    }

    /// The signature over the UTF-8 of a text.
    func signature(_ text: String) -> [UInt8] {
        var signature = [UInt8](repeating: 0, count: 64)
        let message = Array(text.utf8)
        crypto_sign_detached(&signature, nil, message, UInt64(message.count), privateKey)
        return signature
    }

    /// The same as base64.
    func sign(_ text: String) -> String { Data(signature(text)).base64EncodedString() }

    func identity(registeredAt: Int64 = 0, lastSeenAt: Int64? = nil, inboxSeq: UInt64 = 0) throws -> Identity
    {
        try #require(
            Identity(
                handle: handle, boxKey: boxKey(), signKey: signKey, bio: nil, registeredAt: registeredAt,
                lastSeenAt: lastSeenAt, inboxSeq: inboxSeq, provenAt: registeredAt))
    }

    /// A registration signed at `time`.
    func application(at time: Double, box: UInt8 = 1) -> Registrar.Application {
        let boxKey = boxKey(box)
        let text = "register \(handle.text) \(JavaScriptNumber.text(time)) \(boxKey) \(signKey)"
        return application(boxKey: boxKey, proof: sign(text), time: time)
    }

    func application(boxKey: String, proof: String?, time: Double?) -> Registrar.Application {
        Registrar.Application(
            handle: handle, boxKey: boxKey, signKey: signKey, signKeyBytes: publicKey, bio: nil,
            proof: proof, time: time)
    }
}

extension Handle {
    /// A handle that is surely one.
    static func made(_ text: String) throws -> Handle { try #require(Handle(text)) }
}
