/// Checks values before libmaxminddb decodes them.
///
/// libmaxminddb trusts a file more than is good: to skip a map it recurses as deep as the file says, and
/// with next to no metadata it reads past the end of the mapping. What has passed here it decodes safely.
/// The format: https://maxmind.github.io/MaxMind-DB/
struct ValueCheck {
    /// Real records nest four or five deep.
    static let depthMax = 64
    /// Real records hold a few hundred values.
    static let valuesMax = 65_536

    /// What doesn't fit together, in words.
    struct Damage: Error {
        let what: String
        init(_ what: String) { self.what = what }
    }

    /// Metadata or data section: what pointers count from.
    private let section: UnsafeRawBufferPointer
    /// Where pointers led to before: many records share a few values, which are checked once. nil for
    /// metadata, of which libmaxminddb makes a list with every value as often as something points to it.
    private var sound: Bits?
    private var valuesLeft = 0
    /// A sound section has each value checked once or twice; one made to keep us busy has no such bound.
    private var totalLeft: Int

    init(metadata section: UnsafeRawBufferPointer) { self.init(section, sound: nil) }

    init(data section: UnsafeRawBufferPointer) { self.init(section, sound: Bits(count: section.count)) }

    private init(_ section: UnsafeRawBufferPointer, sound: Bits?) {
        self.section = section
        self.sound = sound
        totalLeft = Self.valuesMax + 8 * section.count
    }

    /// Checks the value at `offset` with everything in it and everything it points to.
    mutating func check(at offset: Int) throws(Damage) {
        valuesLeft = min(Self.valuesMax, totalLeft)
        totalLeft -= valuesLeft
        _ = try value(at: offset, depth: 0)
        totalLeft += valuesLeft
    }

    /// - Returns: the offset after the value.
    private mutating func value(at offset: Int, depth: Int) throws(Damage) -> Int {
        guard depth < Self.depthMax else { throw Damage("values are nested without end") }
        guard valuesLeft > 0 else { throw Damage("a record has too many values") }
        valuesLeft -= 1

        let control = try byte(offset)
        var next = offset + 1
        var type = Int(control >> 5)
        if type == Kind.pointer { return try pointer(control, at: next, depth: depth) }
        if type == Kind.extended {
            type = Int(try byte(next)) + 7
            next += 1
            guard type > 7 else { throw Damage("a value has an unknown type") }
        }
        let size = try size(control, at: &next)
        switch type {
        case Kind.map:
            for _ in 0..<size {
                guard try isString(at: next) else { throw Damage("a map's key is no text") }
                next = try value(at: next, depth: depth + 1)
                next = try value(at: next, depth: depth + 1)
            }
            return next
        case Kind.array:
            for _ in 0..<size { next = try value(at: next, depth: depth + 1) }
            return next
        case Kind.boolean:
            guard size <= 1 else { throw Damage("a value has a wrong size") }
            return next
        default:
            guard let sizes = Kind.sizes(type) else { throw Damage("a value has an unknown type") }
            guard sizes.contains(size) else { throw Damage("a value has a wrong size") }
            guard size <= section.count - next else { throw Damage("a value goes past the end") }
            return next + size
        }
    }

    private mutating func pointer(_ control: UInt8, at place: Int, depth: Int) throws(Damage) -> Int {
        let (target, next) = try target(of: control, at: place)
        guard try byte(target) >> 5 != Kind.pointer else { throw Damage("a pointer leads to a pointer") }
        if sound?[target] != true {
            _ = try value(at: target, depth: depth + 1)
            sound?[target] = true
        }
        return next
    }

    /// Whether there is a string, or a pointer to one.
    private func isString(at offset: Int) throws(Damage) -> Bool {
        var control = try byte(offset)
        if control >> 5 == Kind.pointer { control = try byte(target(of: control, at: offset + 1).target) }
        return control >> 5 == Kind.string
    }

    private func target(of control: UInt8, at place: Int) throws(Damage) -> (target: Int, next: Int) {
        let width = Int(control >> 3 & 3) + 1
        // Four bytes are the whole number; fewer have three more bits in the control byte.
        var number = width == 4 ? 0 : Int(control & 7)
        for index in 0..<width { number = number << 8 | Int(try byte(place + index)) }
        let base = width == 2 ? 2_048 : width == 3 ? 526_336 : 0
        return (base + number, place + width)
    }

    private func size(_ control: UInt8, at next: inout Int) throws(Damage) -> Int {
        let small = Int(control & 31)
        guard small > 28 else { return small }
        var number = 0
        for _ in 28..<small {
            number = number << 8 | Int(try byte(next))
            next += 1
        }
        let base = small == 29 ? 29 : small == 30 ? 285 : 65_821
        return base + number
    }

    private func byte(_ offset: Int) throws(Damage) -> UInt8 {
        guard offset < section.count else { throw Damage("a value goes past the end") }
        return section[offset]
    }

    /// The format's numbers of kinds of values.
    private enum Kind {
        static let extended = 0
        static let pointer = 1
        static let string = 2
        static let map = 7
        static let array = 11
        static let boolean = 14
        /// How many bytes a value of another type may have.
        static func sizes(_ type: Int) -> ClosedRange<Int>? {
            switch type {
            case string, 4: 0...Int(UInt32.max)
            case 3: 8...8
            case 5: 0...2
            case 6, 8: 0...4
            case 9: 0...8
            case 10: 0...16
            case 15: 4...4
            default: nil
            }
        }
    }
}

/// A set of small numbers.
struct Bits {
    private var words: [UInt64]

    init(count: Int) { words = [UInt64](repeating: 0, count: (count + 63) / 64) }

    subscript(_ index: Int) -> Bool {
        get { words[index >> 6] >> UInt64(index & 63) & 1 != 0 }
        set {
            if newValue {
                words[index >> 6] |= 1 << UInt64(index & 63)
            } else {
                words[index >> 6] &= ~(1 << UInt64(index & 63))
            }
        }
    }
}
