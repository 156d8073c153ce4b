/// A count that says how much, and never how many: two digits, cut, and nothing below a hundred.
struct RoundedCount: Equatable {
    /// nil for some, but fewer than can be said.
    let value: Int64?

    private static let smallest: Int64 = 100

    init(_ count: Int64) {
        guard count > 0 else {
            value = 0
            return
        }
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
        case 0: "none"
        case .some(let value): "about \(NumberText.exact(value))"
        }
    }
}
