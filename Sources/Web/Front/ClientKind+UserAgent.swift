import SignalboxMetrics

extension ClientKind {
    /// A browser or an agent, judged as the original judges the User-Agent.
    init(userAgent: String?) {
        var agent = userAgent ?? ""
        self = agent.withUTF8 { ClientKind(userAgent: UnsafeRawBufferPointer($0)) }
    }

    /// The same by its bytes; empty for none.
    init(userAgent: UnsafeRawBufferPointer) {
        var namesBrowser = false
        var at = 0
        func names(_ word: StaticString) -> Bool {
            let end = at + word.utf8CodeUnitCount
            return end <= userAgent.count
                && PlainHead.equal(UnsafeRawBufferPointer(rebasing: userAgent[at..<end]), word)
        }
        while at < userAgent.count {
            switch userAgent[at] | 0x20 {
            case UInt8(ascii: "m"): namesBrowser = namesBrowser || names("mozilla")
            case UInt8(ascii: "s"): namesBrowser = namesBrowser || names("safari")
            case UInt8(ascii: "f"): namesBrowser = namesBrowser || names("firefox")
            case UInt8(ascii: "e"): namesBrowser = namesBrowser || names("edge")
            case UInt8(ascii: "c"):
                namesBrowser = namesBrowser || names("chrome")
                fallthrough
            case UInt8(ascii: "p"), UInt8(ascii: "r"), UInt8(ascii: "w"), UInt8(ascii: "b"):
                if names("python") || names("curl") || names("requests") || names("wget") || names("bot") {
                    self = .agent
                    return
                }
            default: break
            }
            at += 1
        }
        self = namesBrowser ? .browser : .agent
    }
}
