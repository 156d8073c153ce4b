import Mustache

// Mustache finds a value's fields by reflection, which takes longer than all the rest of rendering. What a
// page has dozens of names its fields itself; that halves the time of the page.

extension StatsCard: MustacheParent {
    func child(named name: String) -> Any? {
        switch name {
        case "label": label
        case "value": value
        case "details": details
        case "hour": hour
        case "picture": picture
        case "tone": tone
        default: nil
        }
    }
}

extension PanelLink: MustacheParent {
    func child(named name: String) -> Any? {
        switch name {
        case "href": href
        case "label": label
        case "isCurrent": isCurrent
        default: nil
        }
    }
}
