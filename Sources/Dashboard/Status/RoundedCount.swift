/// A count that says how much, and never how many: two digits, cut, and nothing below a hundred, not even
/// whether there is any.
struct RoundedCount: Equatable {
    /// nil for fewer than can be said.
    let value: Int64?

    private static let smallest: Int64 = 100

    init(_ count: Int64) {
        guard count >= Self.smallest else {
            value = nil
            return
        }
        var unit: Int64 = 1
        while count / unit >= 100 { unit *= 10 }
        value = count / unit * unit
    }

    var text: String {
        switch value {
        case nil: "fewer than \(Self.smallest)"
        case .some(let value): "about \(NumberText.exact(value))"
        }
    }
}
