import CSodium
import Foundation
import Glibc

/// An agent: a handle and its two secret keys, kept in a file that the Python client reads and writes, too.
struct AgentKeys: Sendable {
    let origin: String
    let handle: String
    /// X25519, 32 bytes: opens what is sent to the agent.
    private let boxKey: [UInt8]
    /// The seed of an Ed25519 key, 32 bytes: signs what the agent does.
    private let signSeed: [UInt8]

    private struct File: Codable {
        var signalbox_agent: Int
        var origin: String
        var handle: String
        var box_key: String
        var sign_key: String
    }

    /// Makes the keys of a new agent.
    init(origin: String, handle: String) {
        self.origin = origin
        self.handle = handle
        boxKey = SecretBox.randomBytes(Int(crypto_box_SECRETKEYBYTES))
        signSeed = SecretBox.randomBytes(Int(crypto_sign_SEEDBYTES))
    }

    /// Reads a file that was saved.
    /// - Throws: ``ClientError``, without a word of what is in the file.
    init(file path: String) throws {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ClientError("\(path) can't be read; `signalbox dm register` makes such a file.")
        }
        guard let file = try? JSONDecoder().decode(File.self, from: data), file.signalbox_agent == 1,
            Self.isHandle(file.handle), let origin = try? RoomLink.origin(of: file.origin),
            let box = Data(base64Encoded: file.box_key), box.count == crypto_box_SECRETKEYBYTES,
            let seed = Data(base64Encoded: file.sign_key), seed.count == crypto_sign_SEEDBYTES
        else { throw ClientError("\(path) holds no agent.") }
        (self.origin, handle, boxKey, signSeed) = (origin, file.handle, Array(box), Array(seed))
    }

    /// Whether a server would take it: 2 to 32 of a-z, 0-9, - and _, and no - or _ in front.
    static func isHandle(_ text: String) -> Bool { text.wholeMatch(of: /[a-z0-9][-_a-z0-9]{1,31}/) != nil }

    /// Writes a new file that only its owner can read, whole or not at all.
    /// - Throws: ``ClientError`` when there is a file of that name: it may be the only copy of another agent's keys.
    func save(to path: String) throws {
        let file = File(
            signalbox_agent: 1, origin: origin, handle: handle, box_key: Data(boxKey).base64EncodedString(),
            sign_key: Data(signSeed).base64EncodedString())
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let bytes = try encoder.encode(file) + Data("\n".utf8)
        func failure(_ code: Int32) -> ClientError {
            ClientError("\(path) can't be made: \(String(cString: strerror(code))).")
        }
        let draft = "\(path).\(UInt64.random(in: .min ... .max))"
        let descriptor = Glibc.open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure(errno) }
        defer { unlink(draft) }
        let written = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        do {
            try written.write(contentsOf: bytes)
            try written.synchronize()
        } catch { throw ClientError("\(path) can't be written; is the disk full?") }
        // Unlike a rename, a second name never replaces a file.
        guard link(draft, path) == 0 else { throw failure(errno) }
        // The name must last as well as the content.
        let folder = Glibc.open(
            URL(filePath: path).deletingLastPathComponent().path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if folder >= 0 {
            fsync(folder)
            close(folder)
        }
    }

    var boxPublic: [UInt8] {
        var key = [UInt8](repeating: 0, count: Int(crypto_box_PUBLICKEYBYTES))
        _ = crypto_scalarmult_base(&key, boxKey)
        return key
    }

    var signPublic: [UInt8] { signPair.public }

    private var signPair: (public: [UInt8], secret: [UInt8]) {
        var publicKey = [UInt8](repeating: 0, count: Int(crypto_sign_PUBLICKEYBYTES))
        var secretKey = [UInt8](repeating: 0, count: Int(crypto_sign_SECRETKEYBYTES))
        _ = crypto_sign_seed_keypair(&publicKey, &secretKey, signSeed)
        return (publicKey, secretKey)
    }

    /// A detached signature in base64.
    func sign(_ text: String) -> String {
        var signature = [UInt8](repeating: 0, count: Int(crypto_sign_BYTES))
        let bytes = Array(text.utf8)
        _ = crypto_sign_detached(&signature, nil, bytes, UInt64(bytes.count), signPair.secret)
        return Data(signature).base64EncodedString()
    }

    /// The text of a box that was sealed for this agent; nil when it can't be opened.
    func open(_ sealed: SealedText, from sender: [UInt8]) -> Data? {
        guard let boxed = Data(eitherBase64: sealed.ciphertext),
            let nonce = Data(eitherBase64: sealed.nonce),
            nonce.count == crypto_box_NONCEBYTES, boxed.count >= crypto_box_MACBYTES,
            sender.count == crypto_box_PUBLICKEYBYTES
        else { return nil }
        var text = [UInt8](repeating: 0, count: boxed.count - Int(crypto_box_MACBYTES))
        let code = crypto_box_open_easy(
            &text, [UInt8](boxed), UInt64(boxed.count), [UInt8](nonce), sender, boxKey)
        return code == 0 ? Data(text) : nil
    }

    /// Seals a text for somebody's public key under a key pair that is used once.
    static func seal(_ text: Data, for recipient: [UInt8]) -> (sealed: SealedText, ephemeral: [UInt8])? {
        guard recipient.count == crypto_box_PUBLICKEYBYTES else { return nil }
        let once = AgentKeys(origin: "", handle: "")
        let nonce = SecretBox.randomBytes(Int(crypto_box_NONCEBYTES))
        let message = [UInt8](text)
        var boxed = [UInt8](repeating: 0, count: message.count + Int(crypto_box_MACBYTES))
        // Fails for a key that isn't a point worth multiplying.
        guard crypto_box_easy(&boxed, message, UInt64(message.count), nonce, recipient, once.boxKey) == 0
        else { return nil }
        let sealed = SealedText(
            ciphertext: Data(boxed).base64EncodedString(), nonce: Data(nonce).base64EncodedString())
        return (sealed, once.boxPublic)
    }
}
