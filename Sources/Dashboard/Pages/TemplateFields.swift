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

extension UsagePanel.Choice: MustacheParent {
    func child(named name: String) -> Any? {
        switch name {
        case "href": href
        case "label": label
        case "isCurrent": isCurrent
        default: nil
        }
    }
}

extension UsagePanel.Option: MustacheParent {
    func child(named name: String) -> Any? {
        switch name {
        case "name": self.name
        case "label": label
        case "isCurrent": isCurrent
        default: nil
        }
    }
}

extension UsagePanel.Row: MustacheParent {
    func child(named name: String) -> Any? {
        switch name {
        case "t": t
        case "time": time
        case "values": values
        default: nil
        }
    }
}

extension GeoPanel.Row: MustacheParent {
    func child(named name: String) -> Any? {
        switch name {
        case "code": code
        case "name": self.name
        case "count": count
        case "bar": bar
        default: nil
        }
    }
}

extension CounterRows.Row: MustacheParent {
    func child(named name: String) -> Any? {
        switch name {
        case "name": self.name
        case "words": CounterRows.words(self.name)
        case "total": totalText
        case "sinceStart": sinceStartText
        default: nil
        }
    }
}

extension MinuteRows.Row: MustacheParent {
    func child(named name: String) -> Any? {
        switch name {
        case "time": time
        case "cells": cells
        case "isMissing": isMissing
        default: nil
        }
    }
}
