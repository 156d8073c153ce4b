/// FNV-1a of bytes: tells versions of one thing apart, and names of files. Whoever wants two things with the same
/// fingerprint can make them, so nothing secret or trusted may hang on it.
@inlinable
public func fingerprint(of bytes: some Sequence<UInt8>) -> String {
    let hash = bytes.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    return String(hash, radix: 16)
}
