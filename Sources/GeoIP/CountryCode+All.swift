extension CountryCode {
    /// Every code there can be, in the order of ``index``.
    public static let all: [CountryCode] = (0..<count).compactMap { CountryCode(index: $0) }
}
